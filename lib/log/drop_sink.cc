#include "lib/log/drop_sink.h"

#include <spdlog/details/log_msg.h>

#include <string>

#include "lib/log/line.h"

namespace cvm::log {

void DropSink::log(const spdlog::details::log_msg& message) {
  const std::uint64_t dropped = dropped_ ? dropped_() : 0;
  if (dropped > told_ && throttle_.Pass()) TellRest(dropped);
  target_->log(message);
}

void DropSink::TellRest(std::uint64_t dropped) {
  if (dropped <= told_) return;
  Warning("log.dropped", dropped - std::exchange(told_, dropped));
}

void DropSink::Warning(std::string_view event, std::uint64_t lines) {
  const std::string line = FormatLine(event, {{"lines", lines}});
  target_->log(spdlog::details::log_msg(spdlog::string_view_t(), spdlog::level::warn, line));
}

}  // namespace cvm::log
