#include "fcgi/access_log.h"

#include <cstddef>
#include <string_view>

#include "lib/base/text.h"
#include "lib/log/log.h"

namespace cvm::fcgi {
namespace {

constexpr std::size_t kMostName = 64;    // bytes of a request's ID (nginx's has 32) and of an address
constexpr std::size_t kMostMethod = 16;  // bytes
constexpr std::size_t kMostPath = 256;   // bytes

}  // namespace

AccessEntry DescribeAccess(const api::Request& request, const api::Response& response,
                           std::chrono::milliseconds taken) {
  const std::string_view path = request.target.substr(0, request.target.find('?'));
  return {base::Shorten(request.request_id, kMostName),
          base::Shorten(request.presented.client_address, kMostName),
          response.token_id == 0 ? "-" : std::to_string(response.token_id),
          base::Shorten(request.method, kMostMethod),
          base::Shorten(path, kMostPath),
          response.status,
          taken};
}

void LogAccess(const AccessEntry& entry) {
  log::Info("request", {{"id", entry.request_id},
                        {"client", entry.client},
                        {"token", entry.token},
                        {"method", entry.method},
                        {"path", entry.path},
                        {"status", static_cast<std::uint64_t>(entry.status)},
                        {"ms", static_cast<std::uint64_t>(entry.taken.count())}});
}

}  // namespace cvm::fcgi
