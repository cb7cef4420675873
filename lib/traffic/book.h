// The booking of readings. Whoever reads a container first notes which samples the database has of it, then
// reads, then books: a booking that finds other samples than were noted has been overtaken by another one and
// changes nothing, so that any number of collectors count every byte once. Nor does one of a VPS that is
// another container by then: what was read is not its own. One that dies has booked all of a container's
// reading or nothing of it.
#ifndef CVM_LIB_TRAFFIC_BOOK_H_
#define CVM_LIB_TRAFFIC_BOOK_H_

#include <cstdint>
#include <vector>

#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/db/db.h"
#include "lib/node/reading.h"
#include "lib/traffic/count.h"

namespace cvm::traffic {

// A VPS with what was noted of it before the node was asked.
struct Noted {
  std::uint64_t vps_id = 0;
  std::uint64_t node_id = 0;
  base::Ctid ctid;
  std::vector<Sample> samples;
};

// kMoved: the VPS has another node or CTID than was noted.
enum class Booked { kDone, kOvertaken, kMoved };

// Samples of interfaces that are gone are removed, and periods that are not the running one replaced, by the
// collector alone: the worker may not. What it books meanwhile is in the daily rows.
enum class Gone { kKept, kRemoved };

base::Result<Noted> Note(db::Pool& pool, std::uint64_t vps_id, std::uint64_t node_id, base::Ctid ctid,
                         base::Deadline deadline);
// The VPSes of a node that are not terminated and have a CTID that vzctl takes. Puts the period that should
// be running in its place for each of them.
base::Result<std::vector<Noted>> NoteNode(db::Pool& pool, std::uint64_t node_id, base::Deadline deadline);

// One transaction. kNotFound: there is no such VPS any more; else as db::Pool says.
base::Result<Booked> Book(db::Pool& pool, const Noted& noted, const node::ContainerReading& reading,
                          Gone gone, const Settings& settings, base::Deadline deadline);
// It did not run. Written down once, where nothing is known of the container: what it counts from then on is
// the VPS's own from the first byte.
base::Result<Booked> BookStopped(db::Pool& pool, const Noted& noted, base::Deadline deadline);

}  // namespace cvm::traffic

#endif  // CVM_LIB_TRAFFIC_BOOK_H_
