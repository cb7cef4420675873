#include "lib/panel_import/plan.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "lib/base/text.h"
#include "lib/vps/vps.h"

namespace cvm::panel_import {
namespace {

using Do = Step::Do;

constexpr std::size_t kLongestPublicToken = 64;  // the column's width

Change ChangeOf(const Column& column, const Text& before, const Text& after) {
  if (column.secret) return {column.name, std::nullopt, std::nullopt, true};
  return {column.name, before, after, false};
}

class Planner {
 public:
  Planner(const Wanted& wanted, const Ours& ours, const Periods& periods)
      : wanted_(wanted), ours_(ours), periods_(periods) {}

  Plan Take() {
    FindLeft();
    FindLiving();
    FindNewKeys();
    EndGone(kTokens, Do::kRevoke, "revoked");
    EndGone(kVpses, Do::kTerminate, "terminated");
    RestoreKeys();
    FreePublicTokens();
    MarkUsers();
    PurgeOfTheOneBefore();
    for (std::size_t kind = 0; kind < kKinds; ++kind) Compare(static_cast<Kind>(kind));
    Append(forgotten_);
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      Append(parked_.at(kind));
      Append(updated_.at(kind));
      Append(inserted_.at(kind));
    }
    DropStops();
    for (const Record& record : wanted_.records.at(kVpses)) CompareTraffic(record.id);
    return std::move(plan_);
  }

 private:
  using Steps = std::vector<Step>;

  void Append(Steps& steps) { std::move(steps.begin(), steps.end(), std::back_inserter(plan_.steps)); }

  void Differ(Kind kind, std::uint64_t id, const char* what, std::vector<Change> changes,
              std::string hint = "") {
    plan_.differences.push_back({TableOf(kind).name, id, what, std::move(changes), std::move(hint)});
  }

  // A pair that the panel no longer vouches for is revoked. A VPS is ended where its row is gone: one that is
  // there and cannot be taken over stays as it is.
  bool IsGone(Kind kind, std::uint64_t id) const {
    return kind == kVpses ? wanted_.in_panel.at(kind).count(id) == 0 : !IsWanted(kind, id);
  }

  bool IsWanted(Kind kind, std::uint64_t id) const { return FindWanted(kind, id) != nullptr; }

  const Record* FindWanted(Kind kind, std::uint64_t id) const {
    const auto& records = wanted_.records.at(kind);
    const auto found =
        std::lower_bound(records.begin(), records.end(), id,
                         [](const Record& record, std::uint64_t other) { return record.id < other; });
    return found == records.end() || found->id != id ? nullptr : &*found;
  }

  void FindNewKeys() {
    for (const Record& record : wanted_.records.at(kTokens)) {
      const auto before = ours_.at(kTokens).find(record.id);
      if (before == ours_.at(kTokens).end() || !before->second.imported) continue;
      if (IsAnotherKey(before->second, record)) plan_.new_keys.insert(record.id);
    }
  }

  // What an import revoked, and comes back with another public token as another user's. With the same user it
  // may never have been gone: what is odd or doubled for one sync is revoked as well.
  bool IsAnotherKey(const Existing& before, const Record& now) const {
    const bool given_on = before.values[token_row::kUser] != now.values[token_row::kUser];
    const bool ended = before.marked && before.out_of_force;
    if (!(ended && given_on) && !IsOfTheOneBefore(before, token_row::kUser)) return false;
    const Text& is = now.values[token_row::kPublic];
    const Text& was = before.values[token_row::kPublic];
    return was != is && was != Text(FormerToken(is.value_or(""), now.id));
  }

  void EndGone(Kind kind, Do what, const char* word) {
    for (const auto& [id, existing] : ours_.at(kind)) {
      if (!existing.imported || existing.out_of_force || !IsGone(kind, id)) continue;
      plan_.steps.push_back({what, kind, {id, {}}});
      Differ(kind, id, word, {});
    }
  }

  // A panel may lack a key for one sync alone: what an import revoked is good again with the panel's word.
  void RestoreKeys() {
    for (const auto& [id, existing] : ours_.at(kTokens)) {
      if (!existing.imported || !existing.ended_by_import || IsGone(kTokens, id)) continue;
      if (plan_.new_keys.count(id) > 0 || IsLeftOver(id, existing)) continue;
      plan_.steps.push_back({Do::kRestore, kTokens, {id, {}}});
      Differ(kTokens, id, "in force again", {});
    }
  }

