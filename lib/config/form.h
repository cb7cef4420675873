// What must hold of a value beyond its type.
#ifndef CVM_LIB_CONFIG_FORM_H_
#define CVM_LIB_CONFIG_FORM_H_

#include <optional>
#include <string>

#include "lib/config/table.h"

namespace cvm::config {

// The TOML type that a form's values have.
enum class Kind { kString, kStrings, kInteger, kBoolean };
Kind KindOf(Form form);
const char* KindName(Kind kind);  // "a string", …

// Why the value, which has the setting's type, is refused; nothing where it is good. Never quotes a secret.
std::optional<std::string> ValueProblem(const Setting& setting, const Value& value);

// What settings that are good one by one lack together, each problem with the setting that it is about.
struct JointProblem {
  std::string setting;  // "table.name"
  std::string reason;
};
std::vector<JointProblem> JointProblems(const Settings& settings, Program program);

}  // namespace cvm::config

#endif  // CVM_LIB_CONFIG_FORM_H_
