#include <rapidjson/document.h>
#include <rapidjson/error/en.h>

#include "lib/json/json.h"

namespace cvm::json {
namespace {

const rapidjson::Value& Node(const void* node) {
  return *static_cast<const rapidjson::Value*>(node);
}

}  // namespace

struct Document::State {
  rapidjson::Document document;
};

Document::Document(std::unique_ptr<State> state) : state_(std::move(state)) {}
Document::~Document() = default;
Document::Document(Document&&) noexcept = default;

base::Result<Document> Document::Parse(std::string_view text) {
  constexpr unsigned kFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseValidateEncodingFlag;
  // RapidJSON takes a NUL byte for the end of the text; in JSON there is none.
  const auto nul = text.find('\0');
  if (nul != std::string_view::npos) {
    return base::Error{base::ErrorCode::kInvalid, "not JSON at byte " + std::to_string(nul) + ": a NUL"};
  }
  auto state = std::make_unique<State>();
  state->document.Parse<kFlags>(text.data(), text.size());
  if (!state->document.HasParseError()) return Document(std::move(state));
  const auto where = std::to_string(state->document.GetErrorOffset());
  const std::string why = rapidjson::GetParseError_En(state->document.GetParseError());
  return base::Error{base::ErrorCode::kInvalid, "not JSON at byte " + where + ": " + why};
}

Value Document::root() const {
  return Value(static_cast<const rapidjson::Value*>(&state_->document));
}

bool Value::IsNull() const {
  return Node(node_).IsNull();
}

std::optional<std::uint64_t> Value::AsU64() const {
  if (!Node(node_).IsUint64()) return std::nullopt;
  return Node(node_).GetUint64();
}

std::optional<std::string_view> Value::AsText() const {
  const auto& node = Node(node_);
  if (!node.IsString()) return std::nullopt;
  return std::string_view(node.GetString(), node.GetStringLength());
}

std::optional<Value> Value::Member(std::string_view name) const {
  const auto& node = Node(node_);
  if (!node.IsObject()) return std::nullopt;
  const rapidjson::Value key(rapidjson::StringRef(name.data(), name.size()));
  const auto found = node.FindMember(key);
  if (found == node.MemberEnd()) return std::nullopt;
  return Value(&found->value);
}

std::optional<std::vector<Value>> Value::Elements() const {
  const auto& node = Node(node_);
  if (!node.IsArray()) return std::nullopt;
  std::vector<Value> elements;
  for (const auto& element : node.GetArray()) elements.push_back(Value(&element));
  return elements;
}

}  // namespace cvm::json
