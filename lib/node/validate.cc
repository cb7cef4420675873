#include "lib/node/validate.h"

#include <string>
#include <string_view>

#include "lib/base/text.h"

namespace cvm::node {
namespace {

#define CVM_LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define CVM_DIGITS "0123456789"

bool IsShortText(std::string_view text) {
  return text.size() <= 190 && base::IsUtf8(text) && !base::HasControls(text);
}

bool IsName(const Node& node) {
  return !node.name.empty() && IsShortText(node.name);
}

bool IsLocation(const Node& node) {
  return IsShortText(node.location);
}

// A word of `characters` that does not begin with one of `not_first`, so that it can be no option or path.
bool IsWord(std::string_view text, std::size_t most, std::string_view characters,
            std::string_view not_first) {
  return !text.empty() && text.size() <= most && not_first.find(text[0]) == std::string_view::npos &&
         text.find_first_not_of(characters) == std::string_view::npos;
}

bool IsHost(const Node& node) {
  return IsWord(node.endpoint.host, 253, CVM_LETTERS CVM_DIGITS "._:-", "-");
}

bool IsPort(const Node& node) {
  return node.endpoint.port != 0;
}

bool IsUser(const Node& node) {
  return IsWord(node.endpoint.user, 32, CVM_LETTERS CVM_DIGITS "._-", "-." CVM_DIGITS);
}

bool IsKeyName(const Node& node) {
  return IsWord(node.endpoint.key_name, 64, CVM_LETTERS CVM_DIGITS "._-", "-.");
}

struct Rule {
  bool (*holds)(const Node&);
  const char* otherwise;
};
constexpr Rule kRules[] = {
    {IsName, "a node's name is 1 to 190 bytes of UTF-8 without control characters"},
    {IsLocation, "a node's location is at most 190 bytes of UTF-8 without control characters"},
    {IsHost, "a node's host is a name or an address: letters, digits and ._:- , at most 253, no leading -"},
    {IsPort, "a node's port is a number from 1 to 65535"},
    {IsUser, "a node's user is 1 to 32 letters, digits and ._- , beginning with a letter or _"},
    {IsKeyName, "a key's name is a file name of 1 to 64 letters, digits and ._- , beginning with none of .-"},
};

}  // namespace

base::Status ValidateNode(const Node& node) {
  for (const Rule& rule : kRules) {
    if (!rule.holds(node)) return base::Error{base::ErrorCode::kInvalid, rule.otherwise};
  }
  return {};
}

}  // namespace cvm::node
