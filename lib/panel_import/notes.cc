#include "lib/panel_import/notes.h"

#include <cstddef>
#include <string>
#include <string_view>

#include "lib/base/text.h"
#include "lib/vps/vps.h"

namespace cvm::panel_import {
namespace {

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

// Of a user whose ID is another's, what lived until now and is terminated in the panel: a stop may be due to
// it, so that it is not purged with the rest. Empty where there is none.
std::string EndedNow(std::uint64_t user_id, const Wanted& wanted, const Ours& ours) {
  const Text owner = std::to_string(user_id);
  std::string ids;
  for (const Record& record : wanted.records.at(kVpses)) {
    const auto before = ours.at(kVpses).find(record.id);
    if (before == ours.at(kVpses).end() || before->second.out_of_force) continue;
    if (before->second.values[vps_row::kUser] != owner || record.values[vps_row::kUser] != owner) continue;
    if (!IsIn(vps::State::kTerminated, record.values)) continue;
    ids += (ids.empty() ? "" : ", ") + std::to_string(record.id);
  }
  if (ids.empty()) return "";
  return "; terminated by this sync, and shown to the new one until 'cvmctl vps purge': " + ids;
}

// What was made here for the one before cannot be told from what is the new one's, but by a person.
void NoteReusedUsers(const Wanted& wanted, const Ours& ours, std::vector<Note>& notes) {
  for (const std::uint64_t id : wanted.reused_users) {
    notes.push_back({TableOf(kUsers).panel_name, std::to_string(id),
                     "its ID was the one of \"" + ours.at(kUsers).at(id).values[user::kName].value_or("") +
                         "\", who was gone from the panel: pairs made here for that one are revoked, "
                         "and imported VPSes that are terminated purged; others that are not the new one's "
                         "are to be terminated and purged ('cvmctl vps list')" +
                         EndedNow(id, wanted, ours)});
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

}  // namespace

void AddNotes(db::Session& session, const Wanted& wanted, const Ours& ours, const Plan& plan,
              const base::Secret& salt, std::vector<Note>& notes) {
  if (salt.Reveal().empty()) {
    notes.push_back({"settings", "salt", "it is empty: pairs are checked with a salt of their own alone"});
  }
  NoteSalt(wanted, ours, notes);
  NoteRevoked(wanted, ours, plan, notes);
  NoteRetiredNodes(wanted, ours, notes);
  NoteLeft(wanted, ours, notes);
  NotePairsLeft(session, wanted, notes);
  NoteReusedUsers(wanted, ours, notes);
  NoteDisabled(session, wanted, notes);
}

}  // namespace cvm::panel_import
