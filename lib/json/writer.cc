#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>

#include "lib/base/text.h"
#include "lib/json/json.h"

namespace cvm::json {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// `text` with every byte that belongs to no UTF-8 character replaced.
std::string Mended(std::string_view text) {
  std::string mended;
  while (!text.empty()) {
    std::size_t length = 1;
    while (length <= 4 && length <= text.size() && !base::IsUtf8(text.substr(0, length))) ++length;
    const bool character = length <= 4 && length <= text.size();
    mended += character ? text.substr(0, length) : kReplacement;
    text.remove_prefix(character ? length : 1);
  }
  return mended;
}

// A stream that sets a blank after each colon and comma outside strings.
class SpacedStream {
 public:
  using Ch = char;

  void Put(char c) {
    buffer_.Put(c);
    if (escaped_) {
      escaped_ = false;
    } else if (c == '"') {
      in_string_ = !in_string_;
    } else if (in_string_) {
      escaped_ = c == '\\';
    } else if (c == ':' || c == ',') {
      buffer_.Put(' ');
    }
  }
  void Flush() {}
  std::string Text() const { return {buffer_.GetString(), buffer_.GetSize()}; }

 private:
  rapidjson::StringBuffer buffer_;
  bool in_string_ = false;
  bool escaped_ = false;
};

}  // namespace

struct Writer::State {
  SpacedStream stream;
  rapidjson::Writer<SpacedStream> writer{stream};

  void Text(std::string_view value) {
    base::FatalAssert(value.size() < UINT32_MAX, "JSON string too long");
    writer.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
  }
};

Writer::Writer() : state_(std::make_unique<State>()) {}
Writer::~Writer() = default;
Writer::Writer(Writer&&) noexcept = default;

Writer& Writer::BeginObject() {
  state_->writer.StartObject();
  return *this;
}

Writer& Writer::EndObject() {
  state_->writer.EndObject();
  return *this;
}

Writer& Writer::BeginArray() {
  state_->writer.StartArray();
  return *this;
}

Writer& Writer::EndArray() {
  state_->writer.EndArray();
  return *this;
}

Writer& Writer::Key(std::string_view name) {
  return Text(name);
}

Writer& Writer::Text(std::string_view value) {
  if (base::IsUtf8(value)) {
    state_->Text(value);
  } else {
    state_->Text(Mended(value));
  }
  return *this;
}

Writer& Writer::Number(std::uint64_t value) {
  state_->writer.Uint64(value);
  return *this;
}

Writer& Writer::Bool(bool value) {
  state_->writer.Bool(value);
  return *this;
}

Writer& Writer::Null() {
  state_->writer.Null();
  return *this;
}

std::string Writer::Take() {
  base::FatalAssert(state_->writer.IsComplete(), "JSON document taken before its last bracket");
  return state_->stream.Text();
}

}  // namespace cvm::json
