#include "lib/ctl/command.h"

#include <algorithm>

#include "lib/base/text.h"

namespace cvm::ctl {
namespace {

std::string ArgumentUsage(const Argument& argument) {
  return argument.value == nullptr ? argument.name : std::string(argument.name) + " " + argument.value;
}

bool IsAlternative(const Command& command, const Argument& argument) {
  const auto& names = command.exactly_one;
  return std::any_of(names.begin(), names.end(),
                     [&](const char* name) { return std::string(name) == argument.name; });
}

std::string AlternativesUsage(const Command& command) {
  std::string text;
  for (const Argument& argument : command.arguments) {
    if (IsAlternative(command, argument)) text += (text.empty() ? "" : " | ") + ArgumentUsage(argument);
  }
  return text.empty() ? "" : " (" + text + ")";
}

}  // namespace

bool Arguments::HasOption() const {
  return std::any_of(values_.begin(), values_.end(),
                     [](const auto& value) { return value.first.rfind("--", 0) == 0; });
}

std::optional<std::string> Arguments::Maybe(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::nullopt : std::optional<std::string>(found->second.front());
}

std::vector<std::string> Arguments::All(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

std::optional<std::uint64_t> Arguments::MaybeNumber(const std::string& name) const {
  const auto text = Maybe(name);
  return text ? base::ParseU64(*text) : std::nullopt;
}

std::string Command::Usage() const {
  std::string usage = FullName();
  for (const Argument& argument : arguments) {
    if (IsAlternative(*this, argument)) continue;
    const std::string text = ArgumentUsage(argument);
    usage += argument.need == Need::kRequired ? " " + text : " [" + text + "]";
    if (argument.need == Need::kRepeated) usage += "…";
  }
  return usage + AlternativesUsage(*this);
}

}  // namespace cvm::ctl
