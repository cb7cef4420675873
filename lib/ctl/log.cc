#include <optional>

#include "lib/audit/log.h"
#include "lib/ctl/commands.h"

namespace cvm::ctl {
namespace {

Record RecordOf(const audit::Entry& entry) {
  return {{"id", Figure(entry.id), Shown::kInJson},
          {"begun_at", entry.begun_at},
          {"ended_at", Maybe(entry.ended_at), Shown::kInJson},
          {"by", entry.actor_kind},
          {"actor", entry.actor, Shown::kShort},
          {"action", entry.action},
          {"outcome", entry.outcome ? *entry.outcome : std::string("open")},
          {"vps", Figure(entry.vps_id)},
          {"user_id", Figure(entry.user_id), Shown::kInJson},
          {"user", Maybe(entry.user), Shown::kShort},
          {"token", Figure(entry.token_id)},
          {"from", Maybe(entry.client_address)},
          {"detail", entry.detail},
          {"request_id", Maybe(entry.request_id), Shown::kInJson}};
}

// The ID behind a name or, where nothing has that name any more, the ID that was given: records outlive what
// they speak of. kConflict: it may be either.
base::Result<std::uint64_t> IdOf(const std::optional<std::uint64_t>& found, const std::string& word) {
  const auto number = base::ParseU64(word);
  if (found && number && *found != *number) {
    return base::Error{base::ErrorCode::kConflict, "'" + word + "' is the ID " + word +
                                                       ", and the name or public token of what has the ID " +
                                                       std::to_string(*found) +
                                                       ": give the other word for it"};
  }
  if (found) return *found;
  if (number) return *number;
  return base::Error{base::ErrorCode::kNotFound, "there is no such user or token, and it is no ID of one"};
}

base::Status ResolveAbout(db::Session& session, const Arguments& arguments, audit::Filter& filter) {
  base::Result<std::uint64_t> id = std::uint64_t{0};
  if (arguments.Has("--vps")) {
    filter.about = audit::About::kVps;
    id = arguments.Number("--vps");
  } else if (arguments.Has("--user")) {
    filter.about = audit::About::kUser;
    id = IdOf(auth::FindUser(session, arguments.Text("--user")), arguments.Text("--user"));
  } else if (arguments.Has("--token")) {
    filter.about = audit::About::kToken;
    const auto found = auth::FindToken(session, arguments.Text("--token"));
    if (!found && found.error().code != base::ErrorCode::kNotFound) return found.error();
    id = IdOf(found ? std::optional(*found) : std::nullopt, arguments.Text("--token"));
  } else {
    return {};
  }
  if (!id) return id.error();
  filter.id = *id;
  return {};
}

}  // namespace

Done ShowLog(Invocation& call) {
  audit::Filter filter;
  filter.limit = call.arguments.MaybeNumber("--limit").value_or(filter.limit);
  if (const auto since = call.arguments.Maybe("--since")) filter.since = base::ParseMoment(*since);
  const auto entries =
      call.services->pool.Run(DatabaseDeadline(), [&](db::Session& session) -> base::Result<Records> {
        if (auto resolved = ResolveAbout(session, call.arguments, filter); !resolved) return resolved.error();
        Records records;
        for (const audit::Entry& entry : audit::ReadLog(session, filter)) records.push_back(RecordOf(entry));
        return records;
      });
  if (!entries) return entries.error();
  call.output.List(*entries);
  return ExitStatus::kOk;
}

}  // namespace cvm::ctl
