#include "lib/metrics/listener.h"

#include <civetweb.h>

#include <algorithm>
#include <array>
#include <exception>
#include <string_view>
#include <utility>

#include "lib/log/log.h"

namespace cvm::metrics {
namespace {

struct StopServer {
  void operator()(mg_context* context) const { mg_stop(context); }
};
using ServerPtr = std::unique_ptr<mg_context, StopServer>;

Page MethodNotAllowed() {
  return {405, Page().content_type, "GET or HEAD\n"};
}

Page NotFound(const std::vector<PageAt>& pages) {
  std::string body = "not found; there are:";
  for (const PageAt& page : pages) body += " " + page.path;
  return {404, Page().content_type, body + "\n"};
}

// No exception may reach civetweb.
Page Make(const PageAt& page) noexcept {
  try {
    return page.make();
  } catch (const std::exception& error) {
    log::Error("metrics.page_failed", {{"path", page.path}, {"what", error.what()}});
  }
  return {500, Page().content_type, "failed: see the log\n"};
}

void Send(mg_connection* connection, const Page& page, bool with_body) {
  const std::string head =
      "HTTP/1.1 " + std::to_string(page.status) + " " + mg_get_response_code_text(connection, page.status) +
      "\r\nContent-Type: " + page.content_type + "\r\nContent-Length: " + std::to_string(page.body.size()) +
      "\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n";
  const std::string whole = with_body ? head + page.body : head;
  mg_write(connection, whole.data(), whole.size());
}

int LogWords(const mg_connection*, const char* words) {
  log::Debug("metrics.listener", {{"says", words}});
  return 1;
}

}  // namespace

class Listener::Impl {
 public:
  explicit Impl(std::vector<PageAt> pages) : pages_(std::move(pages)) {}

  base::Status Start(std::uint16_t port);
  std::uint16_t port() const { return port_; }

 private:
  static int Serve(mg_connection* connection, void* self) {
    const mg_request_info& request = *mg_get_request_info(connection);
    const std::string_view method = request.request_method;
    const std::string_view path = request.local_uri == nullptr ? "" : request.local_uri;
    const Page page = static_cast<Impl*>(self)->Answer(method, path);
    Send(connection, page, method != "HEAD");
    return page.status;
  }
  Page Answer(std::string_view method, std::string_view path) const {
    if (method != "GET" && method != "HEAD") return MethodNotAllowed();
    const auto found =
        std::find_if(pages_.begin(), pages_.end(), [&](const PageAt& page) { return page.path == path; });
    return found == pages_.end() ? NotFound(pages_) : Make(*found);
  }

  const std::vector<PageAt> pages_;
  std::uint16_t port_ = 0;
  ServerPtr server_;  // last: its threads use the pages
};

base::Status Listener::Impl::Start(std::uint16_t port) {
  const std::string where = "127.0.0.1:" + std::to_string(port);
  const char* options[] = {"listening_ports",
                           where.c_str(),
                           "num_threads",
                           "2",
                           "enable_keep_alive",
                           "no",
                           "request_timeout_ms",
                           "2000",
                           "max_request_size",
                           "8192",
                           nullptr};
  mg_callbacks callbacks{};
  callbacks.log_message = LogWords;
  mg_init_data init{};
  init.callbacks = &callbacks;
  init.user_data = this;
  init.configuration_options = options;
  std::array<char, 256> text{};
  mg_error_data error{};
  error.text = text.data();
  error.text_buffer_size = text.size();
  server_.reset(mg_start2(&init, &error));
  if (!server_) return base::Error{base::ErrorCode::kUnavailable, where + ": " + text.data()};
  mg_set_request_handler(server_.get(), "**", Serve, this);
  mg_server_port bound{};
  base::FatalAssert(mg_get_server_ports(server_.get(), 1, &bound) == 1, "a listener has a port");
  port_ = static_cast<std::uint16_t>(bound.port);
  return {};
}

Listener::Listener(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Listener::~Listener() = default;

base::Result<std::unique_ptr<Listener>> Listener::Start(std::uint16_t port, std::vector<PageAt> pages) {
  auto impl = std::make_unique<Impl>(std::move(pages));
  if (base::Status started = impl->Start(port); !started) return started.error();
  return std::unique_ptr<Listener>(new Listener(std::move(impl)));
}

std::uint16_t Listener::port() const {
  return impl_->port();
}

}  // namespace cvm::metrics
