#include "lib/ctl/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "lib/base/text.h"

namespace cvm::ctl {
namespace {

constexpr std::size_t kUsual = 80;
constexpr std::size_t kLeast = 40;
constexpr std::size_t kMost = 500;

std::string_view Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::string Repeat(std::string_view text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

// Rounded to the nearest column.
std::size_t Columns(long double bytes, std::uint64_t most, std::size_t width) {
  const long double share = bytes / static_cast<long double>(most);
  return std::min(width, static_cast<std::size_t>(share * static_cast<long double>(width) + 0.5L));
}

}  // namespace

std::size_t TerminalWidth() {
  std::size_t width = kUsual;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    width = size.ws_col;
  } else if (const auto columns = base::ParseU64(Environment("COLUMNS"))) {
    width = *columns;
  }
  return std::clamp(width, kLeast, kMost);
}

bool TerminalHasUtf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view value = Environment(name);
    if (value.empty()) continue;
    return value.find("UTF-8") != value.npos || value.find("utf8") != value.npos ||
           value.find("UTF8") != value.npos || value.find("utf-8") != value.npos;
  }
  return false;
}

std::string HumanBytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 7> kUnits = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  if (bytes < 1000) return std::to_string(bytes) + " B";
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 999.95 && unit + 1 < kUnits.size(); ++unit) value /= 1000;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.1f %s", value, kUnits[unit]);
  return text.data();
}

std::string Bar(std::uint64_t first, std::uint64_t second, std::uint64_t most, std::size_t width, bool utf8) {
  if (most == 0 || (first == 0 && second == 0)) return "";
  const auto one = static_cast<long double>(first);
  const std::size_t all =
      std::max<std::size_t>(Columns(one + static_cast<long double>(second), most, width), 1);
  const std::size_t head = std::min(all, Columns(one, most, width));
  return Repeat(utf8 ? "█" : "#", head) + Repeat(utf8 ? "░" : "-", all - head);
}

}  // namespace cvm::ctl
