// Checked reading of text from outside, and text made safe to show.
#ifndef CVM_LIB_BASE_TEXT_H_
#define CVM_LIB_BASE_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cvm::base {

// A plain decimal number below 2^64: digits only, no sign, no blank, no leading zero.
std::optional<std::uint64_t> ParseU64(std::string_view text);

// Whether `text` is digits alone, and so may be taken for an ID.
bool IsPlainNumber(std::string_view text);

// Sums and products that stop at 2^64-1 instead of wrapping.
std::uint64_t SaturatingAdd(std::uint64_t a, std::uint64_t b);
std::uint64_t SaturatingMultiply(std::uint64_t a, std::uint64_t b);

// `text` without the blanks and line ends behind it.
std::string_view WithoutEnd(std::string_view text);

// Whether `text` is well-formed UTF-8 (RFC 3629: shortest form, no surrogates).
bool IsUtf8(std::string_view text);

// The length of the control character that `text` begins with, 0 where there is none: C0, DEL, C1, or one
// that turns the direction of text around (Unicode's Bidi_Control).
std::size_t ControlLength(std::string_view text);

// Whether `text` has a control character.
bool HasControls(std::string_view text);

// `text` fit for one line of a log: control characters, bytes above 0x7e, backslashes and double quotes
// as \xHH, so that nothing in it can end the line or look like another field.
std::string EscapeForLog(std::string_view text);

// `text` cut to `most` bytes, with "..." where something was cut.
std::string Shorten(std::string_view text, std::size_t most);

// Lines of at most `width` bytes, broken at blanks, each ended by a line break; a longer word stands alone.
std::string Wrapped(std::string_view text, std::size_t width);

}  // namespace cvm::base

#endif  // CVM_LIB_BASE_TEXT_H_
