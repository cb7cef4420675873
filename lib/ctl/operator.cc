#include "lib/ctl/operator.h"

#include <pwd.h>
#include <unistd.h>

#include <array>
#include <cstdlib>

#include "lib/base/text.h"

namespace cvm::ctl {
namespace {

std::string Login() {
  const char* const behind_sudo = std::getenv("SUDO_USER");
  if (behind_sudo != nullptr && *behind_sudo != '\0') return behind_sudo;
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  const bool known = getpwuid_r(getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found;
  return known ? entry.pw_name : std::to_string(getuid());
}

}  // namespace

std::string OperatorName() {
  const std::string login = Login();
  return base::IsUtf8(login) ? login : base::EscapeForLog(login);
}

}  // namespace cvm::ctl
