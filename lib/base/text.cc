#include "lib/base/text.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "lib/base/crypto.h"

namespace cvm::base {
namespace {

constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();

// Control characters in UTF-8: the bytes they begin with, and what the last byte may be.
struct Controls {
  std::string_view head;
  unsigned char last_first, last_last;
};
constexpr Controls kControls[] = {
    {"", 0x00, 0x1f},         {"", 0x7f, 0x7f},         {"\xc2", 0x80, 0x9f},     {"\xd8", 0x9c, 0x9c},
    {"\xe2\x80", 0x8e, 0x8f}, {"\xe2\x80", 0xaa, 0xae}, {"\xe2\x81", 0xa6, 0xa9},
};

// One row of RFC 3629's table: lead bytes, how many bytes follow, and what the first of those may be.
struct Utf8Row {
  unsigned char lead_first, lead_last;
  std::size_t following;
  unsigned char second_first, second_last;
};
constexpr Utf8Row kUtf8[] = {
    {0x00, 0x7f, 0, 0x00, 0x00}, {0xc2, 0xdf, 1, 0x80, 0xbf}, {0xe0, 0xe0, 2, 0xa0, 0xbf},
    {0xe1, 0xec, 2, 0x80, 0xbf}, {0xed, 0xed, 2, 0x80, 0x9f}, {0xee, 0xef, 2, 0x80, 0xbf},
    {0xf0, 0xf0, 3, 0x90, 0xbf}, {0xf1, 0xf3, 3, 0x80, 0xbf}, {0xf4, 0xf4, 3, 0x80, 0x8f},
};

bool Between(char c, unsigned char first, unsigned char last) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= first && byte <= last;
}

// The length of the character that `text` begins with, 0 where there is none.
std::size_t CharacterLength(std::string_view text) {
  const auto row = std::find_if(std::begin(kUtf8), std::end(kUtf8), [&](const Utf8Row& r) {
    return Between(text[0], r.lead_first, r.lead_last);
  });
  if (row == std::end(kUtf8) || text.size() <= row->following) return 0;
  if (row->following > 0 && !Between(text[1], row->second_first, row->second_last)) return 0;
  for (std::size_t i = 2; i <= row->following; ++i) {
    if (!Between(text[i], 0x80, 0xbf)) return 0;
  }
  return row->following + 1;
}

}  // namespace

std::optional<std::uint64_t> ParseU64(std::string_view text) {
  if (text.empty() || (text.size() > 1 && text[0] == '0')) return std::nullopt;
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, problem] = std::from_chars(text.data(), end, value);
  if (problem != std::errc() || stop != end) return std::nullopt;
  return value;
}

bool IsPlainNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == text.npos;
}

std::uint64_t SaturatingAdd(std::uint64_t a, std::uint64_t b) {
  return a > kMost - b ? kMost : a + b;
}

std::uint64_t SaturatingMultiply(std::uint64_t a, std::uint64_t b) {
  return b != 0 && a > kMost / b ? kMost : a * b;
}

std::string_view WithoutEnd(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \r\n");
  return end == std::string_view::npos ? "" : text.substr(0, end + 1);
}

bool IsUtf8(std::string_view text) {
  while (!text.empty()) {
    const std::size_t length = CharacterLength(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::size_t ControlLength(std::string_view text) {
  const auto begins = [&](const Controls& row) {
    const std::size_t last = row.head.size();
    return text.size() > last && text.substr(0, last) == row.head &&
           Between(text[last], row.last_first, row.last_last);
  };
  const auto row = std::find_if(std::begin(kControls), std::end(kControls), begins);
  return row == std::end(kControls) ? 0 : row->head.size() + 1;
}

bool HasControls(std::string_view text) {
  for (; !text.empty(); text.remove_prefix(1)) {
    if (ControlLength(text) > 0) return true;
  }
  return false;
}

std::string EscapeForLog(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool plain = Between(c, 0x20, 0x7e) && c != '\\' && c != '"';
    if (plain) {
      line += c;
    } else {
      line += "\\x" + Hex({&c, 1});
    }
  }
  return line;
}

std::string Shorten(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  return std::string(text.substr(0, most)) + "...";
}

std::string Wrapped(std::string_view text, std::size_t width) {
  std::string lines;
  std::size_t column = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    const bool fits = column + 1 + end - begin <= width;
    if (column > 0) lines += fits ? ' ' : '\n';
    column = (column > 0 && fits ? column + 1 : 0) + end - begin;
    lines += text.substr(begin, end - begin);
    begin = end + 1;
  }
  return lines + "\n";
}

}  // namespace cvm::base
