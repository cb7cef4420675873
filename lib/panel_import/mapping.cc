#include "lib/panel_import/mapping.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "lib/auth/auth.h"
#include "lib/auth/crypt.h"
#include "lib/base/ctid.h"
#include "lib/base/text.h"
#include "lib/node/validate.h"
#include "lib/panel_import/values.h"
#include "lib/vps/vps.h"

namespace cvm::panel_import {
namespace {

constexpr unsigned kRounds = 50000;
constexpr std::size_t kLongestName = 190;
constexpr std::uint64_t kMostId = std::uint64_t{1} << 62;
constexpr std::uint64_t kMostMegabytes = std::uint64_t{1} << 30;  // a petabyte
constexpr std::uint64_t kMostCpus = 65536;
constexpr std::uint64_t kMostBytes = (std::uint64_t{1} << 63) - 1;  // what the panel's columns hold
constexpr std::uint64_t kMostStatus = 7;
constexpr std::uint64_t kSuspended = 6;
constexpr std::uint64_t kTerminated = 7;

constexpr const char* kBarred = "revoked here, and stays so: the holder needs another key in the panel";

using Ids = std::set<std::uint64_t>;

Text Figure(std::uint64_t number) {
  return std::to_string(number);
}

std::string Quoted(const Text& text) {
  return text ? "\"" + *text + "\"" : "NULL";
}

// The whole of the mapping: fills `wanted`, kind by kind.
class Mapper {
 public:
  Mapper(const Panel& panel, const base::Secret& salt, const Ours& ours, bool first)
      : panel_(panel), salt_(salt), ours_(ours), first_(first) {}

  Wanted Take() {
    MapUsers();
    const auto names = OwnNames(kUsers);
    NameApart(kUsers, "user");
    FindReusedUsers(names);
    MapTemplates();
    NameApart(kTemplates, "template");
    MapNodes();
    NameApart(kNodes, "node");
    // A column that an account may not read is not to be told from one that is not there.
    if (!panel_.shows_terminated) {
      Tell(kVpses, "all",
           "no column Terminated is to be seen: an older panel, or our account may not read it");
    }
    for (const PanelContainer& container : panel_.containers) MapContainer(container);
    FindOccupied();
    DropContested(kVpses, ContainerOf, Containers(), "the container");
    for (const PanelKey& key : panel_.keys) MapKey(key);
    DropBarred();
    DropContested(kTokens, PublicTokenOf, PublicTokens(), "the public token");
    return std::move(wanted_);
  }

 private:
  using Values = std::vector<Text>;
  using KeyOf = std::optional<std::string> (*)(const Values&);

  void Tell(Kind kind, const Text& id, const std::string& text) {
    wanted_.notes.push_back({TableOf(kind).panel_name, id.value_or("NULL"), text});
  }
  void Skip(Kind kind, const Text& id, const std::string& why) { Tell(kind, id, "not imported: " + why); }

  // A row's ID, where it can be one.
  std::optional<std::uint64_t> IdOf(Kind kind, const Text& id) {
    const auto number = NumberOf(id, kMostId);
    if (number && *number > 0) {
      wanted_.in_panel.at(kind).insert(*number);
      return number;
    }
    Skip(kind, id, "its ID is no number above 0");
    return std::nullopt;
  }

  void Keep(Kind kind, std::uint64_t id, Values values) {
    wanted_.records.at(kind).push_back({id, std::move(values)});
  }

  Ids WantedIds(Kind kind) const {
    Ids ids;
    for (const Record& record : wanted_.records.at(kind)) ids.insert(record.id);
    return ids;
  }

  // The ID of a row that this one points at, where that is taken over.
  std::optional<std::uint64_t> Pointed(Kind kind, const Text& id) const {
    const auto number = NumberOf(id, kMostId);
    if (!number || settled_.at(kind).count(*number) == 0) return std::nullopt;
    return number;
  }

  // ---- each row by itself ----

