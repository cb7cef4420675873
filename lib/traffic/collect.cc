#include "lib/traffic/collect.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/text.h"
#include "lib/node/reading.h"
#include "lib/ssh/ssh.h"
#include "lib/traffic/book.h"

namespace cvm::traffic {
namespace {

using Ctids = std::vector<base::Ctid>;

// Ten digits each: with the program that reads, below what the gate and a shell take for one command.
constexpr std::size_t kMostPerCommand = 4000;
// What a container can add to an answer is bounded, so this many always fit into the cap on answers.
constexpr std::size_t kFewest = 100;
constexpr std::size_t kMostFailure = 1000;  // the column's width

constexpr db::Sql kTried =
    "INSERT INTO traffic_collections (node_id, last_tried_at) VALUES (?, UTC_TIMESTAMP(3)) "
    "ON DUPLICATE KEY UPDATE last_tried_at = VALUES(last_tried_at)";
constexpr db::Sql kDone =
    "UPDATE traffic_collections SET last_done_at = UTC_TIMESTAMP(3), containers = ?, failure = '' "
    "WHERE node_id = ?";
constexpr db::Sql kFailed = "UPDATE traffic_collections SET failure = ? WHERE node_id = ?";

// Containers of which the node says what cannot be.
class LeftOut {
 public:
  void Add(base::Ctid ctid, const base::Error& why) {
    if (count_ == 0) first_ = why.message;
    if (++count_ <= kMostNamed) names_ += (names_.empty() ? "" : ", ") + ctid.text();
  }
  // With the reason of the first; nothing where none is left out.
  std::optional<base::Error> Told() const {
    if (count_ == 0) return std::nullopt;
    const std::string more =
        count_ > kMostNamed ? " and " + std::to_string(count_ - kMostNamed) + " more" : "";
    return base::Error{base::ErrorCode::kInternal,
                       "left out, with the others booked: " + names_ + more + ": " + first_};
  }

 private:
  static constexpr std::size_t kMostNamed = 20;
  std::size_t count_ = 0;
  std::string names_;
  std::string first_;
};

class Collection {
 public:
  Collection(db::Pool& pool, ssh::Runner& runner, const node::Node& node, const Settings& settings,
             base::Deadline deadline)
      : pool_(pool), runner_(runner), node_(node), settings_(settings), deadline_(deadline) {}

  base::Result<Collected> Run() {
    const auto tried =
        pool_.Run(deadline_, [&](db::Session& session) { session.Execute(kTried, {node_.id}); });
    if (!tried) return tried.error();
    auto collected = ReadAndBook();
    const auto ended = WriteEnd(collected);
    return collected && !ended ? base::Result<Collected>(ended.error()) : collected;
  }

 private:
  base::Result<Collected> ReadAndBook() {
    const auto noted = NoteNode(pool_, node_.id, deadline_);
    if (!noted) return noted.error();
    const auto reading = Read(*noted);
    if (!reading) return reading.error();
    return BookAll(*noted, *reading);
  }

  // Where an answer is beyond the cap, or is none, by halves: a container that makes it so stands alone in
  // the end, and the others are read.
  base::Result<node::Reading> Read(const std::vector<Noted>& noted) {
    node::Reading all;
    std::deque<Ctids> parts = Split(noted);
    while (!parts.empty()) {
      const Ctids part = std::move(parts.front());
      parts.pop_front();
      auto reading = node::AskReading(runner_, node_, part, deadline_);
      if (reading) {
        all.merge(*reading);
        continue;
      }
      if (reading.error().code != base::ErrorCode::kInternal || part.size() <= kFewest) {
        return Advised(reading.error());
      }
      const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
      parts.emplace_front(middle, part.end());
      parts.emplace_front(part.begin(), middle);
    }
    return all;
  }

  base::Error Advised(const base::Error& error) const {
    const std::string check = ssh::Command({"cvmctl", "node", "check", node_.name}).Quoted();
    return {error.code, error.message + ": run: " + check};
  }

  static std::deque<Ctids> Split(const std::vector<Noted>& noted) {
    std::deque<Ctids> parts;
    for (const Noted& one : noted) {
      if (parts.empty() || parts.back().size() >= kMostPerCommand) parts.emplace_back();
      parts.back().push_back(one.ctid);
    }
    return parts;
  }

  base::Result<Collected> BookAll(const std::vector<Noted>& noted, const node::Reading& reading) {
    Collected collected;
    LeftOut left_out;
    std::optional<base::Error> first;
    for (const Noted& one : noted) {
      const auto found = reading.find(one.ctid);
      const bool runs = found != reading.end();
      if (runs && !found->second.ok()) {
        left_out.Add(one.ctid, found->second.error());
        continue;
      }
      const auto booked = runs ? Book(pool_, one, *found->second, Gone::kRemoved, settings_, deadline_)
                               : BookStopped(pool_, one, deadline_);
      if (!booked) {
        const bool gone = booked.error().code == base::ErrorCode::kNotFound;
        if (!gone && !first) first = booked.error();
        if (deadline_.Passed()) break;
        continue;
      }
      if (*booked == Booked::kOvertaken) ++collected.overtaken;
      if (*booked == Booked::kDone && runs) ++collected.containers;
    }
    if (first) return *first;
    if (const auto error = left_out.Told()) return *error;
    return collected;
  }

  base::Status WriteEnd(const base::Result<Collected>& collected) {
    // Also where the time is over.
    const auto deadline = base::Deadline::In(std::chrono::seconds(5));
    return pool_.Run(deadline, [&](db::Session& session) {
      if (collected) {
        session.Execute(kDone, {collected->containers, node_.id});
      } else {
        const std::string why = base::EscapeForLog(collected.error().message).substr(0, kMostFailure);
        session.Execute(kFailed, {why, node_.id});
      }
    });
  }

  db::Pool& pool_;
  ssh::Runner& runner_;
  const node::Node& node_;
  const Settings settings_;
  const base::Deadline deadline_;
};

}  // namespace

base::Result<Collected> CollectNode(db::Pool& pool, ssh::Runner& runner, const node::Node& node,
                                    const Settings& settings, base::Deadline deadline) {
  return Collection(pool, runner, node, settings, deadline).Run();
}

}  // namespace cvm::traffic
