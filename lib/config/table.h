// Every setting, in one table: the reader, its messages, the example files' test and the documentation are
// made from it.
#ifndef CVM_LIB_CONFIG_TABLE_H_
#define CVM_LIB_CONFIG_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/config/config.h"

namespace cvm::config {

using Value = std::variant<bool, std::uint64_t, std::string, std::vector<std::string>>;

// What a value is, and so which TOML type it has and what else must hold of it.
enum class Form {
  kText,          // a string, not empty, without control characters
  kSecret,        // a string that is never shown and closes the file to others
  kPath,          // an absolute path
  kOptionalPath,  // an absolute path, or ""
  kTarget,        // stderr, syslog or an absolute path
  kLevel,         // debug, info, warning or error
  kServers,       // a list of texts, not empty
  kCount,         // a whole number
  kSeconds,       // a whole number of seconds
  kFlag,          // true or false
};

struct Setting {
  const char* table;
  const char* name;
  Form form;
  const char* worker_default;  // as TOML text; nullptr: the worker reads the setting and makes no use of it
  const char* ctl_default;     // the same; nullptr: cvmctl reads the setting and makes no use of it
  std::uint64_t least, most;   // of a number
  const char* doc;             // for the example files: lines without their "# "
  void (*store)(Settings&, const Value&);

  bool UsedBy(Program program) const {
    return (program == Program::kCtl ? ctl_default : worker_default) != nullptr;
  }
  std::string FullName() const { return std::string(table) + "." + name; }
  const char* Default(Program program) const {
    if (worker_default == nullptr) return ctl_default;
    return program == Program::kCtl && ctl_default != nullptr ? ctl_default : worker_default;
  }
};

// In the order of the example files, the settings of a table together.
const std::vector<Setting>& AllSettings();

// The level of that name; a name that is none is a bug of ours.
log::Level LevelNamed(std::string_view name);
bool IsLevel(std::string_view name);

}  // namespace cvm::config

#endif  // CVM_LIB_CONFIG_TABLE_H_
