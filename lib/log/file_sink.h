// A log file for spdlog, which in this version can neither open a file again nor say with which mode it is
// made. Every line is one write() at the end of the file, so that several processes may share it.
#ifndef CVM_LIB_LOG_FILE_SINK_H_
#define CVM_LIB_LOG_FILE_SINK_H_

#include <spdlog/sinks/base_sink.h>

#include <mutex>
#include <string>

#include "lib/base/error.h"

namespace cvm::log {

class FileSink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit FileSink(std::string path) : path_(std::move(path)) {}
  ~FileSink() override;

  // Opens the file, or whatever stands at its path now, for appending; one that is not there is made with
  // mode 0640. kInvalid: it cannot be; then a file that was open stays in use.
  base::Status Open();

 protected:
  // Throws where the line could not be written whole: spdlog reports that on stderr.
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}

 private:
  const std::string path_;
  int descriptor_ = -1;  // guarded by mutex_
};

}  // namespace cvm::log

#endif  // CVM_LIB_LOG_FILE_SINK_H_
