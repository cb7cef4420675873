#include "lib/panel_import/import.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>
#include <utility>

#include "lib/base/text.h"
#include "lib/panel_import/mapping.h"
#include "lib/panel_import/panel.h"
#include "lib/panel_import/plan.h"
#include "lib/panel_import/record.h"
#include "lib/panel_import/tables.h"
#include "lib/traffic/ledger.h"
#include "lib/vps/vps.h"

namespace cvm::panel_import {
namespace {

using base::Error;
using base::ErrorCode;

// New rows of ours begin so far above the panel's IDs, which go on growing until the import is ended.
constexpr std::uint64_t kRoom = 1000000;
constexpr std::size_t kMostNamed = 20;
// Where a sync ends more than so many, and more than half, the panel has hardly meant it.
constexpr std::ptrdiff_t kFewEnded = 10;

struct State {
  bool begun = false;
  std::string database;
  std::optional<std::string> ended_at;
  bool terminated_seen = false;
};

State ReadState(db::Session& session) {
  State state;
  session.Query(
      "SELECT origin, DATE_FORMAT(ended_at, '%Y-%m-%d %H:%i:%s'), terminated_seen FROM imports "
      "WHERE source = 'cvm'",
      {}, [&](const db::Row& row) {
        state = {true, row.Text(0), row.MaybeText(1), row.U64(2) != 0};
      });
  return state;
}

base::Status CheckState(const State& state, const Options& options) {
  if (state.ended_at) {
    return Error{ErrorCode::kConflict, "the import from CVM was ended with --final on " + *state.ended_at +
                                           " UTC: its rows are ours now, and no import changes them"};
  }
  if (state.begun && state.database != options.database) {
    return Error{ErrorCode::kConflict, "the import was begun from the database '" + state.database +
                                           "': a sync from another one would end everything that it lacks"};
  }
  return {};
}

constexpr const char* kRights =
    " (cvmctl's account must be able to read the panel's tables: the GRANTs stand in the handbook under "
    "\"Moving from a CVM panel\")";

// Asked of our own database: a connect that is refused is logged and comes with advice for ours.
base::Status CheckRights(db::Pool& ours, const Options& options, base::Deadline deadline) {
  const auto seen = ours.Run(deadline, [&](db::Session& session) {
    return db::FindId(session, "SELECT COUNT(*) FROM information_schema.schemata WHERE schema_name = ?",
                      {options.database});
  });
  if (!seen) return seen.error();
  if (seen->value_or(0) > 0) return {};
  return Error{ErrorCode::kNotFound, "there is no database '" + options.database + "' to be seen" + kRights};
}

// A panel that is being restored, or was emptied, must not end all that was imported.
base::Status CheckPanel(const Panel& panel, const State& state) {
  if (panel.users.empty()) {
    return Error{ErrorCode::kInvalid, "the panel's database holds no users: nothing was imported or changed"};
  }
  if (state.terminated_seen && !panel.shows_terminated) {
    return Error{
        ErrorCode::kInvalid,
        "the panel's column containers.Terminated was there at an earlier import and is not to be seen "
        "now, so that what is terminated would come back to life: nothing was imported or changed; "
        "grant SELECT on it to the account of cvmctl"};
  }
  return {};
}

base::Result<const base::Secret*> SaltOf(const Panel& panel, const Options& options) {
  if (options.salt) return &*options.salt;
  if (panel.salts.size() == 1) return &panel.salts.front().value;
  if (!panel.salts.empty()) {
    std::string rows;
    for (const PanelSalt& salt : panel.salts) rows += (rows.empty() ? "" : ", ") + salt.id;
    return Error{ErrorCode::kInvalid, "the panel's settings hold different salts, in the rows " + rows +
                                          ": delete all but the right one, or give that by --salt-file"};
  }
  return Error{ErrorCode::kInvalid,
               "the panel's settings hold no salt: older versions keep it in a file; give it by --salt-file"};
}

base::Status CheckHeld(const Plan& plan) {
  if (plan.held.empty()) return {};
  std::string names;
  for (std::size_t i = 0; i < std::min(plan.held.size(), kMostNamed); ++i) {
    names += (i == 0 ? "" : ", ") + plan.held[i];
  }
  if (plan.held.size() > kMostNamed) names += ", …";
  return Error{ErrorCode::kConflict,
               "rows that were made here hold IDs that the panel has, so nothing was "
               "imported: " +
                   names};
}

// Whether something that is in force is not any more after this step.
bool Ends(const Step& step, const Ours& ours) {
  if (step.what == Step::Do::kRevoke || step.what == Step::Do::kTerminate) return true;
  if (step.what != Step::Do::kUpdate || step.kind != kVpses) return false;
  return IsIn(vps::State::kTerminated, step.record.values) &&
         !ours.at(kVpses).at(step.record.id).out_of_force;
}

// A table of the panel that is empty, or half filled, looks like one whose rows were all deleted.
std::vector<Note> MassEnds(const Plan& plan, const Ours& ours) {
  std::vector<Note> notes;
  for (const Kind kind : {kTokens, kVpses}) {
    const auto ended = std::count_if(plan.steps.begin(), plan.steps.end(),
                                     [&](const Step& step) { return step.kind == kind && Ends(step, ours); });
    const auto standing = std::count_if(ours.at(kind).begin(), ours.at(kind).end(), [](const auto& row) {
      return row.second.imported && !row.second.out_of_force;
    });
    if (ended <= kFewEnded || ended * 2 <= standing) continue;
    notes.push_back({TableOf(kind).panel_name, "all",
                     std::to_string(ended) + " of the " + std::to_string(standing) +
                         (kind == kTokens ? " imported pairs in force would be revoked"
                                          : " imported VPSes that live would be terminated")});
  }
  return notes;
}

base::Status CheckMassEnds(std::vector<Note> ends, const Options& options, std::vector<Note>& notes) {
  if (options.allow_mass_end || ends.empty()) return {};
  std::string all;
  for (Note& end : ends) {
    all += (all.empty() ? "" : ", and ") + end.text;
    end.text += ": refused without --allow-mass-end";
  }
  if (!options.dry_run) {
    return Error{ErrorCode::kInvalid,
                 all +
                     ", as by a panel that is only half restored: nothing was imported or "
                     "changed; see --dry-run, and where it is meant give --allow-mass-end"};
  }
  notes.insert(notes.end(), ends.begin(), ends.end());
  return {};
}

std::uint64_t Highest(const Wanted& wanted, Kind kind) {
  const auto& ids = wanted.in_panel.at(kind);
  return ids.empty() ? 0 : *ids.rbegin();
}

// ALTER TABLE ends a transaction, so this stands before the one that imports. The text holds numbers and
// names of ours alone.
void RaiseNumbers(db::Session& session, const Wanted& wanted) {
  for (std::size_t i = 0; i < kKinds; ++i) {
    const auto kind = static_cast<Kind>(i);
    const std::string table = TableOf(kind).name;
    std::uint64_t next = 0;
    session.Query(
        "SELECT COALESCE(auto_increment, 1) FROM information_schema.tables WHERE table_schema = DATABASE() "
        "AND "
        "table_name = ?",
        {table}, [&](const db::Row& row) { next = row.U64(0); });
    const std::uint64_t highest = Highest(wanted, kind);
    if (next >= highest + kRoom / 2) continue;
    const std::uint64_t raised = (highest / kRoom + 2) * kRoom;
    session.RunScriptStatement("ALTER TABLE " + table + " AUTO_INCREMENT = " + std::to_string(raised));
  }
}

// The nodes of the panel that have no pinned key, those that a dry run would add among them.
std::vector<Keyless> WithoutHostKey(db::Session& session, const Wanted& wanted, const Ours& ours) {
  std::set<std::uint64_t> pinned;
  session.Query("SELECT DISTINCT node_id FROM node_host_keys", {},
                [&](const db::Row& row) { pinned.insert(row.U64(0)); });
  std::vector<Keyless> keyless;
  for (const Record& record : wanted.records.at(kNodes)) {
    const auto existing = ours.at(kNodes).find(record.id);
    const bool retired = existing != ours.at(kNodes).end() && existing->second.out_of_force;
    if (retired || pinned.count(record.id) > 0) continue;
    keyless.push_back({record.id, record.values[node_row::kName].value_or("")});
  }
  return keyless;
}

// A revocation made here stays; what the panel shows as good is named.
void NoteRevoked(const Wanted& wanted, const Ours& ours, const Plan& plan, std::vector<Note>& notes) {
  for (const Record& record : wanted.records.at(kTokens)) {
    const auto found = ours.at(kTokens).find(record.id);
    if (found == ours.at(kTokens).end() || !found->second.RevokedHere()) continue;
    if (plan.new_keys.count(record.id) > 0) continue;
    notes.push_back({"api_keys", std::to_string(record.id), "revoked here, and stays so"});
  }
}

// Everything up to the hash itself: of "$5$rounds=N$SALT$HASH" what HASH was computed with.
std::string_view SaltedWith(std::string_view stored) {
  return stored.substr(0, stored.rfind('$') + 1);
}

// With another salt a token has another hash: where the hash stayed the pair was good before, or is now.
bool OnlySaltChanged(const Existing& before, const Record& after) {
  const std::string_view was = *before.values[token_row::kHash], is = *after.values[token_row::kHash];
  return SaltedWith(was) != SaltedWith(is) &&
         was.substr(SaltedWith(was).size()) == is.substr(SaltedWith(is).size());
}

void NoteSalt(const Wanted& wanted, const Ours& ours, std::vector<Note>& notes) {
  std::size_t count = 0;
  for (const Record& record : wanted.records.at(kTokens)) {
    const auto found = ours.at(kTokens).find(record.id);
    if (found == ours.at(kTokens).end() || found->second.RevokedHere()) continue;
    if (OnlySaltChanged(found->second, record)) ++count;
  }
  if (count == 0) return;
  notes.push_back({"settings", "salt",
                   "it changed since the last import while the hashes of pairs did not (" +
                       std::to_string(count) +
                       " of them): their tokens are good with one of the two salts alone, so try one "
                       "against the API; where it gets 401, import again with the salt from before, by "
                       "--salt-file"});
}

// A node that the panel uses again does not come back by itself: it was taken out of service by a person.
void NoteRetiredNodes(const Wanted& wanted, const Ours& ours, std::vector<Note>& notes) {
  for (const Record& record : wanted.records.at(kVpses)) {
    if (IsIn(vps::State::kTerminated, record.values)) continue;
    const auto node_id = base::ParseU64(record.values[vps_row::kNode].value_or(""));
    const auto node = ours.at(kNodes).find(node_id.value_or(0));
    if (node == ours.at(kNodes).end() || !node->second.out_of_force) continue;
    notes.push_back({"containers", std::to_string(record.id),
                     "its node \"" + node->second.values[node_row::kName].value_or("") +
                         "\" was taken out of service here, so that it has no status, no traffic and no "
                         "actions: move it in the panel, or bring the node back (see the handbook, \"Moving "
                         "from a CVM panel\")"});
  }
}

// What is no longer in the panel and stays here, in force.
void NoteLeft(const Wanted& wanted, const Ours& ours, std::vector<Note>& notes) {
  for (const Kind kind : {kUsers, kTemplates, kNodes}) {
    for (const auto& [id, existing] : ours.at(kind)) {
      if (!existing.imported || existing.out_of_force || wanted.in_panel.at(kind).count(id) > 0) continue;
      notes.push_back({TableOf(kind).panel_name, std::to_string(id), "gone from the panel; stays here"});
    }
  }
}

// The panel's word does not end them.
void NotePairsLeft(db::Session& session, const Wanted& wanted, std::vector<Note>& notes) {
  session.Query(
      "SELECT t.id, u.id, u.name FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.source IS NULL "
      "AND u.source = 'cvm' AND t.revoked_at IS NULL AND u.disabled = 0 AND "
      "(t.expires_at IS NULL OR t.expires_at > UTC_TIMESTAMP(3)) ORDER BY t.id",
      {}, [&](const db::Row& row) {
        if (wanted.in_panel.at(kUsers).count(row.U64(1)) > 0) return;
        const std::string id = std::to_string(row.U64(0));
        notes.push_back({TableOf(kTokens).name, id,
                         "made here and in force, while its user \"" + row.Text(2) + "\" (" +
                             std::to_string(row.U64(1)) + ") is gone from the panel: 'cvmctl token revoke " +
                             id + "' ends it"});
      });
}

// What was made here for the one before cannot be told from what is the new one's, but by a person.
void NoteReusedUsers(const Wanted& wanted, const Ours& ours, std::vector<Note>& notes) {
  for (const std::uint64_t id : wanted.reused_users) {
    notes.push_back({TableOf(kUsers).panel_name, std::to_string(id),
                     "its ID was the one of \"" + ours.at(kUsers).at(id).values[user::kName].value_or("") +
                         "\", who was gone from the panel: pairs made here for that one are revoked, "
                         "and imported VPSes that are terminated purged; others that are not the new one's "
                         "are to be terminated and purged ('cvmctl vps list')"});
  }
}

// It was set by a person, for whom it cannot be told that it was meant for the one before alone.
void NoteDisabled(db::Session& session, const Wanted& wanted, std::vector<Note>& notes) {
  session.Query("SELECT id FROM users WHERE source = 'cvm' AND disabled <> 0 ORDER BY id", {},
                [&](const db::Row& row) {
                  if (wanted.reused_users.count(row.U64(0)) == 0) return;
                  notes.push_back({TableOf(kUsers).panel_name, std::to_string(row.U64(0)),
                                   "the one who had its ID before was disabled here, and the new holder is "
                                   "so too: 'cvmctl user enable' with the new name ends that"});
                });
}

struct Found {
  Ours ours;  // before
  Wanted wanted;
  Plan plan;
  Report report;
  std::vector<Moved> moved;
};

base::Result<Panel> LookAt(db::Pool& pool, base::Deadline deadline) {
  auto panel = ReadPanel(pool, deadline);
  if (!panel) return Error{panel.error().code, "the panel's " + panel.error().message + kRights};
  return panel;
}

base::Result<Found> FindOut(db::Session& session, const Panel& panel, const Options& options, bool first) {
  const State state = ReadState(session);
  if (const auto good = CheckState(state, options); !good) return good.error();
  if (const auto good = CheckPanel(panel, state); !good) return good.error();
  const auto known_salt = SaltOf(panel, options);
  if (!known_salt) return known_salt.error();
  const base::Secret& salt = **known_salt;
  Found found;
  const Ours& ours = found.ours = ReadOurs(session);
  found.wanted = Map(panel, salt, ours, first);
  found.plan = MakePlan(found.wanted, ours, traffic::SeePeriods(session, kSource));
  if (const auto good = CheckHeld(found.plan); !good) return good.error();
  found.report.differences = found.plan.differences;
  found.report.notes = found.wanted.notes;
  if (salt.Reveal().empty()) {
    found.report.notes.push_back(
        {"settings", "salt", "it is empty: pairs are checked with a salt of their own alone"});
  }
  NoteSalt(found.wanted, ours, found.report.notes);
  NoteRevoked(found.wanted, ours, found.plan, found.report.notes);
  NoteRetiredNodes(found.wanted, ours, found.report.notes);
  NoteLeft(found.wanted, ours, found.report.notes);
  NotePairsLeft(session, found.wanted, found.report.notes);
  NoteReusedUsers(found.wanted, ours, found.report.notes);
  NoteDisabled(session, found.wanted, found.report.notes);
  found.report.without_host_key = WithoutHostKey(session, found.wanted, ours);
  return found;
}

base::Status Judge(Found& found, const Options& options) {
  return CheckMassEnds(MassEnds(found.plan, found.ours), options, found.report.notes);
}

// Imports take turns in the order in which they come: the row is locked to the end of the transaction, at
// once for writing, so that two who wait for it do not wait for each other. The first import makes it, as one
// that is not there locks nobody. Whether this is the first.
bool TakeTurn(db::Session& session, const Options& options) {
  return session.Execute(
             "INSERT INTO imports (source, origin, begun_at) VALUES ('cvm', ?, UTC_TIMESTAMP(3)) "
             "ON DUPLICATE KEY UPDATE source = source",
             {options.database}) == 1;
}

// The panel is looked at once the turn is had: what it said before would take back what the import whose turn
// came before wrote.
base::Result<Found> Write(db::Session& session, db::Pool& panel_pool, const Options& options,
                          base::Deadline deadline) {
  const bool first = TakeTurn(session, options);
  const auto looked = LookAt(panel_pool, deadline);
  if (!looked) return looked.error();
  const Panel& panel = *looked;
  auto found = FindOut(session, panel, options, first);
  if (!found) return found.error();
  if (const auto good = Judge(*found, options); !good) return good.error();
  session.Execute("UPDATE imports SET terminated_seen = GREATEST(terminated_seen, ?) WHERE source = 'cvm'",
                  {std::uint64_t{panel.shows_terminated}});
  found->moved = Carry(session, found->plan);
  PutOnRecord(session, found->report, found->ours, options);
  if (options.final) {
    session.Execute("UPDATE imports SET ended_at = UTC_TIMESTAMP(3) WHERE source = 'cvm'", {});
  }
  return found;
}

base::Result<bool> Exists(db::Pool& ours, db::Sql sql, std::uint64_t id, base::Deadline deadline) {
  return ours.Run(deadline, [&](db::Session& session) { return db::FindId(session, sql, {id}).has_value(); });
}

}  // namespace

bool IsDatabaseName(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         name.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_$-") ==
             name.npos;
}

base::Result<Report> Import(db::Pool& ours, db::Pool& panel_pool, const Options& options,
                            base::Deadline deadline) {
  const auto state = ours.Run(deadline, [](db::Session& session) { return ReadState(session); });
  if (!state) return state.error();
  if (const auto good = CheckState(*state, options); !good) return good.error();
  if (const auto good = CheckRights(ours, options, deadline); !good) return good.error();
  const auto panel = LookAt(panel_pool, deadline);
  if (!panel) return panel.error();
  auto found = ours.Run(
      deadline, [&](db::Session& session) { return FindOut(session, *panel, options, !state->begun); });
  if (!found) return found.error();
  if (options.dry_run) {
    if (const auto good = Judge(*found, options); !good) return good.error();
    return std::move(found->report);
  }
  const auto raised =
      ours.Run(deadline, [&](db::Session& session) { return RaiseNumbers(session, found->wanted); });
  if (!raised) return raised.error();
  auto written = ours.Transact(
      deadline, [&](db::Session& session) { return Write(session, panel_pool, options, deadline); });
  if (!written) return written.error();
  for (const Moved& one : written->moved) traffic::Tell(one.vps_id, one.move, one.now);
  return std::move(written->report);
}

base::Result<bool> IsPanels(db::Pool& ours, std::uint64_t vps_id, base::Deadline deadline) {
  return Exists(ours,
                "SELECT v.id FROM vpses v JOIN imports i ON i.source = v.source WHERE v.id = ? AND "
                "i.ended_at IS NULL",
                vps_id, deadline);
}

base::Result<bool> IsUnknownToPanel(db::Pool& ours, std::uint64_t token_id, base::Deadline deadline) {
  return Exists(ours,
                "SELECT t.id FROM api_tokens t JOIN users u ON u.id = t.user_id JOIN imports i ON "
                "i.source = u.source WHERE t.id = ? AND t.source IS NULL AND i.ended_at IS NULL",
                token_id, deadline);
}

}  // namespace cvm::panel_import
