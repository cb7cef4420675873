// Between the queue and where lines go: tells in the log itself that lines are missing, where they are
// missing.
#ifndef CVM_LIB_LOG_DROP_SINK_H_
#define CVM_LIB_LOG_DROP_SINK_H_

#include <spdlog/sinks/sink.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>

#include "lib/log/throttle.h"

namespace cvm::log {

// Used by the queue's one thread alone, and by nobody but the caller of TellRest once that has ended.
class DropSink : public spdlog::sinks::sink {
 public:
  explicit DropSink(spdlog::sink_ptr target) : target_(std::move(target)) {}

  // Before the first line: what counts the lines that were dropped.
  void Watch(std::function<std::uint64_t()> dropped) { dropped_ = std::move(dropped); }
  // What has not been told yet: behind the last line.
  void TellRest(std::uint64_t dropped);

  // Tells of drops in front of a line, at most once a second.
  void log(const spdlog::details::log_msg& message) override;
  void flush() override { target_->flush(); }
  void set_pattern(const std::string& pattern) override { target_->set_pattern(pattern); }
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    target_->set_formatter(std::move(formatter));
  }

 private:
  // Named as the log's own, so that its event is found beside all others.
  void Warning(std::string_view event, std::uint64_t lines);

  const spdlog::sink_ptr target_;
  std::function<std::uint64_t()> dropped_;
  std::uint64_t told_ = 0;
  Throttle throttle_{std::chrono::seconds(1)};
};

}  // namespace cvm::log

#endif  // CVM_LIB_LOG_DROP_SINK_H_