  void MapUsers() {
    for (const PanelUser& row : panel_.users) {
      const auto id = IdOf(kUsers, row.id);
      if (!id) continue;
      const std::string email = LineOf(row.email, 254), name = LineOf(row.name, kLongestName);
      if (name.empty() && IsUndecided(*id)) {
        Skip(kUsers, row.id, "it was gone and has no name now, by which it is another's or not");
        continue;
      }
      Keep(kUsers, *id, {name, email.empty() ? Text() : Text(email)});
    }
  }

  // Whether it needs a name to tell if the ID of a user that was gone is another's.
  bool IsUndecided(std::uint64_t id) const {
    const auto before = ours_.at(kUsers).find(id);
    return before != ours_.at(kUsers).end() && before->second.marked &&
           before->second.values[user::kName] != Text(Nameless("user", std::to_string(id)));
  }

  void MapTemplates() {
    for (const PanelTemplate& row : panel_.templates) {
      const auto id = IdOf(kTemplates, row.id);
      if (!id) continue;
      std::string name = LineOf(row.name, kLongestName);
      if (name.empty()) name = LineOf(row.file, kLongestName);
      Keep(kTemplates, *id, {std::move(name), LineOf(row.description, 1000)});
    }
  }

  void MapNodes() {
    for (const PanelNode& row : panel_.nodes) {
      if (const auto id = IdOf(kNodes, row.id)) MapNode(*id, row);
    }
  }

  void MapNode(std::uint64_t id, const PanelNode& row) {
    node::Node node;
    const auto port = NumberOf(row.port, 65535);
    if (!port) return Skip(kNodes, row.id, "its port " + Quoted(row.port) + " is none");
    node.name = "x";  // given later
    node.location = LineOf(row.location, 190);
    node.endpoint.host = row.host.value_or("");
    node.endpoint.port = static_cast<std::uint16_t>(*port == 0 ? 22 : *port);
    node.endpoint.user = row.user && !row.user->empty() ? *row.user : "root";
    node.endpoint.key_name = KeyOfNode(row);
    if (const auto valid = node::ValidateNode(node); !valid) {
      return Skip(kNodes, row.id, valid.error().message);
    }
    Keep(kNodes, id,
         {LineOf(row.name, kLongestName), node.endpoint.host, Figure(node.endpoint.port), node.endpoint.user,
          node.endpoint.key_name, node.location});
  }

  std::string KeyOfNode(const PanelNode& row) {
    std::string usual = node::Node().endpoint.key_name;
    const auto own = NumberOf(row.has_own_key, 1);
    if (own && *own == 0) return usual;
    if (const auto name = KeyNameOf(row.key_path)) return *name;
    Tell(kNodes, row.id,
         "its own key " + Quoted(row.key_path) + " has no name that we can use: " + usual +
             " is used instead");
    return usual;
  }

  void MapContainer(const PanelContainer& row) {
    const auto id = IdOf(kVpses, row.id);
    if (!id) return;
    const auto skip = [&](const std::string& why) { Skip(kVpses, row.id, why); };
    if (NumberOf(row.type, kMostId) != std::uint64_t{1}) {
      return skip("its virtualization type " + Quoted(row.type) + " is not OpenVZ (1)");
    }
    const auto user = Pointed(kUsers, row.user);
    if (!user) return skip("its user " + Quoted(row.user) + " is not there");
    const auto node = Pointed(kNodes, row.node);
    if (!node) return skip("its node " + Quoted(row.node) + " is not there, or not imported");
    const auto ctid = base::Ctid::Parse(row.ctid.value_or(""));
    if (!ctid) return skip("its CTID " + Quoted(row.ctid) + " is no number from 1 to 2147483647");
    const auto state = StateOf(row);
    if (!NumberOf(row.terminated, 1))
      return skip("its Terminated " + Quoted(row.terminated) + " is neither 0 nor 1");
    if (!state) return skip("its status " + Quoted(row.status) + " is not one of a panel (1 to 7)");
    if (*state == vps::State::kTerminated && !first_ && !IsKept(*id, *user)) {
      return skip("it is terminated, and was purged here or never imported");
    }
    auto sizes = SizesOf(row);
    if (!sizes) return;
    Values values = {Figure(*user), Figure(*node),          TemplateOf(row),
                     ctid->text(),  vps::StateName(*state), LineOf(row.hostname, 253)};
    values.insert(values.end(), sizes->begin(), sizes->end());
    Keep(kVpses, *id, std::move(values));
  }

