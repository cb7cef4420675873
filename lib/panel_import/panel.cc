#include "lib/panel_import/panel.h"

#include <algorithm>
#include <string>
#include <utility>

namespace cvm::panel_import {
namespace {

constexpr int kNoSuchTable = 1146;
constexpr int kNoSuchColumn = 1054;

// The columns of `containers`, with `terminated` for what later versions have. RootPassword is not among
// them.
#define CVM_CONTAINERS(terminated)                                                                           \
  "SELECT CAST(Id AS CHAR), CAST(VirtualizationType AS CHAR), CAST(InternalId AS CHAR), "                    \
  "CAST(NodeId AS CHAR), CAST(Hostname AS CHAR), CAST(DiskSpace AS CHAR), CAST(GuaranteedRam AS CHAR), "     \
  "CAST(BurstableRam AS CHAR), CAST(TemplateId AS CHAR), CAST(CpuCount AS CHAR), CAST(Status AS CHAR), "     \
  "CAST(" terminated                                                                                         \
  " AS CHAR), CAST(UserId AS CHAR), CAST(IncomingTrafficUsed AS CHAR), CAST(OutgoingTrafficUsed AS CHAR),"   \
  " CAST(IncomingTrafficLimit AS CHAR), CAST(OutgoingTrafficLimit AS CHAR), CAST(TotalTrafficLimit AS CHAR)" \
  " FROM containers ORDER BY Id"

std::uint64_t Count(db::Session& session, db::Sql sql) {
  std::uint64_t count = 0;
  session.Query(sql, {}, [&](const db::Row& row) { count = row.U64(0); });
  return count;
}

void ReadUsers(db::Session& session, Panel& panel) {
  session.Query(
      "SELECT CAST(Id AS CHAR), CAST(Username AS CHAR), CAST(EmailAddress AS CHAR) FROM users ORDER BY Id",
      {}, [&](const db::Row& row) {
        panel.users.push_back({row.MaybeText(0), row.MaybeText(1), row.MaybeText(2)});
      });
}

void ReadTemplates(db::Session& session, Panel& panel) {
  session.Query(
      "SELECT CAST(Id AS CHAR), CAST(Name AS CHAR), CAST(Description AS CHAR), CAST(TemplateName AS CHAR) "
      "FROM templates ORDER BY Id",
      {}, [&](const db::Row& row) {
        panel.templates.push_back({row.MaybeText(0), row.MaybeText(1), row.MaybeText(2), row.MaybeText(3)});
      });
}

void ReadNodes(db::Session& session, Panel& panel) {
  session.Query(
      "SELECT CAST(Id AS CHAR), CAST(Name AS CHAR), CAST(Hostname AS CHAR), CAST(Port AS CHAR), "
      "CAST(User AS CHAR), CAST(HasCustomKey AS CHAR), CAST(CustomPrivateKey AS CHAR), "
      "CAST(PhysicalLocation AS CHAR) FROM nodes ORDER BY Id",
      {}, [&](const db::Row& row) {
        panel.nodes.push_back({row.MaybeText(0), row.MaybeText(1), row.MaybeText(2), row.MaybeText(3),
                               row.MaybeText(4), row.MaybeText(5), row.MaybeText(6), row.MaybeText(7)});
      });
}

void ReadContainers(db::Session& session, Panel& panel) {
  const auto keep = [&](const db::Row& row) {
    PanelContainer c;
    Text* const members[] = {&c.id,   &c.type,    &c.ctid,        &c.node,     &c.hostname,  &c.disk,
                             &c.ram,  &c.burst,   &c.template_id, &c.cpus,     &c.status,    &c.terminated,
                             &c.user, &c.in_used, &c.out_used,    &c.in_limit, &c.out_limit, &c.total_limit};
    unsigned column = 0;
    for (Text* const member : members) *member = row.MaybeText(column++);
    panel.containers.push_back(std::move(c));
  };
  const bool later = Count(session,
                           "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() "
                           "AND table_name = 'containers' AND column_name = 'Terminated'") > 0;
  panel.shows_terminated = later;
  if (later) {
    session.Query(CVM_CONTAINERS("`Terminated`"), {}, keep);
  } else {
    session.Query(CVM_CONTAINERS("NULL"), {}, keep);
  }
}

void ReadKeys(db::Session& session, Panel& panel) {
  session.Query(
      "SELECT CAST(Id AS CHAR), CAST(KeyType AS CHAR), CAST(UserId AS CHAR), CAST(PublicToken AS CHAR), "
      "CAST(PrivateToken AS CHAR), CAST(Salt AS CHAR) FROM api_keys ORDER BY Id",
      {}, [&](const db::Row& row) {
        panel.keys.push_back({row.MaybeText(0), row.MaybeText(1), row.MaybeText(2), row.MaybeText(3),
                              row.MaybeText(4), row.MaybeText(5)});
      });
}

// Older versions keep it in a file, and may not have the table.
void ReadSalt(db::Session& session, Panel& panel) {
  const bool there = Count(session,
                           "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() "
                           "AND table_name = 'settings'") > 0;
  if (!there) return;
  const auto keep = [&](const db::Row& row) {
    if (row.IsNull(1)) return;
    base::Secret value(row.Text(1));
    const bool known = std::any_of(panel.salts.begin(), panel.salts.end(), [&](const PanelSalt& other) {
      return other.value.Reveal() == value.Reveal();
    });
    if (!known) panel.salts.push_back({row.Text(0), std::move(value)});
  };
  session.Query("SELECT CAST(Id AS CHAR), CAST(Value AS CHAR) FROM settings WHERE `Key` = 'salt' ORDER BY Id",
                {}, keep);
}

Panel ReadAll(db::Session& session) {
  Panel panel;
  session.RunScriptStatement("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ");
  session.RunScriptStatement("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY");
  ReadUsers(session, panel);
  ReadTemplates(session, panel);
  ReadNodes(session, panel);
  ReadContainers(session, panel);
  ReadKeys(session, panel);
  ReadSalt(session, panel);
  session.RunScriptStatement("COMMIT");
  return panel;
}

}  // namespace

base::Result<Panel> ReadPanel(db::Pool& pool, base::Deadline deadline) {
  return pool.Run(deadline, [](db::Session& session) -> base::Result<Panel> {
    try {
      return ReadAll(session);
    } catch (const db::Failure& failure) {
      if (failure.vendor_code() != kNoSuchTable && failure.vendor_code() != kNoSuchColumn) throw;
      return base::Error{base::ErrorCode::kInvalid,
                         std::string("database is none of a CVM panel: ") + failure.what()};
    }
  });
}

}  // namespace cvm::panel_import
