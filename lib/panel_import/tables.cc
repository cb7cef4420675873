#include "lib/panel_import/tables.h"

namespace cvm::panel_import {
namespace {

const std::array<Table, kKinds>& Tables() {
  static const std::array<Table, kKinds> tables = {{
      {"users",
       "users",
       {{"name", false, true}, {"email"}},
       "SELECT id, source <=> 'cvm', 0, source IS NOT NULL AND source_id IS NULL, name, email FROM users "
       "ORDER BY id",
       "INSERT INTO users (id, source, source_id, name, email, created_at) "
       "VALUES (?, 'cvm', ?, ?, ?, UTC_TIMESTAMP(3))",
       "UPDATE users SET name = ?, email = ? WHERE id = ? AND source = 'cvm'",
       "UPDATE users SET name = CONCAT(CHAR(1), id) WHERE id = ? AND source = 'cvm'"},
      {"templates",
       "templates",
       {{"name", false, true}, {"description"}},
       "SELECT id, source <=> 'cvm', 0, 0, name, description FROM templates ORDER BY id",
       "INSERT INTO templates (id, source, source_id, name, description, created_at) "
       "VALUES (?, 'cvm', ?, ?, ?, UTC_TIMESTAMP(3))",
       "UPDATE templates SET name = ?, description = ? WHERE id = ? AND source = 'cvm'",
       "UPDATE templates SET name = CONCAT(CHAR(1), id) WHERE id = ? AND source = 'cvm'"},
      {"nodes",
       "nodes",
       {{"name", false, true}, {"host"}, {"port"}, {"ssh_user"}, {"key_name"}, {"location"}},
       "SELECT id, source <=> 'cvm', retired_at IS NOT NULL, 0, name, host, CAST(port AS CHAR), ssh_user, "
       "key_name, location FROM nodes ORDER BY id",
       "INSERT INTO nodes (id, source, source_id, name, host, port, ssh_user, key_name, location, "
       "created_at) "
       "VALUES (?, 'cvm', ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))",
       "UPDATE nodes SET name = ?, host = ?, port = ?, ssh_user = ?, key_name = ?, location = ? "
       "WHERE id = ? AND source = 'cvm'",
       "UPDATE nodes SET name = CONCAT(CHAR(1), id) WHERE id = ? AND source = 'cvm'"},
      {"vpses",
       "containers",
       {{"user_id"},
        {"node_id", false, true},
        {"template_id"},
        {"ctid", false, true},
        {"state", false, true},
        {"hostname"},
        {"guaranteed_ram"},
        {"burstable_ram"},
        {"disk_space"},
        {"cpu_count"},
        {"accounting"},
        {"traffic_in_limit"},
        {"traffic_out_limit"},
        {"traffic_limit"}},
       "SELECT id, source <=> 'cvm', state = 'terminated', stop_pending, CAST(user_id AS CHAR), CAST(node_id "
       "AS CHAR), "
       "CAST(template_id AS CHAR), ctid, CAST(state AS CHAR), hostname, CAST(guaranteed_ram AS CHAR), "
       "CAST(burstable_ram AS CHAR), CAST(disk_space AS CHAR), CAST(cpu_count AS CHAR), "
       "CAST(accounting AS CHAR), CAST(traffic_in_limit AS CHAR), CAST(traffic_out_limit AS CHAR), "
       "CAST(traffic_limit AS CHAR) FROM vpses ORDER BY id",
       "INSERT INTO vpses (id, source, source_id, user_id, node_id, template_id, ctid, state, hostname, "
       "guaranteed_ram, burstable_ram, disk_space, cpu_count, accounting, traffic_in_limit, "
       "traffic_out_limit, traffic_limit, created_at) "
       "VALUES (?, 'cvm', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))",
       "UPDATE vpses SET user_id = ?, node_id = ?, template_id = ?, ctid = ?, state = ?, hostname = ?, "
       "guaranteed_ram = ?, burstable_ram = ?, disk_space = ?, cpu_count = ?, accounting = ?, "
       "traffic_in_limit = ?, traffic_out_limit = ?, traffic_limit = ? WHERE id = ? AND source = 'cvm'",
       "UPDATE vpses SET ctid = CONCAT('import-', id) WHERE id = ? AND source = 'cvm'"},
      {"api_tokens",
       "api_keys",
       {{"user_id"},
        {"public_token", false, true},
        {"private_hash", true},
        {"hash_scheme"},
        {"client_access"}},
       "SELECT id, source <=> 'cvm', IF(revoked_at IS NULL, 0, IF(revoked_at <=> import_revoked_at, 2, 1)), "
       "import_revoked_at IS NOT NULL, "
       "CAST(user_id AS CHAR), public_token, "
       "private_hash, hash_scheme, CAST(client_access AS CHAR) FROM api_tokens ORDER BY id",
       "INSERT INTO api_tokens (id, source, source_id, user_id, public_token, private_hash, hash_scheme, "
       "client_access, created_at) VALUES (?, 'cvm', ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(3))",
       "UPDATE api_tokens SET user_id = ?, public_token = ?, private_hash = ?, hash_scheme = ?, "
       "client_access = ? WHERE id = ? AND source = 'cvm'",
       "UPDATE api_tokens SET public_token = CONCAT('import,', id) WHERE id = ? AND source = 'cvm'"},
  }};
  return tables;
}

}  // namespace

const Table& TableOf(Kind kind) {
  return Tables().at(kind);
}

bool IsIn(vps::State state, const std::vector<Text>& values) {
  return values[vps_row::kState] == Text(vps::StateName(state));
}

Ours ReadOurs(db::Session& session) {
  Ours ours;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    const Table& table = Tables().at(kind);
    session.Query(table.select, {}, [&](const db::Row& row) {
      Existing existing{row.U64(1) != 0, row.U64(2) != 0, {}, row.U64(2) == 2, row.U64(3) != 0};
      for (unsigned i = 0; i < table.columns.size(); ++i) existing.values.push_back(row.MaybeText(4 + i));
      ours.at(kind).emplace(row.U64(0), std::move(existing));
    });
  }
  return ours;
}

}  // namespace cvm::panel_import
