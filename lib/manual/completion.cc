#include <set>
#include <string>

#include "fcgi/options.h"
#include "lib/ctl/command.h"
#include "lib/manual/manual.h"

namespace cvm::manual {
namespace {

using Words = std::set<std::string>;

std::string Joined(const Words& words, const char* between) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : between) + word;
  return text;
}

// A branch of the choice of the words that may come next.
std::string Branch(const std::string& position, const Words& words) {
  return "    '" + position + "') words='" + Joined(words, " ") + "' ;;\n";
}

// A command as the script below puts its words together; a group that is a command by itself has no second.
std::string Position(const ctl::Command& command) {
  return std::string(command.group) + " " + command.name;
}

Words CommandsOf(const ctl::Group& group) {
  Words words;
  for (const ctl::Command& command : ctl::Commands()) {
    if (std::string(command.group) == group.name && command.name[0] != '\0') words.insert(command.name);
  }
  return words;
}

Words OptionsOf(const ctl::Command& command) {
  Words words;
  for (const ctl::Argument& argument : command.arguments) {
    if (!argument.positional()) words.insert(argument.name);
  }
  return words;
}

std::string Branches() {
  Words first;
  std::string text;
  for (const ctl::Group& group : ctl::Groups()) {
    first.insert(group.name);
    const Words commands = CommandsOf(group);
    if (!commands.empty()) text += Branch(std::string(group.name) + " ", commands);
  }
  for (const ctl::Command& command : ctl::Commands()) text += Branch(Position(command), OptionsOf(command));
  return Branch(" ", first) + text;
}

Words GlobalWords() {
  Words words;
  for (const ctl::Argument& option : ctl::GlobalOptions()) words.insert(option.name);
  return words;
}

// Patterns of "GROUP COMMAND OPTION" behind which a value stands.
Words ValuePatterns() {
  Words patterns;
  for (const ctl::Argument& option : ctl::GlobalOptions()) {
    if (option.value != nullptr) patterns.insert("*' " + std::string(option.name) + "'");
  }
  for (const ctl::Command& command : ctl::Commands()) {
    for (const ctl::Argument& argument : command.arguments) {
      if (argument.positional() || argument.value == nullptr) continue;
      patterns.insert("'" + Position(command) + " " + argument.name + "'");
    }
  }
  return patterns;
}

// Options whose value is the name of a file.
Words FileOptions() {
  Words options;
  const auto add = [&](const ctl::Argument& argument) {
    if (argument.value != nullptr && std::string(argument.value) == "FILE") options.insert(argument.name);
  };
  for (const ctl::Argument& option : ctl::GlobalOptions()) add(option);
  for (const ctl::Command& command : ctl::Commands()) {
    for (const ctl::Argument& argument : command.arguments) add(argument);
  }
  return options;
}

}  // namespace

std::string CtlCompletion() {
  return R"(# Completion of cvmctl for bash.
_cvmctl() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local group='' command='' value='' words='' word i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ -n $value ]]; then
      value=''
      continue
    fi
    case "$group $command $word" in
    )" + Joined(ValuePatterns(), " | \\\n    ") +
         R"() value=1 ;;
    *)
      if [[ $word == -* ]]; then
        :
      elif [[ -z $group ]]; then
        group=$word
      elif [[ -z $command ]]; then
        command=$word
      fi
      ;;
    esac
  done
  COMPREPLY=()
  if [[ -n $value ]]; then
    case $previous in
    )" + Joined(FileOptions(), " | ") +
         R"() mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    esac
    return
  fi
  case "$group $command" in
)" + Branches() +
         R"(  esac
  mapfile -t COMPREPLY < <(compgen -W "$words )" +
         Joined(GlobalWords(), " ") + R"(" -- "$current")
}
complete -o filenames -F _cvmctl cvmctl
)";
}

std::string WorkerCompletion() {
  Words words;
  for (const fcgi::OptionRow& row : fcgi::OptionRows()) words.insert(std::string("--") + row.name);
  return R"(# Completion of cvm-client-api for bash.
_cvm_client_api() {
  local current=${COMP_WORDS[COMP_CWORD]}
  if [[ ${COMP_WORDS[COMP_CWORD - 1]} == --config ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W ')" +
         Joined(words, " ") + R"(' -- "$current")
  fi
}
complete -o filenames -F _cvm_client_api cvm-client-api
)";
}

}  // namespace cvm::manual
