// What the operator sees of a VPS's traffic, and corrects.
#ifndef CVM_LIB_TRAFFIC_HISTORY_H_
#define CVM_LIB_TRAFFIC_HISTORY_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lib/audit/audit.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/db/db.h"
#include "lib/traffic/count.h"
#include "lib/traffic/ledger.h"

namespace cvm::traffic {

struct DayBytes {
  Day day = 0;
  Bytes bytes;
};

struct Noticed {
  std::string when;  // UTC
  std::string kind;
  std::string interface;
  Bytes before;
  Bytes after;
};

struct History {
  std::string hostname;
  std::string node;
  bool combined = true;
  Bytes limits;                      // split accounting; 0: none
  std::uint64_t limit = 0;           // combined accounting; 0: none
  Period period;                     // the running one
  std::vector<DayBytes> days;        // the last ones up to today, those without traffic too
  std::vector<Noticed> anomalies;    // of those days, the newest first, a hundred at most
  std::optional<std::uint64_t> age;  // seconds since the node's last collection; nothing: there was none
  std::string failure;               // why the last try of one failed
};

// A look: changes nothing. `days` is at least 1. kNotFound: no such VPS.
base::Result<History> ReadHistory(db::Pool& pool, std::uint64_t vps_id, std::uint64_t days,
                                  base::Deadline deadline);

enum class Direction { kIn, kOut, kEither };

struct Correction {
  bool taken_away = false;
  std::uint64_t bytes = 0;
  // kEither is for combined accounting: added to what came in; taken from that first, and then from what went
  // out.
  Direction direction = Direction::kEither;
  std::string why;
};

// Books a correction into the running period, with its record, and gives what is used then. kNotFound: no
// such VPS; kInvalid: kEither for split accounting; kConflict: more is to be taken away than is used.
base::Result<Bytes> Correct(db::Pool& pool, std::uint64_t vps_id, const Correction& correction,
                            const audit::Actor& actor, base::Deadline deadline);

}  // namespace cvm::traffic

#endif  // CVM_LIB_TRAFFIC_HISTORY_H_