  void FindOccupied() {
    for (const PanelContainer& row : panel_.containers) {
      if (StateOf(row) == vps::State::kTerminated) continue;
      std::string ctid = row.ctid.value_or("");
      ctid.erase(0, ctid.find_first_not_of('0'));  // as vzctl reads it
      wanted_.occupied[{row.node, std::move(ctid)}].insert(NumberOf(row.id, kMostId).value_or(0));
    }
  }

  // Whether a VPS that is terminated in the panel is one of ours, and not of the one who had its user's ID
  // before: that is purged in this run.
  bool IsKept(std::uint64_t id, std::uint64_t user) const {
    const auto before = ours_.at(kVpses).find(id);
    if (before == ours_.at(kVpses).end()) return false;
    const Existing& vps = before->second;
    return !vps.out_of_force || wanted_.reused_users.count(user) == 0 ||
           vps.values[vps_row::kUser] != Figure(user);
  }

  // 1 to 5 (blank, created, configured, started, stopped) are all "active": what runs is asked of the node.
  static std::optional<vps::State> StateOf(const PanelContainer& row) {
    const auto status = NumberOf(row.status, kMostStatus);
    const auto terminated = NumberOf(row.terminated, 1);
    if (!status || !terminated || (*status == 0 && *terminated == 0)) return std::nullopt;
    if (*status == kTerminated || *terminated == 1) return vps::State::kTerminated;
    return *status == kSuspended ? vps::State::kSuspended : vps::State::kActive;
  }

  Text TemplateOf(const PanelContainer& row) {
    if (NumberOf(row.template_id, kMostId) == std::uint64_t{0}) return std::nullopt;
    const auto id = Pointed(kTemplates, row.template_id);
    if (id) return Figure(*id);
    Tell(kVpses, row.id, "its template " + Quoted(row.template_id) + " is not there: imported without one");
    return std::nullopt;
  }

  // RAM to limits, in the order of our columns; notes what is used as well.
  std::optional<Values> SizesOf(const PanelContainer& row) {
    struct Size {
      const char* name;
      const Text& text;
      std::uint64_t most;
    };
    const Size sizes[] = {{"GuaranteedRam", row.ram, kMostMegabytes},
                          {"BurstableRam", row.burst, kMostMegabytes},
                          {"DiskSpace", row.disk, kMostMegabytes},
                          {"CpuCount", row.cpus, kMostCpus},
                          {"IncomingTrafficLimit", row.in_limit, kMostBytes},
                          {"OutgoingTrafficLimit", row.out_limit, kMostBytes},
                          {"TotalTrafficLimit", row.total_limit, kMostBytes},
                          {"IncomingTrafficUsed", row.in_used, kMostBytes},
                          {"OutgoingTrafficUsed", row.out_used, kMostBytes}};
    std::vector<std::uint64_t> n;
    for (const Size& size : sizes) {
      const auto number = NumberOf(size.text, size.most);
      if (!number) {
        Skip(kVpses, row.id, std::string(size.name) + " is " + Quoted(size.text));
        return std::nullopt;
      }
      n.push_back(*number);
    }
    wanted_.used[*NumberOf(row.id, kMostId)] = {n[7], n[8]};
    const bool split = n[6] == 0;
    return Values{Figure(n[0]),
                  n[1] == 0 ? Text() : Figure(n[1]),  // none: vSwap
                  Figure(n[2]),
                  Figure(n[3]),
                  vps::AccountingName(split ? vps::Accounting::kSplit : vps::Accounting::kCombined),
                  Figure(split ? n[4] : 0),
                  Figure(split ? n[5] : 0),
                  Figure(n[6])};
  }

