#include "lib/config/private_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace cvm::config {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number_ >= 0) close(number_);
  }
  int number() const { return number_; }

 private:
  int number_;
};

base::Error Refused(const std::string& reason) {
  return {base::ErrorCode::kInvalid, reason};
}

base::Error SystemError() {
  return Refused("cannot be read: " + std::generic_category().message(errno));
}

base::Status ReadAll(int descriptor, std::string& text) {
  char buffer[4096];
  for (;;) {
    const ssize_t got = read(descriptor, buffer, sizeof buffer);
    if (got == 0) return {};
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError();
    text.append(buffer, static_cast<std::size_t>(got));
    if (text.size() > kMostBytes) return Refused("is larger than a megabyte");
  }
}

std::string Octal(mode_t mode) {
  std::string digits;
  for (const unsigned shift : {9u, 6u, 3u, 0u}) digits += static_cast<char>('0' + ((mode >> shift) & 7u));
  return digits;
}

}  // namespace

base::Result<PrivateFile> ReadPrivateFile(const std::string& path) {
  // O_NONBLOCK: a pipe at that path must be refused, not waited for.
  const Descriptor descriptor(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (descriptor.number() < 0) return SystemError();
  struct stat found {};
  if (fstat(descriptor.number(), &found) != 0) return SystemError();
  if (!S_ISREG(found.st_mode)) return Refused("is not a regular file");
  PrivateFile file;
  file.owner = found.st_uid;
  file.mode = found.st_mode & 07777u;
  if (const base::Status read = ReadAll(descriptor.number(), file.text); !read) return read.error();
  return file;
}

std::optional<std::string> AccessProblem(const PrivateFile& file, bool secret, Program program) {
  const bool ctl = program == Program::kCtl;
  const char* const advice = ctl ? "chmod 0600" : "chmod 0640";
  if (file.owner != 0 && file.owner != geteuid()) {
    return "is owned by user " + std::to_string(file.owner) + ", who could change it: chown root";
  }
  if ((file.mode & 022u) != 0) {
    return "may be written by others than its owner (mode " + Octal(file.mode) + "): " + advice;
  }
  const mode_t forbidden = ctl ? 077u : 007u;
  if (secret && (file.mode & forbidden) != 0) {
    return "holds a password and is readable by others (mode " + Octal(file.mode) + "): " + advice;
  }
  return std::nullopt;
}

}  // namespace cvm::config
