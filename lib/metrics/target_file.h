// The file that tells Prometheus where a process is to be asked: DIRECTORY/PID.json, in the form that its
// file_sd reads, `[{"targets": ["127.0.0.1:PORT"]}]`.
#ifndef CVM_LIB_METRICS_TARGET_FILE_H_
#define CVM_LIB_METRICS_TARGET_FILE_H_

#include <cstdint>
#include <string>
#include <utility>

#include "lib/base/error.h"

namespace cvm::metrics {

class TargetFile {
 public:
  // Makes the directory where its parent is there, and the file at once in full; removes the files of
  // processes that have ended without doing so. kUnavailable: the directory or the file cannot be made.
  static base::Result<TargetFile> Write(const std::string& directory, std::uint16_t port);
  TargetFile(TargetFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TargetFile& operator=(TargetFile&&) = delete;
  // Removes it.
  ~TargetFile();
  const std::string& path() const { return path_; }

 private:
  explicit TargetFile(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

}  // namespace cvm::metrics

#endif  // CVM_LIB_METRICS_TARGET_FILE_H_
