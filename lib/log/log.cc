#include "lib/log/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/sinks/syslog_sink.h>

#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <utility>

#include "lib/log/drop_sink.h"
#include "lib/log/file_sink.h"
#include "lib/log/line.h"

namespace cvm::log {
namespace {

constexpr const char* kIdentity = "cvm-client-api";
constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%eZ %l %v";

spdlog::level::level_enum VendorLevel(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  std::abort();
}

void Dress(spdlog::logger& logger, Level level) {
  logger.set_formatter(std::make_unique<spdlog::pattern_formatter>(kPattern, spdlog::pattern_time_type::utc));
  logger.set_level(VendorLevel(level));
}

// Where lines go while there is no queue. Never destroyed: destructors of other statics may still log.
spdlog::logger& DirectLogger() {
  static spdlog::logger* const logger = [] {
    auto* made = new spdlog::logger(kIdentity, std::make_shared<spdlog::sinks::stderr_sink_mt>());
    Dress(*made, Level::kInfo);
    return made;
  }();
  return *logger;
}

// What Init() made. Its thread has written all and is gone before anything of it dies.
struct Running {
  Running() = default;
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running();

  std::shared_ptr<FileSink> file;  // null: the target is no file
  std::shared_ptr<DropSink> sink;
  std::shared_ptr<spdlog::async_logger> logger;
  std::shared_ptr<spdlog::details::thread_pool> pool;
};

// Where the last words cannot be written either, nothing is left to do.
Running::~Running() {
  if (!pool) return;
  const std::uint64_t dropped = pool->overrun_counter();
  pool.reset();
  try {
    sink->TellRest(dropped);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "cvm: the log cannot be written: %s\n", failure.what());
  }
}

thread_local bool muted = false;

struct State {
  std::shared_mutex mutex;  // held shared while a line is queued, so that none is queued too late
  std::unique_ptr<Running> running;
  std::uint64_t dropped_before = 0;  // by a queue that was shut down
};

State& TheState() {
  static State* const state = new State;
  return *state;
}

base::Result<spdlog::sink_ptr> MakeSink(const std::string& target, std::shared_ptr<FileSink>& file) {
  if (target == "stderr") return spdlog::sink_ptr(std::make_shared<spdlog::sinks::stderr_sink_mt>());
  if (target == "syslog") {
    return spdlog::sink_ptr(std::make_shared<spdlog::sinks::syslog_sink_mt>(kIdentity, LOG_PID, LOG_DAEMON,
                                                                            /*enable_formatting=*/false));
  }
  if (target.empty() || target[0] != '/') {
    return base::Error{base::ErrorCode::kInvalid,
                       "log target '" + target + "': one of stderr, syslog, or a file's absolute path"};
  }
  file = std::make_shared<FileSink>(target);
  if (const base::Status opened = file->Open(); !opened) return opened.error();
  return spdlog::sink_ptr(file);
}

// Takes what is running out of use and gives it to the caller, who ends it by dropping it, off the lock.
std::unique_ptr<Running> Exchange(std::unique_ptr<Running> next) {
  State& state = TheState();
  const std::lock_guard<std::shared_mutex> lock(state.mutex);
  std::unique_ptr<Running> last = std::move(state.running);
  state.dropped_before = last && !next ? last->pool->overrun_counter() : 0;
  state.running = std::move(next);
  return last;
}

}  // namespace

base::Status Init(const Settings& settings) {
  auto next = std::make_unique<Running>();
  auto sink = MakeSink(settings.target, next->file);
  if (!sink) return sink.error();
  next->pool = std::make_shared<spdlog::details::thread_pool>(settings.queue, 1);
  next->sink = std::make_shared<DropSink>(*sink);
  next->sink->Watch([pool = next->pool.get()] { return pool->overrun_counter(); });
  next->logger = std::make_shared<spdlog::async_logger>(kIdentity, next->sink, next->pool,
                                                        spdlog::async_overflow_policy::overrun_oldest);
  Dress(*next->logger, settings.level);
  Exchange(std::move(next));
  return {};
}

void Reopen() {
  State& state = TheState();
  base::Status opened;
  {
    const std::shared_lock<std::shared_mutex> lock(state.mutex);
    if (state.running && state.running->file) opened = state.running->file->Open();
  }
  if (!opened) Error("log.reopen_failed", {{"error", opened.error().message}});
}

void Shutdown() {
  Exchange(nullptr);
}

Muted::Muted() : before_(std::exchange(muted, true)) {}
Muted::~Muted() {
  muted = before_;
}

void Write(Level level, std::string_view event, std::initializer_list<Field> fields) {
  if (muted) return;
  State& state = TheState();
  const std::shared_lock<std::shared_mutex> lock(state.mutex);
  spdlog::logger& logger = state.running ? *state.running->logger : DirectLogger();
  const auto vendor_level = VendorLevel(level);
  if (!logger.should_log(vendor_level)) return;
  logger.log(vendor_level, spdlog::string_view_t(FormatLine(event, fields)));
}

std::uint64_t Dropped() {
  State& state = TheState();
  const std::shared_lock<std::shared_mutex> lock(state.mutex);
  return state.running ? state.running->pool->overrun_counter() : state.dropped_before;
}

}  // namespace cvm::log
