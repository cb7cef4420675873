// A command of cvmctl: one row of the table from which the parser, the help and the documentation are made.
#ifndef CVM_LIB_CTL_COMMAND_H_
#define CVM_LIB_CTL_COMMAND_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lib/base/error.h"
#include "lib/ctl/console.h"
#include "lib/ctl/exit_status.h"
#include "lib/ctl/output.h"
#include "lib/ctl/rules.h"
#include "lib/ctl/services.h"

namespace cvm::ctl {

enum class Need {
  kRequired,
  kOptional,
  kRepeated,  // an option that is optional and may be given often
};

struct Argument {
  const char* name;   // "--email", or of a positional "NAME"
  const char* value;  // what the help calls an option's value; nullptr: a positional or a flag
  Need need;
  Rule rule;  // nullptr: a flag
  const char* doc;

  bool positional() const { return name[0] != '-'; }
  bool flag() const { return rule == nullptr; }
};

// The arguments of one call. Every value has passed its rule.
class Arguments {
 public:
  void Add(const std::string& name, std::string value) { values_[name].push_back(std::move(value)); }
  bool Has(const std::string& name) const { return values_.count(name) > 0; }
  bool HasOption() const;  // any at all
  std::optional<std::string> Maybe(const std::string& name) const;
  // All values of one that may be given often.
  std::vector<std::string> All(const std::string& name) const;
  // "" where it was not given.
  std::string Text(const std::string& name) const { return Maybe(name).value_or(""); }
  // Of an argument whose rule wants a number.
  std::uint64_t Number(const std::string& name) const { return *MaybeNumber(name); }
  std::optional<std::uint64_t> MaybeNumber(const std::string& name) const;

 private:
  std::map<std::string, std::vector<std::string>> values_;
};

// What a command works with.
struct Invocation {
  const Arguments& arguments;
  Console& console;
  Output& output;
  const std::string& config_path;
  Services* services;  // null for a command with Access::kSettingsFile
};

enum class Access {
  kServices,      // the settings are read first, and the database must have this program's schema
  kAnySchema,     // the settings are read first
  kSchemaChange,  // the same, and a statement may take long
  kSettingsFile,  // the command reads the file itself
};

struct Command {
  const char* group;
  const char* name;  // "": the group is a command by itself
  const char* doc;
  std::vector<Argument> arguments;
  std::vector<const char*> exactly_one;  // of these options; empty: no such condition
  base::Result<ExitStatus> (*run)(Invocation&);
  Access access = Access::kServices;
  std::vector<const char*> at_most_one = {};  // of these options

  bool IsGroup() const { return name[0] == '\0'; }
  std::string FullName() const { return IsGroup() ? group : std::string(group) + " " + name; }
  // "add NAME [--email E]"
  std::string Usage() const;
};

struct Group {
  const char* name;
  const char* doc;
};

// What cvmctl is, in a sentence; what --json and "--" mean, in sentences.
const char* Purpose();
const char* AnswersDoc();

// What stands before the command or behind it, in every call: --help, --version, --config and --json.
const std::vector<Argument>& GlobalOptions();

// In the order of the help; the commands of a group stand together.
const std::vector<Group>& Groups();
const std::vector<Command>& Commands();

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_COMMAND_H_