  // The ID of a user that was gone may be given to another, for whom the pairs of the one before are not.
  void MarkUsers() {
    for (const auto& [id, existing] : ours_.at(kUsers)) {
      const bool gone = wanted_.in_panel.at(kUsers).count(id) == 0;
      if (existing.imported && gone && !existing.marked) plan_.steps.push_back({Do::kLose, kUsers, {id, {}}});
    }
    for (const Record& record : wanted_.records.at(kUsers)) {
      const auto before = ours_.at(kUsers).find(record.id);
      if (before == ours_.at(kUsers).end() || !before->second.marked) continue;
      plan_.steps.push_back({Do::kFind, kUsers, {record.id, {}}});
    }
    RevokeMadeHere();
    RevokeLeftOver();
  }

  // A key that the panel has for the new holder of a user's ID and had for the one before, who knows its
  // private token; or that it may have again.
  bool IsLeftOver(std::uint64_t id, const Existing& existing) const {
    if (!existing.imported || !IsOfTheOneBefore(existing, token_row::kUser)) return false;
    const Record* const now = FindWanted(kTokens, id);
    const bool given_on =
        now != nullptr && now->values[token_row::kUser] != existing.values[token_row::kUser];
    return !given_on && plan_.new_keys.count(id) == 0;
  }

  void RevokeLeftOver() {
    for (const auto& [id, existing] : ours_.at(kTokens)) {
      if (!IsLeftOver(id, existing) || existing.RevokedHere()) continue;
      plan_.steps.push_back({Do::kRevokeForGood, kTokens, {id, {}}});
      const bool there = wanted_.in_panel.at(kTokens).count(id) > 0;
      Differ(kTokens, id, kKeyLeft, {},
             there ? "the new holder needs a key that is made anew in the panel" : "");
    }
  }

  void RevokeMadeHere() {
    for (const auto& [id, existing] : ours_.at(kTokens)) {
      const bool here = !existing.imported && !existing.out_of_force;
      if (!here || !IsOfTheOneBefore(existing, token_row::kUser)) continue;
      plan_.steps.push_back({Do::kRevokeHere, kTokens, {id, {}}});
      Differ(kTokens, id, kUserReused, {});
    }
  }

  // The new holder of a user's ID is shown nothing of the one before. Whose the container of one that lives
  // is the panel says.
  void PurgeOfTheOneBefore() {
    for (const auto& [id, existing] : ours_.at(kVpses)) {
      const bool ended = existing.out_of_force || IsGone(kVpses, id);
      if (!existing.imported || !ended || IsWanted(kVpses, id)) continue;
      if (IsOfTheOneBefore(existing, vps_row::kUser)) Purge(id, existing, kVpsUserReused);
    }
  }

  // A stop that is due is remembered nowhere else, and does not hold up the new holder of the ID.
  void Purge(std::uint64_t id, const Existing& existing, const char* why) {
    if (existing.marked) GiveUpStop(id, existing);
    forgotten_.push_back({Do::kPurge, kVpses, {id, {}}});
    purged_.insert(id);
    Differ(kVpses, id, why, {}, WhatOf(existing));
  }

  // As `cvmctl vps purge` has it on record: nothing else tells afterwards where the container is.
  static std::string WhatOf(const Existing& vps) {
    const auto& [node, ctid] = ContainerOf(vps.values);
    std::string what = vps.values[vps_row::kHostname].value_or("");
    return what.append(", container ")
        .append(ctid.value_or(""))
        .append(" on node ")
        .append(node.value_or(""));
  }

  void GiveUpStop(std::uint64_t id, const Existing& existing) {
    const auto& [node, ctid] = ContainerOf(existing.values);
    if (living_.count({node, ctid}) > 0) return Differ(kVpses, id, kContainerPassed, {});
    const auto row = ours_.at(kNodes).find(base::ParseU64(node.value_or("")).value_or(0));
    const Text name = row == ours_.at(kNodes).end() ? Text() : row->second.values[node_row::kName];
    std::string look = "container " + ctid.value_or("") + " of node \"" + name.value_or("");
    look.append("\" (").append(node.value_or("")).append(") may run on");
    Differ(kVpses, id, kStopPurged, {}, std::move(look));
  }

