#include "lib/ssh/channel.h"

#include <string_view>

#include "lib/base/text.h"

namespace cvm::ssh {
namespace {

// sshd counts a channel against MaxSessions until it has cleared it away, which can be after it answered our
// close: a refused channel is asked for again, a round trip later.
constexpr int kOpenAttempts = 5;

constexpr std::string_view kExec = "exec";

bool Failed(long count) {
  return count < 0 && count != LIBSSH2_ERROR_EAGAIN;
}

}  // namespace

Channel::~Channel() {
  if (!closed_) transport_.Abandon();
}

base::Error Channel::Broken(const std::string& what, int code) const {
  return {base::ErrorCode::kBroken, transport_.Explain(what, code)};
}

base::Status Channel::Open(base::Deadline deadline) {
  int code = LIBSSH2_ERROR_CHANNEL_FAILURE;
  for (int i = 0; i < kOpenAttempts && code == LIBSSH2_ERROR_CHANNEL_FAILURE; ++i) {
    code = transport_.Drive(deadline, [this] {
      channel_.reset(libssh2_channel_open_session(transport_.handle()));
      return channel_ ? 0 : libssh2_session_last_errno(transport_.handle());
    });
  }
  if (code == 0 && !deadline.Passed()) return {};
  const bool refused = code == LIBSSH2_ERROR_CHANNEL_FAILURE && !transport_.PeerClosed();
  return base::Error{refused ? base::ErrorCode::kOverloaded : base::ErrorCode::kUnavailable,
                     transport_.Explain("opening a channel", code)};
}

base::Result<Output> Channel::Run(const std::string& line, base::Deadline deadline, std::size_t output_cap) {
  Output output;
  auto status = Execute(line, deadline);
  if (status.ok()) status = ReadBoth(output, deadline, output_cap);
  if (status.ok()) status = Close(deadline);
  if (status.ok()) status = CheckSignal();
  if (!status.ok()) return status.error();
  output.exit_status = libssh2_channel_get_exit_status(channel_.get());
  return output;
}

// The one place where a command leaves. Nothing given to the socket: it was not sent. A refusal by the server
// (-22) says that it started nothing.
base::Status Channel::Execute(const std::string& line, base::Deadline deadline) {
  const std::uint64_t before = transport_.bytes_sent();
  const int code = transport_.Drive(deadline, [&] {
    return libssh2_channel_process_startup(channel_.get(), kExec.data(), kExec.size(), line.data(),
                                           static_cast<unsigned>(line.size()));
  });
  if (code == 0) return {};
  const bool sent = transport_.bytes_sent() != before;
  if (sent && code != LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED) return Broken("sending a command", code);
  return base::Error{base::ErrorCode::kUnavailable, transport_.Explain("asking for a command", code)};
}

// Reads what is there of one stream. A count, 0 (nothing will come), or a code of libssh2.
long Channel::ReadSome(int stream, std::string& into) {
  char buffer[16 * 1024];
  const auto count =
      static_cast<long>(libssh2_channel_read_ex(channel_.get(), stream, buffer, sizeof buffer));
  if (count > 0) into.append(buffer, static_cast<std::size_t>(count));
  return count;
}

// Each read takes everything off the socket and queues what belongs to the other stream: to wait for the
// socket while something is queued could be to wait for ever.
bool Channel::HasQueuedData() {
  unsigned long queued = 0;
  libssh2_channel_window_read_ex(channel_.get(), &queued, nullptr);
  return queued > 0;
}

base::Status Channel::ReadBoth(Output& output, base::Deadline deadline, std::size_t output_cap) {
  for (;;) {
    const long out = ReadSome(0, output.out);
    const long err = Failed(out) ? out : ReadSome(SSH_EXTENDED_DATA_STDERR, output.err);
    if (Failed(err)) return Broken("reading a command's output", static_cast<int>(err));
    if (output.out.size() + output.err.size() > output_cap) {
      return base::Error{base::ErrorCode::kInvalid,
                         "a command printed more than " + std::to_string(output_cap) + " bytes"};
    }
    if (libssh2_channel_eof(channel_.get()) == 1) return {};
    if (out > 0 || err > 0 || HasQueuedData()) continue;
    if (out == 0 || err == 0) return Broken("reading a command's output", LIBSSH2_ERROR_SOCKET_DISCONNECT);
    if (!transport_.Wait(deadline)) return Broken("reading a command's output", LIBSSH2_ERROR_TIMEOUT);
  }
}

// A command may close its output and run on: so the server's close is awaited before ours is sent, or sshd
// would forget the exit status.
base::Status Channel::Close(base::Deadline deadline) {
  int code = transport_.Drive(deadline, [this] { return libssh2_channel_wait_closed(channel_.get()); });
  if (code == 0 && transport_.PeerClosed()) code = LIBSSH2_ERROR_SOCKET_DISCONNECT;
  if (code == 0) code = transport_.Drive(deadline, [this] { return libssh2_channel_close(channel_.get()); });
  if (code != 0) return Broken("waiting for a command's end", code);
  closed_ = true;
  return {};
}

base::Status Channel::CheckSignal() {
  char* name = nullptr;
  std::size_t length = 0;
  libssh2_channel_get_exit_signal(channel_.get(), &name, &length, nullptr, nullptr, nullptr, nullptr);
  if (name == nullptr) return {};
  const std::string signal = base::EscapeForLog(base::Shorten({name, length}, 40));
  libssh2_free(transport_.handle(), name);
  return base::Error{base::ErrorCode::kBroken, "a command was killed by signal " + signal};
}

}  // namespace cvm::ssh
