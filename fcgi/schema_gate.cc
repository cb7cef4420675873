#include "fcgi/schema_gate.h"

#include "lib/auth/auth.h"
#include "lib/log/log.h"

namespace cvm::fcgi {

api::Response SchemaGate::Handle(const api::Request& request) {
  if (open_.load(std::memory_order_acquire) || !auth::LookupToken(request.presented)) return handle_(request);
  const base::Status checked = check_(request.deadline);
  if (!checked) {
    log::Error("schema.refused", {{"request", request.request_id}, {"error", checked.error().message}});
    return refuse_();
  }
  open_.store(true, std::memory_order_release);
  return handle_(request);
}

}  // namespace cvm::fcgi