  // A panel that mends a doubled public token may keep the newer of the two keys. What is left of the older
  // one here shows in the records under a public token that nobody can present.
  void FreePublicTokens() {
    std::set<Text> wanted;
    for (const Record& record : wanted_.records.at(kTokens)) wanted.insert(record.values[token_row::kPublic]);
    for (const auto& [id, existing] : ours_.at(kTokens)) {
      const Text& held = existing.values[token_row::kPublic];
      const bool gone = wanted_.in_panel.at(kTokens).count(id) == 0;
      if (!existing.imported || !gone || existing.RevokedHere() || wanted.count(held) == 0) continue;
      const Text freed = FormerToken(held.value_or(""), id);
      plan_.steps.push_back({Do::kFree, kTokens, {id, {freed}}});
      Differ(kTokens, id, "changed", {ChangeOf(TableOf(kTokens).columns[token_row::kPublic], held, freed)});
    }
  }

  // No token holds a comma; the ID makes it the only one.
  static std::string FormerToken(const std::string& token, std::uint64_t id) {
    const std::string mark = "," + std::to_string(id);
    return token.substr(0, kLongestPublicToken - mark.size()) + mark;
  }

  void Compare(Kind kind) {
    for (const Record& record : wanted_.records.at(kind)) {
      const auto found = ours_.at(kind).find(record.id);
      if (found == ours_.at(kind).end()) {
        Add(kind, record);
      } else if (!found->second.imported) {
        plan_.held.push_back(std::string(TableOf(kind).name) + " " + std::to_string(record.id));
      } else if (kind == kVpses && IsReusedVps(found->second, record)) {
        Renew(record, found->second);
      } else if (kind == kTokens && plan_.new_keys.count(record.id) > 0) {
        RenewKey(record);
      } else if (found->second.values != record.values) {
        Alter(kind, record, found->second);
      }
    }
  }

  // What was terminated and lives as another user's is another VPS: what was counted is nothing of its own.
  // One that stays terminated was handed over.
  bool IsReusedVps(const Existing& before, const Record& now) const {
    if (!before.out_of_force || IsIn(vps::State::kTerminated, now.values)) return false;
    const bool same = before.values[vps_row::kUser] == now.values[vps_row::kUser];
    return !same || IsOfTheOneBefore(before, vps_row::kUser);
  }

  // Of a row whose user's ID is another's now; `user`: the column.
  bool IsOfTheOneBefore(const Existing& existing, std::size_t user) const {
    const auto id = base::ParseU64(existing.values[user].value_or(""));
    return id && wanted_.reused_users.count(*id) > 0;
  }

  void Renew(const Record& record, const Existing& before) {
    Purge(record.id, before, kVpsReused);
    Add(kVpses, record);
  }

  void RenewKey(const Record& record) {
    forgotten_.push_back({Do::kPurge, kTokens, {record.id, {}}});
    Differ(kTokens, record.id, kKeyReused, {});
    Add(kTokens, record);
  }

  void Add(Kind kind, const Record& record) {
    const auto& columns = TableOf(kind).columns;
    std::vector<Change> changes;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (record.values[i] && !columns[i].secret) {
        changes.push_back(ChangeOf(columns[i], std::nullopt, record.values[i]));
      }
    }
    inserted_.at(kind).push_back({Do::kInsert, kind, record});
    Differ(kind, record.id, "added", std::move(changes));
  }

