// When the traffic of each node was last collected, as the database has it.
#ifndef CVM_FCGI_COLLECTIONS_H_
#define CVM_FCGI_COLLECTIONS_H_

#include <chrono>
#include <string>
#include <vector>

#include "lib/db/db.h"

namespace cvm::fcgi {

struct Collection {
  std::string node;
  std::chrono::system_clock::time_point done_at;  // of one that never was: since when it could have been
};

// Of all nodes in service but those that never were collected and have no VPS, so nothing to collect. Empty
// where the database does not say, or does not know of collections.
std::vector<Collection> ReadCollections(db::Pool& pool);

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_COLLECTIONS_H_
