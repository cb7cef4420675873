// A container's ID on its node, as vzctl takes it: a number of 1 to 2147483647. (0 is the node itself.)
#ifndef CVM_LIB_BASE_CTID_H_
#define CVM_LIB_BASE_CTID_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lib/base/text.h"

namespace cvm::base {

class Ctid {
 public:
  static std::optional<Ctid> Parse(std::string_view text) {
    const auto number = ParseU64(text);
    return number ? FromNumber(*number) : std::nullopt;
  }
  static std::optional<Ctid> FromNumber(std::uint64_t number) {
    if (number < 1 || number > 2147483647) return std::nullopt;
    return Ctid(static_cast<std::uint32_t>(number));
  }

  std::uint32_t number() const { return number_; }
  std::string text() const { return std::to_string(number_); }
  friend bool operator==(Ctid a, Ctid b) { return a.number_ == b.number_; }
  friend bool operator<(Ctid a, Ctid b) { return a.number_ < b.number_; }

 private:
  explicit Ctid(std::uint32_t number) : number_(number) {}
  std::uint32_t number_;
};

}  // namespace cvm::base

#endif  // CVM_LIB_BASE_CTID_H_
