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
  std::chrono::system_clock::time_point done_at;
};

// Of all nodes that are in use; those that never were are left out. Empty where the database does not say,
// or does not know of collections.
std::vector<Collection> ReadCollections(db::Pool& pool);

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_COLLECTIONS_H_
