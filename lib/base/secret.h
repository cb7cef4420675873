// A secret: text that cannot be copied, printed or compared with ==, and is wiped when it dies.
#ifndef CVM_LIB_BASE_SECRET_H_
#define CVM_LIB_BASE_SECRET_H_

#include <ostream>
#include <string>
#include <string_view>

namespace cvm::base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept { *this = std::move(other); }
  Secret& operator=(Secret&& other) noexcept;
  ~Secret() { Wipe(); }

  bool empty() const { return text_.empty(); }
  // The text itself: for the library call that needs it, never for a log line or a message.
  const std::string& Reveal() const { return text_; }
  // A second owner, made on purpose.
  Secret Clone() const { return Secret(text_); }

  bool operator==(const Secret&) const = delete;
  friend std::ostream& operator<<(std::ostream&, const Secret&) = delete;

 private:
  void Wipe();
  std::string text_;
};

// Whether two byte strings are equal, in a time that depends on their lengths only.
bool EqualInConstantTime(std::string_view a, std::string_view b);

}  // namespace cvm::base

#endif  // CVM_LIB_BASE_SECRET_H_
