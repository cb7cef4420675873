#include "lib/log/line.h"

#include "lib/base/text.h"

namespace cvm::log {
namespace {

constexpr std::string_view kBare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/@,+-";

void AppendValue(std::string_view value, std::string& line) {
  if (!value.empty() && value.size() <= kMaxValue && value.find_first_not_of(kBare) == value.npos) {
    line += value;
    return;
  }
  line += '"';
  line += base::EscapeForLog(base::Shorten(value, kMaxValue));
  line += '"';
}

}  // namespace

std::string FormatLine(std::string_view event, std::initializer_list<Field> fields) {
  std::string line(event);
  for (const Field& field : fields) {
    line += ' ';
    line += field.name;
    line += '=';
    AppendValue(field.value, line);
  }
  return line;
}

}  // namespace cvm::log
