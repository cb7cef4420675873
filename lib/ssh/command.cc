#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/ssh/ssh.h"

namespace cvm::ssh {
namespace {

constexpr std::string_view kPlain =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./,:=+@%-";

// A word as a POSIX shell reads it back. `first`: where it stands a shell takes NAME=VALUE for an assignment.
std::string Quote(const std::string& word, bool first) {
  const bool plain = word.find_first_not_of(kPlain) == std::string::npos;
  const bool assignment = first && word.find('=') != std::string::npos;
  if (plain && !assignment && !word.empty()) return word;
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\\''";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

bool HasNul(const std::string& word) {
  return word.find('\0') != std::string::npos;
}

}  // namespace

Command::Command(std::vector<std::string> argv) : argv_(std::move(argv)) {
  base::FatalAssert(!argv_.empty() && !argv_.front().empty(), "a command without a name");
  base::FatalAssert(std::none_of(argv_.begin(), argv_.end(), HasNul), "a command with a NUL byte");
}

std::string Command::Quoted() const {
  std::string line = Quote(argv_.front(), true);
  for (std::size_t i = 1; i < argv_.size(); ++i) line += " " + Quote(argv_[i], false);
  return line;
}

}  // namespace cvm::ssh
