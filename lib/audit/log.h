// The records as the operator reads them.
#ifndef CVM_LIB_AUDIT_LOG_H_
#define CVM_LIB_AUDIT_LOG_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/moment.h"
#include "lib/db/db.h"

namespace cvm::audit {

struct Entry {
  std::uint64_t id = 0;
  std::string begun_at;                 // UTC, "YYYY-MM-DD HH:MM:SS"
  std::optional<std::string> ended_at;  // nothing: still open
  std::string actor_kind;
  std::string actor;
  std::string action;
  std::optional<std::string> outcome;
  std::optional<std::uint64_t> vps_id, user_id, token_id;
  std::optional<std::string> user;  // the name, while there is such a user
  std::optional<std::string> client_address;
  std::string detail;
  std::optional<std::string> request_id;
};

// Whose records: one of the three, or all.
enum class About { kAll, kVps, kUser, kToken };

struct Filter {
  About about = About::kAll;
  std::uint64_t id = 0;  // of what it is about
  std::optional<base::Moment> since;
  std::uint64_t limit = 50;
};

// The newest first; each way of asking is served by an index.
std::vector<Entry> ReadLog(db::Session& session, const Filter& filter);

}  // namespace cvm::audit

#endif  // CVM_LIB_AUDIT_LOG_H_
