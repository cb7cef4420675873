// JSON written and read: the one door to RapidJSON. Below api, because the node driver reads what vzlist
// prints and cvmctl writes its `--json` answers with it too. Nothing here is shared between threads.
#ifndef CVM_LIB_JSON_JSON_H_
#define CVM_LIB_JSON_JSON_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/base/error.h"

namespace cvm::json {

// Builds one document, front to back, on one line, with a blank after each colon and comma: the API's
// reference gives some bodies word by word in that form. The caller keeps the nesting right; Take() aborts
// where a bracket is still open. Strings are UTF-8; a byte sequence that is not is written as U+FFFD, so that
// the document is always valid.
class Writer {
 public:
  Writer();
  ~Writer();
  Writer(Writer&&) noexcept;

  Writer& BeginObject();
  Writer& EndObject();
  Writer& BeginArray();
  Writer& EndArray();
  Writer& Key(std::string_view name);
  Writer& Text(std::string_view value);
  Writer& Number(std::uint64_t value);
  Writer& Bool(bool value);
  Writer& Null();

  // A member whose value is a string; a number in decimal digits, as the API shows every number.
  Writer& Member(std::string_view name, std::string_view value) { return Key(name).Text(value); }
  Writer& Member(std::string_view name, std::uint64_t value) { return Key(name).Text(std::to_string(value)); }

  // The document. The writer is used up.
  std::string Take();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One value of a parsed document. Lives no longer than its Document. Every look-up says nothing where the
// type is another, so that a document of any shape is safe to walk.
class Value {
 public:
  bool IsNull() const;
  std::optional<std::uint64_t> AsU64() const;  // an integer of 0 to 2^64-1, exactly
  std::optional<std::string_view> AsText() const;
  std::optional<Value> Member(std::string_view name) const;  // the first of that name
  std::optional<std::vector<Value>> Elements() const;        // of an array

 private:
  friend class Document;
  explicit Value(const void* node) : node_(node) {}
  const void* node_;
};

// A whole document, parsed without recursion: depth of nesting costs no stack.
class Document {
 public:
  // kInvalid with the offset of the fault where `text` is not exactly one JSON value.
  static base::Result<Document> Parse(std::string_view text);
  ~Document();
  Document(Document&&) noexcept;

  Value root() const;

 private:
  struct State;
  explicit Document(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cvm::json

#endif  // CVM_LIB_JSON_JSON_H_
