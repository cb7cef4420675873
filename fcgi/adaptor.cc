#include "fcgi/adaptor.h"

#include <cstddef>
#include <string_view>
#include <vector>

#include "lib/base/text.h"

namespace cvm::fcgi {
namespace {

// Where the parameters go: of the first kind there is one, of the second as many as come.
struct Single {
  std::string_view name;
  std::string_view& value;
  bool required;
};
struct Repeated {
  std::string_view name;
  std::vector<std::string_view>& values;
};

base::Error Invalid(std::string_view name, const char* why) {
  return {base::ErrorCode::kInvalid, std::string(name) + why + ": see the web server's fastcgi_param lines"};
}

base::Status Store(const Single& single, std::string_view value) {
  if (!single.value.empty() && single.value != value) return Invalid(single.name, " came twice and differs");
  single.value = value;
  return {};
}

}  // namespace

base::Result<api::Request> ReadParameters(const char* const* parameters, base::Deadline deadline) {
  api::Request request{{}, {}, {}, {}, deadline};
  const Single singles[] = {{"REQUEST_METHOD", request.method, true},
                            {"REQUEST_URI", request.target, true},
                            {"REQUEST_ID", request.request_id, false},
                            {"REMOTE_ADDR", request.presented.client_address, false}};
  const Repeated repeated[] = {{"HTTP_API_PUBLIC_TOKEN", request.presented.public_tokens},
                               {"HTTP_API_PRIVATE_TOKEN", request.presented.private_tokens}};
  for (; *parameters != nullptr; ++parameters) {
    const std::string_view parameter = *parameters;
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;  // a NUL within its name: none of ours
    const std::string_view name = parameter.substr(0, equals);
    const std::string_view value = parameter.substr(equals + 1);
    for (const Repeated& many : repeated) {
      if (many.name == name) many.values.push_back(value);
    }
    for (const Single& single : singles) {
      if (single.name != name) continue;
      if (base::Status stored = Store(single, value); !stored) return stored.error();
    }
  }
  for (const Single& single : singles) {
    if (single.required && single.value.empty()) return Invalid(single.name, " is missing");
  }
  return request;
}

std::string WriteHead(const api::Response& response) {
  std::string head = "Status: " + std::to_string(response.status) + " " + response.reason + "\r\n";
  base::FatalAssert(!base::HasControls(response.reason), "a reason phrase is one line");
  for (const auto& [name, value] : response.headers) {
    base::FatalAssert(!base::HasControls(name) && !base::HasControls(value), "a header is one line");
    head.append(name).append(": ").append(value).append("\r\n");
  }
  return head + "Content-Length: " + std::to_string(response.body.size()) + "\r\n\r\n";
}

}  // namespace cvm::fcgi
