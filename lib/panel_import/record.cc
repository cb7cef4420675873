#include "lib/panel_import/record.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "lib/audit/audit.h"
#include "lib/base/text.h"
#include "lib/panel_import/plan.h"
#include "lib/vps/vps.h"

namespace cvm::panel_import {
namespace {

using Ids = std::set<std::uint64_t>;

constexpr std::string_view kTraffic = "traffic_period";

// How a difference stands on record; one that is not here stands in its row.
struct Recorded {
  std::string_view what;
  std::string_view table;
  std::string_view action;
  const char* why;
};
constexpr Recorded kRecorded[] = {
    {"revoked", "api_tokens", "token-revoke", "not in the CVM panel"},
    {"in force again", "api_tokens", "token-restore", "in the CVM panel again"},
    {"terminated", "vpses", "terminate", "not in the CVM panel"},
    {kUserReused, "api_tokens", "token-revoke", "its user's ID is another's in the CVM panel"},
    {kKeyLeft, "api_tokens", "token-revoke", "its user's ID is another's in the CVM panel, for good"},
    {kKeyReused, "api_tokens", "token-purge", "its ID is another key's in the CVM panel"},
    {kVpsReused, "vpses", "vps-purge", "its ID is another's in the CVM panel"},
    {kVpsUserReused, "vpses", "vps-purge", "its user's ID is another's in the CVM panel"},
    {kStopPurged, "vpses", "stop-drop", "its VPS is purged, as an ID is another's in the CVM panel"},
    {kNodeOut, "vpses", "stop-drop", "its node is out of service"},
    {kContainerPassed, "vpses", "stop-drop", "its container is another VPS's"},
    {"changed", "users", "user-set", "as in the CVM panel"},
    {"changed", "templates", "template-set", "as in the CVM panel"},
    {"changed", "nodes", "node-set", "as in the CVM panel"},
    {"changed", "vpses", "vps-set", "as in the CVM panel"},
    {"changed", "api_tokens", "token-set", "as in the CVM panel"},
    {"changed", kTraffic, "traffic-set", "as in the CVM panel, in place of a correction made here"},
};

const Recorded* RecordedOf(const Difference& difference) {
  const auto* const found = std::find_if(
      std::begin(kRecorded), std::end(kRecorded),
      [&](const Recorded& one) { return one.what == difference.what && one.table == difference.table; });
  return found == std::end(kRecorded) ? nullptr : found;
}

// Adjusted by hand since the last import that changed anything. An import sets openings anew all the time, as
// the panel's figure grows.
Ids Corrected(db::Session& session) {
  const auto last =
      db::FindId(session, "SELECT id FROM action_log WHERE action = 'import' ORDER BY id DESC LIMIT 1", {});
  Ids ids;
  session.Query(
      "SELECT DISTINCT vps_id FROM action_log WHERE id > ? AND action = 'traffic-adjust' AND vps_id IS NOT "
      "NULL",
      {last.value_or(0)}, [&](const db::Row& row) { ids.insert(row.U64(0)); });
  return ids;
}

void AddId(Ids& ids, const Text& text) {
  if (const auto id = base::ParseU64(text.value_or(""))) ids.insert(*id);
}

// Whose the row was, and whose it is now. Nobody's: 0.
Ids OwnersOf(const Difference& difference, const Ours& ours) {
  Ids owners;
  const bool token = difference.table == TableOf(kTokens).name;
  const Rows& rows = ours.at(token ? kTokens : kVpses);
  const std::size_t owner = token ? std::size_t{token_row::kUser} : std::size_t{vps_row::kUser};
  const auto before = rows.find(difference.id);
  if (before != rows.end()) AddId(owners, before->second.values[owner]);
  for (const Change& change : difference.changes) {
    if (change.field == "user_id") AddId(owners, change.after);
  }
  if (owners.empty()) owners.insert(0);
  return owners;
}

std::vector<audit::Subject> SubjectsOf(const Difference& difference, const Ours& ours) {
  std::vector<audit::Subject> subjects;
  if (difference.table == TableOf(kUsers).name) return {{difference.id}};
  if (difference.table == TableOf(kTokens).name) {
    for (const std::uint64_t owner : OwnersOf(difference, ours)) subjects.push_back({owner, difference.id});
  } else if (difference.table == TableOf(kVpses).name || difference.table == kTraffic) {
    for (const std::uint64_t owner : OwnersOf(difference, ours))
      subjects.push_back({owner, 0, difference.id});
  }
  return subjects;
}

// What a change of a VPS's state is as an action, as if it were asked for here; nullptr: none.
const char* ActionOf(const Difference& difference) {
  if (difference.table != TableOf(kVpses).name || difference.what != "changed") return nullptr;
  for (const Change& change : difference.changes) {
    if (change.field != "state") continue;
    if (change.after == Text(vps::StateName(vps::State::kSuspended))) return "suspend";
    if (change.after == Text(vps::StateName(vps::State::kTerminated))) return "terminate";
  }
  return nullptr;
}

void Put(db::Session& session, const Difference& difference, const Ours& ours, const audit::Actor& actor) {
  const Recorded* const recorded = RecordedOf(difference);
  if (recorded == nullptr) return;
  std::string detail = recorded->why;
  if (const std::string text = TextOf(difference); !text.empty()) detail += ": " + text;
  const auto subjects = SubjectsOf(difference, ours);
  // A stop that was sent before counts for less where such a record follows it.
  const char* const action = ActionOf(difference);
  for (const audit::Subject& subject : subjects) {
    audit::Note(session, actor, recorded->action, subject, detail);
    if (action != nullptr) audit::Note(session, actor, action, subject, recorded->why);
  }
  if (!subjects.empty()) return;
  audit::Note(session, actor, recorded->action, {},
              difference.table + " " + std::to_string(difference.id) + ", " + detail);
}

std::string Shown(const Text& text) {
  return text ? "\"" + *text + "\"" : "none";
}

}  // namespace

std::string TextOf(const Difference& difference) {
  std::string text = difference.hint;
  for (const Change& change : difference.changes) {
    text += (text.empty() ? "" : ", ") + change.field + " ";
    if (change.secret) {
      text += "(not shown)";
    } else if (difference.what == "added") {
      text += Shown(change.after);
    } else {
      text += Shown(change.before) + " → " + Shown(change.after);
    }
  }
  return text;
}

void PutOnRecord(db::Session& session, const Report& report, const Ours& ours, const Options& options) {
  const Ids corrected = Corrected(session);
  for (const Difference& difference : report.differences) {
    if (difference.table == kTraffic && corrected.count(difference.id) == 0) continue;
    Put(session, difference, ours, options.actor);
  }
  const std::string count = std::to_string(report.differences.size());
  const auto note = [&](const std::string& detail) {
    audit::Note(session, options.actor, "import", {}, detail);
  };
  if (options.final) note("cvm, ended: " + count + " differences");
  if (!options.final && !report.differences.empty()) note("cvm: " + count + " differences");
}

}  // namespace cvm::panel_import
