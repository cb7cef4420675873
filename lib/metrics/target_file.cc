#include "lib/metrics/target_file.h"

#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <system_error>

#include "lib/base/text.h"

namespace cvm::metrics {
namespace {

constexpr const char* kSuffix = ".json";

base::Error Failed(const std::string& path) {
  return {base::ErrorCode::kUnavailable, path + ": " + std::strerror(errno)};
}

// The process that a file of this name belongs to, where it is a file of ours.
std::optional<pid_t> OwnerOf(const std::filesystem::path& path) {
  if (path.extension() != kSuffix) return std::nullopt;
  const auto number = base::ParseU64(path.stem().string());
  if (!number || *number == 0 || *number > INT32_MAX) return std::nullopt;
  return static_cast<pid_t>(*number);
}

// One that is still there only looks so where its number has gone to another process: then it goes later.
void RemoveStale(const std::string& directory) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const auto owner = OwnerOf(entry.path());
    if (owner && ::kill(*owner, 0) != 0 && errno == ESRCH) ::unlink(entry.path().c_str());
  }
}

}  // namespace

base::Result<TargetFile> TargetFile::Write(const std::string& directory, std::uint16_t port) {
  if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) return Failed(directory);
  RemoveStale(directory);
  const std::string path = directory + "/" + std::to_string(::getpid()) + kSuffix;
  const std::string draft = path + ".new";
  {
    std::ofstream file(draft, std::ios::trunc);
    file << "[{\"targets\": [\"127.0.0.1:" << port << "\"]}]\n";
    file.close();
    if (!file) return Failed(draft);
  }
  if (::rename(draft.c_str(), path.c_str()) != 0) return Failed(path);
  return TargetFile(path);
}

TargetFile::~TargetFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace cvm::metrics
