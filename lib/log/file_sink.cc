#include "lib/log/file_sink.h"

#include <fcntl.h>
#include <spdlog/common.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

namespace cvm::log {
namespace {

constexpr int kFlags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY;
constexpr mode_t kMode = 0640;

bool WriteAll(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(descriptor, text.data(), text.size());
    if (written < 0 && errno != EINTR) return false;
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

FileSink::~FileSink() {
  if (descriptor_ >= 0) close(descriptor_);
}

base::Status FileSink::Open() {
  const int opened = open(path_.c_str(), kFlags, kMode);
  if (opened < 0) {
    return base::Error{base::ErrorCode::kInvalid,
                       "log file " + path_ + " cannot be opened: " + std::generic_category().message(errno)};
  }
  int old = opened;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::swap(old, descriptor_);
  }
  if (old >= 0) close(old);
  return {};
}

void FileSink::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t line;
  formatter_->format(message, line);
  if (!WriteAll(descriptor_, {line.data(), line.size()})) {
    throw spdlog::spdlog_ex("log file " + path_ + " cannot be written", errno);
  }
}

}  // namespace cvm::log
