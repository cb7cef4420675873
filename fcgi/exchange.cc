#include "fcgi/exchange.h"

#include <fcgiapp.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <mutex>
#include <string>
#include <utility>

namespace cvm::fcgi {
namespace {

constexpr int kResponder = 1;  // FCGI_RESPONDER of the protocol

// libfcgi puts handlers of its own on three signals; they are put back, for signals are main's.
void InitLibrary() {
  static std::once_flag once;
  std::call_once(once, [] {
    constexpr std::array<int, 3> kTouched = {SIGPIPE, SIGUSR1, SIGTERM};
    std::array<struct sigaction, 3> before{};
    for (std::size_t i = 0; i < kTouched.size(); ++i) ::sigaction(kTouched[i], nullptr, &before[i]);
    base::FatalAssert(FCGX_Init() == 0, "FCGX_Init has the memory that it asks for");
    for (std::size_t i = 0; i < kTouched.size(); ++i) ::sigaction(kTouched[i], &before[i], nullptr);
  });
}

base::Error Incomplete() {
  return {base::ErrorCode::kBroken, "a connection ended, fell silent or left the protocol within a request"};
}

// Never 0, which FCGX_Detach takes for none.
constexpr int kLowestDuplicate = 3;

}  // namespace

void Exchange::Free::operator()(FCGX_Request* request) const {
  FCGX_Free(request, 0);
  if (request->ipcFd >= 0) ::close(request->ipcFd);
  delete request;
}

base::Result<Exchange> Exchange::Receive(int connection) {
  InitLibrary();
  std::unique_ptr<FCGX_Request, Free> request(new FCGX_Request);
  FCGX_InitRequest(request.get(), -1, 0);
  request->ipcFd = ::fcntl(connection, F_DUPFD_CLOEXEC, kLowestDuplicate);
  if (request->ipcFd < 0) {
    return base::Error{base::ErrorCode::kUnavailable, "no descriptor is left to serve a connection with"};
  }
  FCGX_Detach(request.get());
  request->keepConnection = 1;  // or it closes what it was given before it reads a byte
  if (FCGX_Accept_r(request.get()) != 0) {
    return Incomplete();
  }
  Exchange exchange(std::move(request));
  if (base::Status kind = exchange.CheckKind(); !kind) return kind.error();
  if (base::Status body = exchange.ReadBody(); !body) return body.error();
  return exchange;
}

base::Status Exchange::CheckKind() const {
  if (request_->role != kResponder) {
    return base::Error{base::ErrorCode::kInvalid, "a request for another role than FastCGI's responder"};
  }
  std::size_t count = 0;
  for (char** parameter = request_->envp; *parameter != nullptr; ++parameter) ++count;
  if (count > kMostParameters) {
    return base::Error{base::ErrorCode::kInvalid, "a request with " + std::to_string(count) + " parameters"};
  }
  return {};
}

// To its end, whose record may come late: what is left unread would be taken for the next request. Tells,
// too, of parameters that ended with the connection: FCGX_Accept_r takes those for all that there are.
base::Status Exchange::ReadBody() {
  std::array<char, 8192> ignored;
  for (std::size_t total = 0; total <= kMostBody;) {
    const int got = FCGX_GetStr(ignored.data(), static_cast<int>(ignored.size()), request_->in);
    if (FCGX_GetError(request_->in) != 0) {
      return Incomplete();
    }
    if (got < static_cast<int>(ignored.size())) {
      keep_ = request_->keepConnection != 0;
      return {};
    }
    total += static_cast<std::size_t>(got);
  }
  return {};  // answered all the same, and then the connection ends
}

const char* const* Exchange::parameters() const {
  return request_->envp;
}

// What FCGX_Finish_r does, without its freeing of the parameters: closing the last of the two writers ends
// the request.
bool Exchange::Send(std::string_view head, std::string_view body) {
  for (const std::string_view part : {head, body}) {
    FCGX_PutStr(part.data(), static_cast<int>(part.size()), request_->out);
  }
  const bool sent = FCGX_FClose(request_->err) == 0 && FCGX_FClose(request_->out) == 0;
  keep_ = keep_ && sent;
  return sent;
}

}  // namespace cvm::fcgi