  void MapKey(const PanelKey& row) {
    const auto id = IdOf(kTokens, row.id);
    if (!id) return;
    const auto skip = [&](const std::string& why) { Skip(kTokens, row.id, why); };
    const auto user = Pointed(kUsers, row.user);
    if (!user) return skip("its user " + Quoted(row.user) + " is not there");
    const std::string public_token = row.public_token.value_or("");
    if (!auth::LookupToken({{public_token}, {"x"}, ""})) return skip("its public token is none");
    const auto type = NumberOf(row.type, kMostId);
    if (!type) return skip("its type " + Quoted(row.type) + " is none");
    const auto hash = auth::CryptText(kRounds, row.salt.value_or("") + salt_.Reveal(), row.hash.value_or(""));
    if (!hash) return skip("its salt or its hash has a form that crypt(3) does not take");
    Keep(kTokens, *id,
         {Figure(*user), public_token, *hash, std::string(auth::kSha256Crypt), Figure(*type >= 1 ? 1 : 0)});
  }

  // ---- the rows against each other ----

  // The rows of ours that this import does not write: what they hold is taken.
  void ForEachOther(Kind kind, const std::function<void(const Existing&)>& work) const {
    const Ids wanted = WantedIds(kind);
    for (const auto& [id, existing] : ours_.at(kind)) {
      if (existing.imported && wanted.count(id) > 0) continue;
      // Gone from the panel: out of force by the end of this run.
      const bool gone = existing.imported && wanted_.in_panel.at(kind).count(id) == 0;
      if (gone && (kind == kVpses || (kind == kTokens && !existing.RevokedHere()))) continue;
      work(existing);
    }
  }

  using Names = std::map<std::uint64_t, std::string>;

  // As the panel has them.
  Names OwnNames(Kind kind) const {
    Names names;
    for (const Record& record : wanted_.records.at(kind)) {
      names[record.id] = record.values[0].value_or("");
    }
    return names;
  }

  // Of a user who is gone only the name that was settled is known, and that of the one who comes may be
  // settled in another way by now.
  void FindReusedUsers(const Names& names) {
    for (const Record& record : wanted_.records.at(kUsers)) {
      const auto before = ours_.at(kUsers).find(record.id);
      if (before == ours_.at(kUsers).end() || !before->second.marked) continue;
      const std::string& name = names.at(record.id);
      const Text& was = before->second.values[user::kName];
      const std::string id = std::to_string(record.id);
      const bool same = was == record.values[user::kName] || was == name || was == Numbered(name, id);
      if (!same) wanted_.reused_users.insert(record.id);
    }
  }

  static std::string Numbered(const std::string& name, const std::string& id) {
    const std::string suffix = " (" + id + ")";
    return LineOf(name, kLongestName - suffix.size()).append(suffix);
  }
  static std::string Nameless(const std::string& word, const std::string& id) {
    return word + " of CVM " + id;
  }

  // Names are unique here, and no plain numbers, and may be so there: whoever comes later gets the ID behind
  // the name.
  void NameApart(Kind kind, const std::string& word) {
    std::set<std::string> taken;
    ForEachOther(kind, [&](const Existing& other) {
      if (!(kind == kNodes && other.out_of_force)) taken.insert(other.values[0].value_or(""));
    });
    auto& records = wanted_.records.at(kind);
    const auto settle = [&](Record& record) {
      const std::string id = std::to_string(record.id);
      const std::string name = record.values[0].value_or("");
      for (const std::string& choice : {name, Numbered(name, id), Nameless(word, id)}) {
        const bool usable = !choice.empty() && choice.front() != ' ' && !base::IsPlainNumber(choice) &&
                            taken.insert(choice).second;
        if (!usable) continue;
        if (choice != name) {
          const bool number = base::IsPlainNumber(name);
          std::string told = "its name \"";
          told.append(name).append(number ? "\" would be taken for an ID" : "\" is empty or held by another");
          Tell(kind, id, told.append(": named \"").append(choice).append("\""));
        }
        record.values[0] = choice;
        return true;
      }
      Skip(kind, id, "its name \"" + name + "\" is held by another");
      return false;
    };
    std::vector<Record> kept;
    for (Record& record : records) {
      if (settle(record)) kept.push_back(std::move(record));
    }
    records = std::move(kept);
    settled_.at(kind) = WantedIds(kind);
  }

