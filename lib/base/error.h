// What can go wrong, as a value: the one error type that crosses the borders of modules.
//
// A message is written for the operator: what happened, to what, and where it helps what to do next. It
// never reaches a customer (lib/api has words of its own) and never holds a secret.
#ifndef CVM_LIB_BASE_ERROR_H_
#define CVM_LIB_BASE_ERROR_H_

#include <cstdlib>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace cvm::base {

enum class ErrorCode {
  kInvalid,      // data from outside was refused
  kNotFound,     // the thing named is not there
  kConflict,     // something that exists stands in the way
  kUnavailable,  // a server cannot be reached or is out of capacity; nothing was done
  kOverloaded,   // capacity is used up for now; nothing was done, and a later try may do better
  kBroken,       // the exchange broke after the request was sent: whether it was done is not known
  kInternal,     // a server answered what it never should
};

// The field's word for a code, for logs and `--json` ("not-found").
const char* CodeName(ErrorCode code);

struct Error {
  ErrorCode code;
  std::string message;
};

// A value or an Error. Asking for the one that is not there is a bug of ours and aborts.
template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  T& operator*() & { return *Require(std::get_if<0>(&state_)); }
  const T& operator*() const& { return *Require(std::get_if<0>(&state_)); }
  T&& operator*() && { return std::move(*Require(std::get_if<0>(&state_))); }
  T* operator->() { return Require(std::get_if<0>(&state_)); }
  const T* operator->() const { return Require(std::get_if<0>(&state_)); }
  const Error& error() const { return *Require(std::get_if<1>(&state_)); }

 private:
  template <class P>
  static P* Require(P* pointer) {
    if (pointer == nullptr) std::abort();
    return pointer;
  }
  std::variant<T, Error> state_;
};

// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    if (ok()) std::abort();
    return *error_;
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

// A check of our own logic: prints what was broken and aborts. Data from outside is never checked with it.
void FatalAssert(bool holds, const char* what);

}  // namespace cvm::base

#endif  // CVM_LIB_BASE_ERROR_H_
