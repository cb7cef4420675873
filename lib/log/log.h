// The log: the one door to spdlog. Lines are queued to one background thread through a bounded queue; where
// it is full the oldest line is dropped and counted, so that a slow disk never holds a request; the log says
// itself how many are missing (`log.dropped`). Safe from any thread.
//
// A line is an event name and fields: `node.unreachable node=alpha where=root@10.0.0.3:22 error="..."`.
// Values are escaped, so that no value can forge a field or a line.
#ifndef CVM_LIB_LOG_LOG_H_
#define CVM_LIB_LOG_LOG_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "lib/base/error.h"

namespace cvm::log {

enum class Level { kDebug, kInfo, kWarning, kError };

struct Settings {
  // "stderr", "syslog", or the absolute path of a file that is opened again by Reopen().
  std::string target = "stderr";
  Level level = Level::kInfo;
  std::size_t queue = 8192;  // lines
};

// A field: its name (ours) and its value (anybody's).
struct Field {
  Field(std::string_view field_name, std::string_view text) : name(field_name), value(text) {}
  Field(std::string_view field_name, const std::string& text) : name(field_name), value(text) {}
  Field(std::string_view field_name, const char* text) : name(field_name), value(text) {}
  Field(std::string_view field_name, std::uint64_t number)
      : name(field_name), value(std::to_string(number)) {}
  std::string_view name;
  std::string value;
};

// The most bytes that are shown of one value; what is longer is cut.
inline constexpr std::size_t kMaxValue = 4096;

// Before Init() and after Shutdown() lines go to stderr, at once. kInvalid: the target cannot be opened, and
// the log goes on as it was. A second Init() writes what the first had queued and takes its place.
base::Status Init(const Settings& settings);
// Opens a file target again (SIGHUP, logrotate). Not for use inside a signal handler.
void Reopen();
// Writes what is queued and stops the background thread.
void Shutdown();

void Write(Level level, std::string_view event, std::initializer_list<Field> fields);
inline void Debug(std::string_view e, std::initializer_list<Field> f = {}) {
  Write(Level::kDebug, e, f);
}
inline void Info(std::string_view e, std::initializer_list<Field> f = {}) {
  Write(Level::kInfo, e, f);
}
inline void Warning(std::string_view e, std::initializer_list<Field> f = {}) {
  Write(Level::kWarning, e, f);
}
inline void Error(std::string_view e, std::initializer_list<Field> f = {}) {
  Write(Level::kError, e, f);
}

// While one lives, what its own thread logs goes nowhere: for a command that says all of it to a person, at
// the terminal where the log would stand beside it.
class Muted {
 public:
  Muted();
  Muted(const Muted&) = delete;
  Muted& operator=(const Muted&) = delete;
  ~Muted();

 private:
  const bool before_;
};

// Lines dropped since Init() because the queue was full.
std::uint64_t Dropped();

}  // namespace cvm::log

#endif  // CVM_LIB_LOG_LOG_H_