  // What no two rows in force may share. Of rows that do, it cannot be told whose it is: none is taken over.
  static std::optional<std::string> ContainerOf(const Values& values) {
    if (IsIn(vps::State::kTerminated, values)) return std::nullopt;
    return *values[vps_row::kCtid] + " of node " + *values[vps_row::kNode];
  }
  static std::optional<std::string> PublicTokenOf(const Values& values) { return values[token_row::kPublic]; }

  // The panel's rows by what they hold.
  using Holders = std::map<std::string, std::vector<std::string>>;

  Holders Containers() const {
    Holders holders;
    for (const Record& record : wanted_.records.at(kVpses)) {
      if (const auto key = ContainerOf(record.values)) holders[*key].push_back(std::to_string(record.id));
    }
    return holders;
  }

  // A key that is not taken over for another reason may be the one whose holder knows the token.
  Holders PublicTokens() const {
    Holders holders;
    for (const PanelKey& row : panel_.keys) {
      holders[row.public_token.value_or("")].push_back(row.id.value_or("NULL"));
    }
    return holders;
  }

  void DropContested(Kind kind, KeyOf key_of, const Holders& holders, const std::string& what) {
    DropWhere(kind, key_of, [&](std::uint64_t id, const std::string& key) {
      const auto& rows = holders.at(key);
      const auto other = std::find_if(rows.begin(), rows.end(),
                                      [&](const std::string& row) { return base::ParseU64(row) != id; });
      return other == rows.end() ? "" : what + " " + key + " stands in row " + *other + " too";
    });
    while (DropHeld(kind, key_of, what)) {  // a row that is dropped keeps what it has, and holds it now
    }
  }

  // A public token that was revoked here is barred for every key by the row that holds it, which another
  // token would have forget it.
  void DropBarred() {
    std::map<std::uint64_t, std::string> dropped;
    for (const Record& record : wanted_.records.at(kTokens)) {
      const auto before = ours_.at(kTokens).find(record.id);
      if (before == ours_.at(kTokens).end() || !before->second.imported) continue;
      const bool same = before->second.values[token_row::kPublic] == record.values[token_row::kPublic];
      if (before->second.RevokedHere() && !same) dropped[record.id] = kBarred;
    }
    Drop(kTokens, dropped);
  }

  bool DropHeld(Kind kind, KeyOf key_of, const std::string& what) {
    std::set<std::string> held;
    ForEachOther(kind, [&](const Existing& other) {
      if (const auto key = key_of(other.values)) held.insert(*key);
    });
    return DropWhere(kind, key_of, [&](std::uint64_t, const std::string& key) {
      return held.count(key) == 0 ? "" : what + " " + key + " is held by another row here";
    });
  }

  // `why`: of a row and what it holds; empty where it stays. Whether one was dropped.
  bool DropWhere(Kind kind, KeyOf key_of,
                 const std::function<std::string(std::uint64_t, const std::string&)>& why) {
    std::map<std::uint64_t, std::string> dropped;
    for (const Record& record : wanted_.records.at(kind)) {
      const auto key = key_of(record.values);
      if (!key) continue;
      if (std::string reason = why(record.id, *key); !reason.empty()) dropped[record.id] = std::move(reason);
    }
    Drop(kind, dropped);
    return !dropped.empty();
  }

  void Drop(Kind kind, const std::map<std::uint64_t, std::string>& dropped) {
    std::vector<Record> kept;
    for (Record& record : wanted_.records.at(kind)) {
      const auto found = dropped.find(record.id);
      if (found == dropped.end()) {
        kept.push_back(std::move(record));
      } else {
        Skip(kind, std::to_string(record.id), found->second);
      }
    }
    wanted_.records.at(kind) = std::move(kept);
  }

  const Panel& panel_;
  const base::Secret& salt_;
  const Ours& ours_;
  const bool first_;
  Wanted wanted_;
  std::array<Ids, kKinds> settled_;  // of the kinds that others point at
};

}  // namespace

Wanted Map(const Panel& panel, const base::Secret& salt, const Ours& ours, bool first) {
  return Mapper(panel, salt, ours, first).Take();
}

}  // namespace cvm::panel_import
