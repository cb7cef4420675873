// The record of who asked for what, when, and how it ended: the rows of `action_log`. A row without an end is
// an intent: something that may be under way on a node.
//
// The functions run in the caller's session, so that an intent stands in the transaction that decided on it.
#ifndef CVM_LIB_AUDIT_AUDIT_H_
#define CVM_LIB_AUDIT_AUDIT_H_

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/db/db.h"

namespace cvm::audit {

enum class ActorKind { kCustomer, kOperator, kPanel, kTimer };

// How an action ended. kUnknown: it was sent and nothing is known of its end.
enum class Outcome { kDone, kFailed, kRefused, kUnreachable, kUnknown };

// The database's words too.
const char* ActorKindName(ActorKind kind);
const char* OutcomeName(Outcome outcome);

struct Actor {
  ActorKind kind = ActorKind::kTimer;
  std::string name;  // an operator's login; empty for the others. What is longer than its column is cut.
};

// What stands in a record from its beginning on. Empty texts and zeros are what is not known.
struct Intent {
  Actor actor;
  std::uint64_t user_id = 0;
  std::uint64_t token_id = 0;
  std::string_view client_address;
  std::uint64_t vps_id = 0;
  std::string_view action;  // "start", "suspend", …: ours
  std::string_view request_id;
  std::string_view detail;  // what else is to be known of it, for people; cut like a name
};

// An intent older than this is over, whatever became of it: no request lasts so long, so its process has died
// before it could write the end.
inline constexpr std::chrono::seconds kLongestIntent{235};
// For so long after it began may a start without an end, or one that ended as kUnknown, still come to pass on
// its node: sshd may hold its command.
inline constexpr std::chrono::seconds kLongestUnknown{600};

// Gives the record's ID.
std::uint64_t Begin(db::Session& session, const Intent& intent);

// What a change is about; zeros are what it is not about.
struct Subject {
  std::uint64_t user_id = 0;
  std::uint64_t token_id = 0;
  std::uint64_t vps_id = 0;
};

// Writes a record that ends, done, as it begins: of a change in the same transaction.
void Note(db::Session& session, const Actor& actor, std::string_view action, const Subject& subject,
          std::string_view detail = {});

// Writes the end, once: a record that has one keeps it. Can be repeated.
void End(db::Session& session, std::uint64_t id, Outcome outcome);

// The same for what is tried again and again until it is done: of a VPS's tries that fail on a day (UTC) the
// first one's record stays, and this one is taken back where it is a later one.
void EndTry(db::Session& session, std::uint64_t id, std::uint64_t vps_id, Outcome outcome);

// How many starts, stops and restarts of a VPS that began before a record of it are open: may be under way.
// Those older than kLongestIntent do not count.
std::uint64_t CountOpenBefore(db::Session& session, std::uint64_t vps_id, std::uint64_t id);

// Whether anything of a VPS is open that may touch its container, and is no older than kLongestIntent: the
// operator's stops too.
bool IsUnderWay(db::Session& session, std::uint64_t vps_id);

// The ID of a VPS's newest record; 0: it has none.
std::uint64_t LastRecord(db::Session& session, std::uint64_t vps_id);

// How many starts and restarts of a VPS may still come to pass: of no or unknown end, and younger than
// kLongestUnknown.
std::uint64_t CountUnsettledStarts(db::Session& session, std::uint64_t vps_id);

// What was begun on a VPS after a record.
struct Begun {
  std::uint64_t starts = 0;  // and restarts
  std::uint64_t halts = 0;   // suspensions and terminations
};
Begun ReadBegunSince(db::Session& session, std::uint64_t vps_id, std::uint64_t id);

// What else was done to a VPS's container since a record of it began. Later suspensions, and later actions of
// the same kind, wait for it and are none.
struct Others {
  std::uint64_t unsettled = 0;  // how many may still be at work: of no or unknown end
  std::uint64_t ended = 0;      // how many have ended since then
};
Others ReadOthers(db::Session& session, std::uint64_t vps_id, std::uint64_t id);

}  // namespace cvm::audit

#endif  // CVM_LIB_AUDIT_AUDIT_H_
