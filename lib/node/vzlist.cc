#include "lib/node/vzlist.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "lib/json/json.h"

namespace cvm::node {
namespace {

struct StatusWord {
  std::string_view word;
  bool running;
};
constexpr StatusWord kStatusWords[] = {
    {"running", true}, {"stopped", false}, {"mounted", false}, {"suspended", false}};

base::Error Malformed(const std::string& what) {
  return {base::ErrorCode::kInternal, "vzlist's answer is malformed: " + what};
}

std::optional<bool> ReadStatus(const json::Value& entry) {
  const auto member = entry.Member("status");
  const auto word = member ? member->AsText() : std::nullopt;
  const auto known = std::find_if(std::begin(kStatusWords), std::end(kStatusWords),
                                  [&](const StatusWord& s) { return word == s.word; });
  return known == std::end(kStatusWords) ? std::nullopt : std::optional<bool>(known->running);
}

std::optional<base::Ctid> ReadCtid(const json::Value& entry) {
  const auto member = entry.Member("ctid");
  const auto number = member ? member->AsU64() : std::nullopt;
  return number ? base::Ctid::FromNumber(*number) : std::nullopt;
}

// `figure` of the object `name`: 0 where the object is null, nothing where it is anything else.
std::optional<std::uint64_t> ReadFigure(const json::Value& entry, const char* name, const char* figure) {
  const auto object = entry.Member(name);
  if (!object) return std::nullopt;
  if (object->IsNull()) return 0;
  const auto member = object->Member(figure);
  return member ? member->AsU64() : std::nullopt;
}

// Without its figures a row says all that an action needs to know.
base::Result<VzlistRow> ReadRow(const json::Value& entry, base::Ctid ctid) {
  const auto running = ReadStatus(entry);
  if (!running) return Malformed("no known status for " + ctid.text());
  const auto pages = ReadFigure(entry, "physpages", "held");
  const auto blocks = ReadFigure(entry, "diskspace", "usage");
  if (pages && blocks) return VzlistRow{*running, *pages, *blocks, ""};
  const std::string which = pages ? "diskspace" : "physpages";
  return VzlistRow{*running, 0, 0, Malformed("no proper " + which + " for " + ctid.text()).message};
}

}  // namespace

base::Result<std::optional<VzlistRow>> VzlistRows::Find(base::Ctid ctid) const {
  const auto found = rows_.find(ctid);
  if (found == rows_.end()) {
    if (nameless_) return Malformed("a row without a proper ctid, and none for " + ctid.text());
    return std::optional<VzlistRow>();
  }
  if (!found->second.ok()) return found->second.error();
  return std::optional<VzlistRow>(*found->second);
}

base::Result<VzlistRows> ParseVzlist(std::string_view text) {
  const auto document = json::Document::Parse(text);
  if (!document.ok()) return Malformed(document.error().message);
  const auto entries = document->root().Elements();
  if (!entries) return Malformed("not an array");
  VzlistRows rows;
  for (const json::Value& entry : *entries) {
    const auto ctid = ReadCtid(entry);
    if (!ctid) {
      rows.nameless_ = true;
      continue;
    }
    const auto [row, first] = rows.rows_.emplace(*ctid, ReadRow(entry, *ctid));
    if (!first) row->second = Malformed(ctid->text() + " is there twice");
  }
  return rows;
}

}  // namespace cvm::node
