#include "lib/vps/admin.h"

#include "lib/vps/place.h"
#include "lib/vps/row.h"

namespace cvm::vps {
namespace {

using base::Error;
using base::ErrorCode;

constexpr db::Sql kListed =
    "SELECT " CVM_VPS_COLUMNS
    ", u.name, n.name FROM vpses v JOIN users u ON u.id = v.user_id JOIN nodes n ON n.id = v.node_id "
    "LEFT JOIN traffic_period p ON p.vps_id = v.id ORDER BY v.id";

constexpr db::Sql kInsert =
    "INSERT INTO vpses (user_id, node_id, template_id, ctid, hostname, guaranteed_ram, burstable_ram, "
    "disk_space, cpu_count, accounting, traffic_in_limit, traffic_out_limit, traffic_limit, created_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))";

Error NotFound(const std::string& what, const std::string& name, const std::string& command) {
  return {ErrorCode::kNotFound, "no " + what + " '" + name + "': see 'cvmctl " + command + " list'"};
}

db::Param OrNull(const std::optional<std::uint64_t>& number) {
  return number ? db::Param(*number) : db::Param(nullptr);
}

base::Status CheckTemplate(db::Session& session, const std::optional<std::uint64_t>& id) {
  if (!id || db::FindId(session, "SELECT id FROM templates WHERE id = ?", {*id})) return {};
  return NotFound("template has the ID", std::to_string(*id), "template");
}

base::Result<std::uint64_t> Insert(db::Session& session, const audit::Actor& actor, const NewVps& vps,
                                   std::uint64_t& user_id) {
  const auto user = db::FindId(session, "SELECT id FROM users WHERE name = ?", {vps.user});
  if (!user) return NotFound("user is named", vps.user, "user");
  user_id = *user;
  if (const auto found = CheckTemplate(session, vps.template_id); !found) return found.error();
  const auto node = TakePlace(session, actor, vps.node, vps.ctid, 0);
  if (!node) return node.error();
  const std::string ctid = vps.ctid.text();
  session.Execute(kInsert, {*user, *node, OrNull(vps.template_id), ctid, vps.hostname, vps.guaranteed_ram,
                            OrNull(vps.burstable_ram), vps.disk_space, vps.cpu_count,
                            AccountingName(vps.traffic.accounting), vps.traffic.in_limit,
                            vps.traffic.out_limit, vps.traffic.limit});
  return session.LastInsertId();
}

}  // namespace

base::Result<std::uint64_t> Admin::AddTemplate(const std::string& name, const std::string& description,
                                               base::Deadline deadline) {
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Result<std::uint64_t> {
    if (db::FindId(session, "SELECT id FROM templates WHERE name = ?", {name})) {
      return Error{ErrorCode::kConflict, "a template named '" + name + "' is there already"};
    }
    session.Execute("INSERT INTO templates (name, description, created_at) VALUES (?, ?, UTC_TIMESTAMP(3))",
                    {name, description});
    const std::uint64_t id = session.LastInsertId();
    audit::Note(session, settings_.actor, "template-add", {}, name + ", ID " + std::to_string(id));
    return id;
  });
}

base::Result<std::vector<Template>> Admin::ListTemplates(base::Deadline deadline) {
  return pool_.Run(deadline, [&](db::Session& session) {
    std::vector<Template> templates;
    session.Query("SELECT id, name, description FROM templates ORDER BY id", {}, [&](const db::Row& row) {
      templates.push_back({row.U64(0), row.Text(1), row.Text(2)});
    });
    return templates;
  });
}

base::Result<std::uint64_t> Admin::Add(const NewVps& vps, base::Deadline deadline) {
  return pool_.Transact(deadline, [&](db::Session& session) -> base::Result<std::uint64_t> {
    std::uint64_t user_id = 0;
    const auto id = Insert(session, settings_.actor, vps, user_id);
    if (!id) return id.error();
    audit::Note(session, settings_.actor, "vps-add", {user_id, 0, *id},
                vps.hostname + ", container " + vps.ctid.text() + " on " + vps.node);
    return *id;
  });
}

base::Result<std::vector<Listed>> Admin::List(base::Deadline deadline) {
  return pool_.Run(deadline, [&](db::Session& session) {
    std::vector<Listed> vpses;
    session.Query(kListed, {}, [&](const db::Row& row) {
      vpses.push_back({ReadVps(row, 0), row.Text(kVpsColumns), row.Text(kVpsColumns + 1)});
    });
    for (Listed& one : vpses) SumDays(session, one.vps.traffic, one.vps.id);
    return vpses;
  });
}

}  // namespace cvm::vps
