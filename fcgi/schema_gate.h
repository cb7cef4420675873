// Keeps requests from a database that this program was not built for. The database may be away when the
// program starts, and another one may be there when it comes back: so the first request that needs it asks,
// and none of them is served before the answer was good. One without a well-formed pair is 401 whatever the
// database holds: no row is read for it.
#ifndef CVM_FCGI_SCHEMA_GATE_H_
#define CVM_FCGI_SCHEMA_GATE_H_

#include <atomic>
#include <functional>
#include <utility>

#include "lib/api/http.h"
#include "lib/base/error.h"

namespace cvm::fcgi {

// For all threads at once.
class SchemaGate {
 public:
  using Handler = std::function<api::Response(const api::Request&)>;

  // `check` is asked until it succeeds once; then every request goes to `handle`, and before it to `refuse`
  // where it has a pair to look up.
  SchemaGate(std::function<base::Status(base::Deadline)> check, Handler handle,
             std::function<api::Response()> refuse)
      : check_(std::move(check)), handle_(std::move(handle)), refuse_(std::move(refuse)) {}

  api::Response Handle(const api::Request& request);

 private:
  const std::function<base::Status(base::Deadline)> check_;
  const Handler handle_;
  const std::function<api::Response()> refuse_;
  std::atomic<bool> open_{false};
};

}  // namespace cvm::fcgi

#endif  // CVM_FCGI_SCHEMA_GATE_H_
