#include <fstream>
#include <sstream>
#include <stdexcept>

#include "tests/bench/bench.h"
#include "tests/support/program.h"

namespace cvm::bench {
namespace {

using test::RequireEnv;

base::Deadline Soon() {
  return base::Deadline::In(std::chrono::seconds(30));
}

db::Settings Root() {
  db::Settings settings;
  settings.servers = {RequireEnv("CVM_DB_SOCKET")};
  settings.user = "root";
  settings.name = "cvm_api";
  settings.connections = 1;
  return settings;
}

template <class T>
T Must(base::Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
  return *std::move(result);
}

ssh::HostKey KeyOfNode(const std::string& directory) {
  std::ostringstream text;
  text << std::ifstream(directory + "/host_keys/ssh_host_ed25519_key.pub").rdbuf();
  return Must(ssh::HostKey::Parse(text.str()));
}

}  // namespace

Stack::Stack()
    : url_(RequireEnv("CVM_URL")),
      node_directory_(RequireEnv("CVM_NODE_DIR")),
      node_port_(RequireEnv("CVM_NODE_PORT")),
      worker_pid_(std::stoi(RequireEnv("CVM_WORKER_PID"))),
      database_(Root()) {}

Client Stack::NewClient(const std::string& user) const {
  return Client(url_, RequireEnv(("CVM_BENCH_PUBLIC_" + user).c_str()),
                RequireEnv(("CVM_BENCH_PRIVATE_" + user).c_str()));
}

ssh::Endpoint Stack::endpoint() const {
  ssh::Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = static_cast<std::uint16_t>(std::stoi(node_port_));
  endpoint.host_keys = {KeyOfNode(node_directory_)};
  return endpoint;
}

ssh::Settings Stack::ssh_settings() const {
  ssh::Settings settings;
  settings.key_directory = node_directory_;
  return settings;
}

std::string Stack::VzlistLine(int ctid) const {
  return "timeout 9 vzlist -j -o ctid,status,physpages,diskspace " + std::to_string(ctid);
}

std::uint64_t Stack::UserId(const std::string& user) const {
  constexpr db::Sql kUser = "SELECT id FROM users WHERE name = ?";
  return Must(database_.Run(Soon(), [&](db::Session& session) {
    std::uint64_t id = 0;
    session.Query(kUser, {user}, [&](const db::Row& row) { id = row.U64(0); });
    return id;
  }));
}

std::string Stack::VpsOf(const std::string& user, int ctid) const {
  constexpr db::Sql kVps = "SELECT id FROM vpses WHERE user_id = ? AND ctid = ? LIMIT 1";
  const std::uint64_t owner = UserId(user);
  return Must(database_.Run(Soon(), [&](db::Session& session) {
    std::string id;
    session.Query(kVps, {owner, std::to_string(ctid)},
                  [&](const db::Row& row) { id = std::to_string(row.U64(0)); });
    return id;
  }));
}

std::string Stack::AddNode(std::uint16_t port) const {
  constexpr db::Sql kNode = "INSERT INTO nodes (name, host, port) VALUES (?, '127.0.0.1', ?)";
  constexpr db::Sql kKey =
      "INSERT INTO node_host_keys (node_id, key_type, fingerprint, public_key) VALUES (?, ?, ?, ?)";
  constexpr db::Sql kVps =
      "INSERT INTO vpses (user_id, node_id, ctid, hostname, guaranteed_ram, disk_space, cpu_count, "
      "accounting) "
      "VALUES (?, ?, '101', 'h.test', 512, 10000, 1, 'combined')";
  const std::uint64_t owner = UserId("nodes");
  const ssh::HostKey key = KeyOfNode(node_directory_);
  return Must(database_.Transact(Soon(), [&](db::Session& session) {
    session.Execute(kNode, {"node-" + std::to_string(++nodes_), std::uint64_t{port}});
    const std::uint64_t node = session.LastInsertId();
    session.Execute(kKey, {node, key.type, key.Fingerprint(), key.blob});
    session.Execute(kVps, {owner, node});
    return std::to_string(session.LastInsertId());
  }));
}

}  // namespace cvm::bench