  void Alter(Kind kind, const Record& record, const Existing& existing) {
    const auto& columns = TableOf(kind).columns;
    std::vector<Change> changes;
    bool unique = false;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (existing.values[i] == record.values[i]) continue;
      unique = unique || columns[i].unique;
      changes.push_back(ChangeOf(columns[i], existing.values[i], record.values[i]));
    }
    if (kind == kVpses && Moves(existing, record)) forgotten_.push_back({Do::kForget, kind, {record.id, {}}});
    if (unique) parked_.at(kind).push_back({Do::kPark, kind, {record.id, {}}});
    updated_.at(kind).push_back({Do::kUpdate, kind, record});
    if (kind == kVpses && IsHalted(record, existing)) {
      updated_.at(kind).push_back({Do::kStop, kind, {record.id, {}}});
      halted_.insert(record.id);
    }
    Differ(kind, record.id, "changed", std::move(changes));
  }

  // The panel stops what it suspends, but until this sync the customer could start it here. A change of the
  // state is seen once, so what was stopped for it is not due again.
  static bool IsHalted(const Record& record, const Existing& existing) {
    const Text& state = record.values[vps_row::kState];
    return state != existing.values[vps_row::kState] && !IsIn(vps::State::kActive, record.values);
  }

  // What its counters showed until the first reading at its new place stands in the panel's figure already.
  static bool Moves(const Existing& before, const Record& after) {
    return ContainerOf(before.values) != ContainerOf(after.values);
  }

  // A VPS as this run leaves it.
  struct Left {
    const std::vector<Text>& values;
    bool terminated;
  };
  using Container = Occupied::key_type;

  static Container ContainerOf(const std::vector<Text>& values) {
    return {values[vps_row::kNode], values[vps_row::kCtid]};
  }

  void FindLeft() {
    for (const Record& record : wanted_.records.at(kVpses)) {
      left_.insert({record.id, {record.values, IsIn(vps::State::kTerminated, record.values)}});
    }
    for (const auto& [id, existing] : ours_.at(kVpses)) {
      const bool gone = existing.imported && IsGone(kVpses, id);
      left_.insert({id, {existing.values, existing.out_of_force || gone}});
    }
  }

  // A row of the panel that is not imported, for whatever reason, may be of a customer's all the same.
  void FindLiving() {
    living_ = wanted_.occupied;
    for (const auto& [id, vps] : left_) {
      if (!vps.terminated) living_[ContainerOf(vps.values)].insert(id);
    }
  }

  // Those that were due before, and those of this run.
  void DropStops() {
    for (const auto& [id, existing] : ours_.at(kVpses)) {
      if (purged_.count(id) > 0 || (!existing.marked && halted_.count(id) == 0)) continue;
      const char* const why = WhyNeverStopped(id, left_.at(id));
      if (why == nullptr) continue;
      plan_.steps.push_back({Do::kDrop, kVpses, {id, {}}});
      Differ(kVpses, id, why, {});
    }
  }

  // The panel may show the VPS's own row odd for one sync alone.
  bool IsOfAnother(const Container& container, std::uint64_t id) const {
    const auto found = living_.find(container);
    return found != living_.end() && found->second.size() > found->second.count(id);
  }

  // To one that this run makes active no stop is due anyway.
  const char* WhyNeverStopped(std::uint64_t id, const Left& vps) const {
    if (!vps.terminated && IsIn(vps::State::kActive, vps.values)) return nullptr;
    const auto node = ours_.at(kNodes).find(base::ParseU64(*vps.values[vps_row::kNode]).value_or(0));
    if (node != ours_.at(kNodes).end() && node->second.out_of_force) return kNodeOut;
    return vps.terminated && IsOfAnother(ContainerOf(vps.values), id) ? kContainerPassed : nullptr;
  }

  // The API shows the panel's figure; what we counted ourselves is in it.
  void CompareTraffic(std::uint64_t id) {
    const traffic::Bytes& used = wanted_.used.at(id);
    const auto found = periods_.find(id);
    const bool none = found == periods_.end() || purged_.count(id) > 0;
    const traffic::Period now = none ? traffic::Period() : found->second;
    const traffic::Bytes opening = now.OpeningFor(used);
    std::vector<Change> changes;
    const auto compare = [&](const char* field, std::uint64_t before, std::uint64_t after) {
      if (before != after) changes.push_back({field, std::to_string(before), std::to_string(after)});
    };
    compare("opening_in", now.opening.in, opening.in);
    compare("opening_out", now.opening.out, opening.out);
    if (changes.empty()) return;
    plan_.steps.push_back({Do::kOpening, kVpses, {id, {}}, used});
    plan_.differences.push_back({"traffic_period", id, "changed", std::move(changes)});
  }

  const Wanted& wanted_;
  const Ours& ours_;
  const Periods& periods_;
  Steps forgotten_;
  std::map<std::uint64_t, Left> left_;  // by ID
  Occupied living_;                     // at this run's end
  std::set<std::uint64_t> halted_, purged_;
  std::array<Steps, kKinds> parked_, updated_, inserted_;
  Plan plan_;
};

}  // namespace

Plan MakePlan(const Wanted& wanted, const Ours& ours, const Periods& periods) {
  return Planner(wanted, ours, periods).Take();
}

}  // namespace cvm::panel_import
