#include "lib/panel_import/import.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <string_view>
#include <utility>

#include "lib/panel_import/carry.h"
#include "lib/panel_import/mapping.h"
#include "lib/panel_import/notes.h"
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
  AddNotes(session, found.wanted, ours, found.plan, salt, found.report.notes);
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
