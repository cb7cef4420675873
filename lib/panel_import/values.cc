#include "lib/panel_import/values.h"

#include <string_view>

#include "lib/base/text.h"
#include "lib/node/validate.h"

namespace cvm::panel_import {
namespace {

bool IsContinuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u;
}

}  // namespace

std::optional<std::uint64_t> NumberOf(const Text& text, std::uint64_t most) {
  if (!text || text->empty()) return 0;
  const auto number = base::ParseU64(*text);
  if (!number || *number > most) return std::nullopt;
  return number;
}

std::string LineOf(const Text& text, std::size_t most) {
  std::string line = text.value_or("");
  const bool utf8 = base::IsUtf8(line);
  for (std::size_t i = 0; i < line.size(); ++i) {
    const bool foreign = !utf8 && static_cast<unsigned char>(line[i]) > 0x7f;
    const std::size_t length = foreign ? 1 : base::ControlLength(std::string_view(line).substr(i));
    if (length > 0) line.replace(i, length, 1, ' ');
  }
  const std::size_t begin = line.find_first_not_of(' ');
  if (begin == line.npos) return "";
  line.erase(0, begin);
  if (line.size() > most) {
    std::size_t end = most;
    while (end > 0 && IsContinuation(line[end])) --end;
    line.resize(end);
  }
  line.resize(line.find_last_not_of(' ') + 1);
  return line;
}

std::optional<std::string> KeyNameOf(const Text& path) {
  if (!path) return std::nullopt;
  node::Node probe;
  probe.name = probe.endpoint.host = probe.endpoint.user = "x";
  probe.endpoint.port = 1;
  probe.endpoint.key_name = path->substr(path->rfind('/') + 1);
  if (!node::ValidateNode(probe)) return std::nullopt;
  return probe.endpoint.key_name;
}

}  // namespace cvm::panel_import
