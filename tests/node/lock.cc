#include "tests/node/lock.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "tests/node/exit_status.h"
#include "tests/node/files.h"

namespace cvm::testnode {
namespace {

constexpr char kFolder[] = "/vz/lock";

bool IsAlive(pid_t pid) {
  return kill(pid, 0) == 0 || errno == EPERM;
}

std::string CommandLine(const std::string& pid) {
  std::string text = ReadFile("/proc/" + pid + "/cmdline").value_or("");
  while (!text.empty() && text.back() == '\0') text.pop_back();
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

}  // namespace

Lock::Lock(unsigned ctid, const Console* console)
    : path_(std::string(kFolder) + "/" + std::to_string(ctid) + ".lck"), console_(console) {}

Lock::~Lock() {
  if (held_) unlink(path_.c_str());
}

int Lock::Take() {
  const int guard = open(kFolder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (guard >= 0) flock(guard, LOCK_EX);
  const int status = TakeGuarded();
  if (guard >= 0) close(guard);
  return status;
}

int Lock::TakeGuarded() {
  if (const auto holder = ReadFile(path_)) {
    const auto pid = static_cast<pid_t>(std::strtol(holder->c_str(), nullptr, 10));
    if (pid > 0 && IsAlive(pid)) return Refuse(std::to_string(pid));
    if (pid > 0) console_->Out("Removing stale lock file " + path_);
    unlink(path_.c_str());
  }
  std::string fresh = path_ + "XXXXXX";
  const int fd = mkstemp(fresh.data());
  if (fd < 0) {
    console_->Err("Unable to create temporary lock file: " + fresh + ": " + std::strerror(errno));
    console_->Err("Unable to lock container");
    return kSystemError;
  }
  const std::string text = std::to_string(getpid()) + "\n";
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  held_ = written && link(fresh.c_str(), path_.c_str()) == 0;
  unlink(fresh.c_str());
  return held_ ? 0 : kLocked;
}

int Lock::Refuse(const std::string& holder) const {
  console_->Err("Locked by: pid " + holder + ", cmdline " + CommandLine(holder));
  console_->Err("Container already locked");
  return kLocked;
}

}  // namespace cvm::testnode
