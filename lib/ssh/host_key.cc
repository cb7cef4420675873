// Public host keys: what is accepted, their wire form (RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4) and names.
#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/crypto.h"
#include "lib/base/error.h"
#include "lib/base/text.h"
#include "lib/ssh/ssh.h"

namespace cvm::ssh {
namespace {

// A type of key: the fields that its wire form has after the type's name.
struct KeyShape {
  const char* type;
  const char* curve;       // the first field, where there is one to name the curve
  std::size_t fields;      // after the curve
  std::size_t point_size;  // bytes of the last field; 0: any
};
constexpr KeyShape kShapes[] = {
    {"ssh-ed25519", "", 1, 32},
    {"ecdsa-sha2-nistp256", "nistp256", 1, 65},
    {"ecdsa-sha2-nistp384", "nistp384", 1, 97},
    {"ecdsa-sha2-nistp521", "nistp521", 1, 133},
    {"ssh-rsa", "", 2, 0},
};
constexpr std::size_t kLongestBlob = 2048;  // what a row of node_host_keys holds
constexpr std::string_view kBlanks = " \t\r\n";

const KeyShape* FindShape(std::string_view type) {
  const auto shape =
      std::find_if(std::begin(kShapes), std::end(kShapes), [&](const KeyShape& s) { return s.type == type; });
  return shape == std::end(kShapes) ? nullptr : shape;
}

// Takes one length-prefixed string off the front of `wire`.
std::optional<std::string_view> TakeString(std::string_view& wire) {
  if (wire.size() < 4) return std::nullopt;
  std::size_t length = 0;
  for (const char c : wire.substr(0, 4)) length = length << 8 | static_cast<unsigned char>(c);
  if (length > wire.size() - 4) return std::nullopt;
  const std::string_view field = wire.substr(4, length);
  wire.remove_prefix(4 + length);
  return field;
}

bool HasShape(std::string_view wire, const KeyShape& shape) {
  if (TakeString(wire) != shape.type) return false;
  if (*shape.curve != '\0' && TakeString(wire) != shape.curve) return false;
  std::string_view last;
  for (std::size_t i = 0; i < shape.fields; ++i) {
    const auto field = TakeString(wire);
    if (!field || field->empty()) return false;
    last = *field;
  }
  return wire.empty() && (shape.point_size == 0 || last.size() == shape.point_size);
}

// Takes one blank-separated word off the front of `text`.
std::string_view TakeWord(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  const std::size_t end = std::min(text.find_first_of(kBlanks, begin), text.size());
  const std::string_view word = text.substr(begin, end - begin);
  text.remove_prefix(end);
  return word;
}

base::Error Invalid(const std::string& what) {
  return {base::ErrorCode::kInvalid, what};
}

std::string KnownTypes() {
  std::string list;
  for (const std::string& type : HostKeyTypes()) list += (list.empty() ? "" : ", ") + type;
  return list;
}

}  // namespace

const std::vector<std::string>& HostKeyTypes() {
  static const std::vector<std::string> types = [] {
    std::vector<std::string> all;
    for (const KeyShape& shape : kShapes) all.emplace_back(shape.type);
    return all;
  }();
  return types;
}

base::Result<HostKey> HostKey::Parse(std::string_view line) {
  const std::string_view trimmed = line.substr(0, line.find_last_not_of(kBlanks) + 1);
  if (base::HasControls(trimmed)) return Invalid("a host key is one line, without control characters");
  std::string_view rest = trimmed;
  const std::string_view type_word = TakeWord(rest);
  const std::string_view blob_word = TakeWord(rest);
  const KeyShape* shape = FindShape(type_word);
  if (shape == nullptr) {
    return Invalid("a host key begins with its type, one of " + KnownTypes() + "; not with \"" +
                   base::EscapeForLog(base::Shorten(type_word, 40)) + "\"");
  }
  if (blob_word.size() > kLongestBlob) return Invalid("the host key is too long");
  const auto wire = base::DecodeBase64(blob_word);
  if (!wire) return Invalid("the host key's second word is not Base64");
  if (!HasShape(*wire, *shape)) {
    return Invalid("the host key is damaged, or not of type " + std::string(type_word));
  }
  return HostKey{std::string(type_word), std::string(blob_word)};
}

std::string HostKey::Fingerprint() const {
  std::string digest = base::Base64(base::Sha256(base::DecodeBase64(blob).value_or("")));
  digest.resize(digest.find_last_not_of('=') + 1);
  return "SHA256:" + digest;
}

}  // namespace cvm::ssh
