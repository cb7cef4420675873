#include "lib/api/app.h"

#include <cstdlib>
#include <optional>

#include "lib/api/render.h"
#include "lib/api/words.h"
#include "lib/log/log.h"

namespace cvm::api {
namespace {

using vps::Caller;

// What a pair alone decides: 401 or 403, else nothing.
std::optional<Response> RefuseCaller(const Caller& caller) {
  switch (caller.verdict) {
    case auth::Verdict::kNotValid:
      return NotAuthorized();
    case auth::Verdict::kNoAccess:
      return NoClientAccess();
    case auth::Verdict::kReadOnly:
    case auth::Verdict::kFull:
      return std::nullopt;
  }
  std::abort();
}

Response For(const Caller& caller, Response response) {
  response.token_id = caller.token_id;
  return response;
}

}  // namespace

Response App::Handle(const Request& request) const {
  const auto match = FindRoute(PathOf(request.target));
  if (!match) return JudgeThen(request, UnknownPath());
  const Route& route = *match->route;
  if (!route.Allows(request.method)) return JudgeThen(request, MethodNotAllowed(route.AllowedMethods()));
  return route.what == What::kList ? List(request) : OnVps(request, *match);
}

Response App::Unserved(const Request& request, const base::Error& error) const {
  if (error.code == base::ErrorCode::kOverloaded) {
    if (const auto left_out = busy_told_.Pass()) {
      log::Warning("api.busy",
                   {{"request", request.request_id}, {"error", error.message}, {"left_out", *left_out}});
    }
    return TooBusy();
  }
  const bool away = error.code == base::ErrorCode::kUnavailable;
  if (const auto left_out = away ? away_told_.Pass() : 0) {
    log::Error("api.database",
               {{"request", request.request_id}, {"error", error.message}, {"left_out", *left_out}});
  }
  return away ? DatabaseAway() : InternalError();
}

Response App::JudgeThen(const Request& request, Response response) const {
  const auto caller = service_.Judge(request.presented, request.deadline);
  if (!caller) return Unserved(request, caller.error());
  if (auto refusal = RefuseCaller(*caller)) return For(*caller, std::move(*refusal));
  return For(*caller, std::move(response));
}

Response App::List(const Request& request) const {
  const auto listing = service_.List(request.presented, request.deadline);
  if (!listing) return Unserved(request, listing.error());
  if (auto refusal = RefuseCaller(listing->caller)) return For(listing->caller, std::move(*refusal));
  return For(listing->caller, Ok(RenderList(listing->vpses)));
}

Response App::OnVps(const Request& request, const Match& match) const {
  const auto lookup = service_.Find(request.presented, match.vps_id, request.deadline);
  if (!lookup) return Unserved(request, lookup.error());
  if (auto refusal = RefuseCaller(lookup->caller)) return For(lookup->caller, std::move(*refusal));
  if (!lookup->placed) return For(lookup->caller, NoSuchVps());
  if (match.route->access == Access::kAct && lookup->caller.verdict == auth::Verdict::kReadOnly) {
    return For(lookup->caller, ReadOnlyPair());
  }
  return For(lookup->caller, Serve(request, *match.route, *lookup->placed, lookup->caller.token_id));
}

Response App::Serve(const Request& request, const Route& route, const vps::Placed& placed,
                    std::uint64_t token_id) const {
  switch (route.what) {
    case What::kList:
      break;
    case What::kStatus:
      return Status(request, placed);
    case What::kStart:
      return Act(request, placed, token_id, vps::Action::kStart);
    case What::kStop:
      return Act(request, placed, token_id, vps::Action::kStop);
    case What::kRestart:
      return Act(request, placed, token_id, vps::Action::kRestart);
  }
  std::abort();
}

Response App::Status(const Request& request, const vps::Placed& placed) const {
  const auto status = service_.Ask(placed, request.deadline.Within(settings_.status_timeout));
  return Ok(RenderStatus(placed.vps, status));
}

Response App::Act(const Request& request, const vps::Placed& placed, std::uint64_t token_id,
                  vps::Action action) const {
  const vps::Origin origin{token_id, placed.vps.user_id, request.presented.client_address,
                           request.request_id};
  const auto result = service_.Act(placed, action, origin, request.deadline);
  return result ? ActionAnswer(*result, action) : Unserved(request, result.error());
}

}  // namespace cvm::api
