#include "lib/config/table.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iterator>
#include <type_traits>

namespace cvm::config {
namespace {

constexpr struct {
  const char* name;
  log::Level level;
} kLevels[] = {
    {"debug", log::Level::kDebug},
    {"info", log::Level::kInfo},
    {"warning", log::Level::kWarning},
    {"error", log::Level::kError},
};

const auto* FindLevel(std::string_view name) {
  const auto* found =
      std::find_if(std::begin(kLevels), std::end(kLevels), [&](const auto& row) { return row.name == name; });
  return found == std::end(kLevels) ? nullptr : found;
}

// Puts a value into the member `Member` of the part `Part` of the settings, as that member's type.
template <auto Part, auto Member>
void Into(Settings& settings, const Value& value) {
  auto& target = (settings.*Part).*Member;
  using T = std::remove_reference_t<decltype(target)>;
  if constexpr (std::is_same_v<T, base::Secret>) {
    target = base::Secret(std::get<std::string>(value));
  } else if constexpr (std::is_same_v<T, log::Level>) {
    target = LevelNamed(std::get<std::string>(value));
  } else if constexpr (std::is_same_v<T, std::size_t>) {
    target = std::get<std::uint64_t>(value);
  } else if constexpr (std::is_same_v<T, std::chrono::seconds> ||
                       std::is_same_v<T, std::chrono::milliseconds>) {
    target = std::chrono::seconds(std::get<std::uint64_t>(value));
  } else {
    target = std::get<T>(value);
  }
}

constexpr auto kDatabase = &Settings::database;
constexpr auto kDatabaseFile = &Settings::database_file;
constexpr auto kSsh = &Settings::ssh;
constexpr auto kLog = &Settings::log;
constexpr auto kTraffic = &Settings::traffic;
constexpr auto kWorker = &Settings::worker;
constexpr auto kMetrics = &Settings::metrics;
constexpr auto kRetention = &Settings::retention;

}  // namespace

bool IsLevel(std::string_view name) {
  return FindLevel(name) != nullptr;
}

log::Level LevelNamed(std::string_view name) {
  const auto* row = FindLevel(name);
  if (row == nullptr) std::abort();
  return row->level;
}

const std::vector<Setting>& AllSettings() {
  static const std::vector<Setting> settings = {
      {"database", "servers", Form::kServers, "[\"/run/mysqld/mysqld.sock\"]",
       "[\"/run/mysqld/mysqld.sock\"]", 0, 0,
       "Where the database is: a socket's path, \"host\", \"host:port\" or \"[IPv6]:port\". Several are "
       "tried in\n"
       "this order at every connect.",
       Into<kDatabase, &db::Settings::servers>},
      {"database", "name", Form::kText, "\"cvm_api\"", "\"cvm_api\"", 0, 0, "The database's name.",
       Into<kDatabase, &db::Settings::name>},
      {"database", "user", Form::kText, "\"cvm_worker\"", "\"cvm_operator\"", 0, 0, "The database account.",
       Into<kDatabase, &db::Settings::user>},
      {"database", "password", Form::kSecret, "\"\"", "\"\"", 0, 0,
       "Its password; \"\" where the account has none (unix_socket) or password_file is set. A file that "
       "holds a\n"
       "password must be closed to others.",
       Into<kDatabase, &db::Settings::password>},
      {"database", "password_file", Form::kOptionalPath, "\"\"", "\"\"", 0, 0,
       "A file whose first line is the password, instead of it; closed to others in the same way.",
       Into<kDatabaseFile, &DatabaseFile::password_file>},
      {"database", "tls_ca", Form::kOptionalPath, "\"\"", "\"\"", 0, 0,
       "A file of CA certificates turns TLS on: the server's certificate and host name are checked.",
       Into<kDatabase, &db::Settings::tls_ca>},
      {"database", "allow_plain_text", Form::kFlag, "false", "false", 0, 0,
       "Without tls_ca, a server that is neither a socket nor on loopback is refused unless this is true: "
       "the\n"
       "password and all data would cross the network readable.",
       Into<kDatabaseFile, &DatabaseFile::allow_plain_text>},
      {"database", "connections", Form::kCount, "0", "2", 0, 1024,
       "The most connections that are open at once; 0: twice the cores.",
       Into<kDatabase, &db::Settings::connections>},
      {"database", "connect_timeout", Form::kSeconds, "3", "3", 1, 60, "For each server that is tried.",
       Into<kDatabase, &db::Settings::connect_timeout>},
      {"database", "query_timeout", Form::kSeconds, "10", "10", 1, 120,
       "For each read from and write to the server.", Into<kDatabase, &db::Settings::query_timeout>},

      {"ssh", "key_directory", Form::kPath, "\"/etc/cvm-client-api/keys\"", "\"/etc/cvm-client-api/keys\"", 0,
       0, "Where the private keys for the nodes are; the one that is used is id_ed25519.",
       Into<kSsh, &ssh::Settings::key_directory>},
      {"ssh", "connect_timeout", Form::kSeconds, "5", "5", 1, 60,
       "For connecting to a node, handshake and login together. The worker's: no longer than "
       "worker.status_timeout.",
       Into<kSsh, &ssh::Settings::connect_timeout>},
      {"ssh", "idle_timeout", Form::kSeconds, "60", "60", 1, 3600,
       "A session that was not used for so long is closed.", Into<kSsh, &ssh::Settings::idle_timeout>},
      {"ssh", "sessions_per_node", Form::kCount, "10", "10", 1, 64,
       "The most sessions to one node, each a connection with one command at a time. Statuses share one "
       "command;\n"
       "each action takes a session of its own.",
       Into<kSsh, &ssh::Settings::sessions_per_endpoint>},

      {"log", "target", Form::kTarget, "\"stderr\"", "\"stderr\"", 0, 0,
       "\"stderr\", \"syslog\", or the absolute path of a file that is opened again on SIGHUP.",
       Into<kLog, &log::Settings::target>},
      {"log", "level", Form::kLevel, "\"info\"", "\"warning\"", 0, 0,
       "The least that is written: \"debug\", \"info\", \"warning\" or \"error\".",
       Into<kLog, &log::Settings::level>},

      {"traffic", "jump_gbit", Form::kCount, "10", "10", 1, 100000,
       "More than so many Gbit/s since the last reading of a container are booked, and flagged as a jump.",
       Into<kTraffic, &traffic::Settings::jump_gbit>},

      {"worker", "threads", Form::kCount, "128", nullptr, kLeastThreads, 1024,
       "Requests that are worked on at once; one that waits for a node holds its thread.",
       Into<kWorker, &WorkerSettings::threads>},
      {"worker", "reserved_threads", Form::kCount, "0", nullptr, 0, 1023,
       "Of them, those that never wait for a node or check an imported pair, so that all else goes on; 0: "
       "an\n"
       "eighth. Another eighth is for imported pairs. Beyond the others a status is \"unknown\" and an "
       "action\n"
       "refused, at once. At most half of the threads have actions, with all their waiting.",
       Into<kWorker, &WorkerSettings::reserved_threads>},
      {"worker", "waits_per_node", Form::kCount, "64", nullptr, 1, 1024,
       "The most statuses that wait for one node at once; 64 of them need 113 threads.",
       Into<kWorker, &WorkerSettings::waits_per_node>},
      {"worker", "actions_per_node", Form::kCount, "0", nullptr, 0, 63,
       "The most actions at once on one node, those that wait for another one to end too; below\n"
       "ssh.sessions_per_node, so that its status can be asked for meanwhile; 0: two less than that.",
       Into<kWorker, &WorkerSettings::actions_per_node>},
      {"worker", "max_connections", Form::kCount, "1024", nullptr, 1, 65536,
       "The most connections of the web server, idle ones too.",
       Into<kWorker, &WorkerSettings::max_connections>},
      {"worker", "crypt_checks", Form::kCount, "0", nullptr, 0, 1024,
       "The most imported token pairs that are checked by crypt(3) at once, each with a core for some 20 ms "
       "when\nit is first used; 0: half of the cores. Beyond it requests wait, but with those that are "
       "checked "
       "never\nmore than an eighth of the threads, and get 503 in the end.",
       Into<kWorker, &WorkerSettings::crypt_checks>},
      {"worker", "io_timeout", Form::kSeconds, "5", nullptr, 1, 120,
       "For each read from and write to the web server.", Into<kWorker, &WorkerSettings::io_timeout>},
      {"worker", "request_timeout", Form::kSeconds, "230", nullptr, 1, kMostRequestSeconds,
       "From a request's arrival to its answer, all waiting included. A container may take 180 to stop: "
       "with\n"
       "turn_wait, lock_wait and 5 to look at the result that must fit. Stays below nginx's "
       "fastcgi_read_timeout of 240.",
       Into<kWorker, &WorkerSettings::request_timeout>},
      {"worker", "status_timeout", Form::kSeconds, "10", nullptr, 1, 120,
       "How long a status waits for its node before it is \"unknown\".",
       Into<kWorker, &WorkerSettings::status_timeout>},
      {"worker", "turn_wait", Form::kSeconds, "10", nullptr, 0, 60,
       "How long an action waits for another one on the same VPS to end.",
       Into<kWorker, &WorkerSettings::turn_wait>},
      {"worker", "lock_wait", Form::kSeconds, "30", nullptr, 0, 60,
       "How long a container that somebody else's vzctl has locked is tried again.",
       Into<kWorker, &WorkerSettings::lock_wait>},

      {"metrics", "enabled", Form::kFlag, "true", nullptr, 0, 0,
       "Whether each worker process serves /metrics, /healthz and /readyz over HTTP on 127.0.0.1.",
       Into<kMetrics, &MetricsSettings::enabled>},
      {"metrics", "port", Form::kCount, "0", nullptr, 0, 65535,
       "Its port; 0: any that is free. Of several processes with the same port one has it, the others warn.",
       Into<kMetrics, &MetricsSettings::port>},
      {"metrics", "directory", Form::kOptionalPath, "\"/run/cvm-client-api/metrics\"", nullptr, 0, 0,
       "Where each process writes PID.json with its port, in the form of Prometheus' file_sd, and removes it "
       "at\n"
       "the end; made where its parent is there; \"\": nowhere.",
       Into<kMetrics, &MetricsSettings::directory>},

      {"retention", "action_log_days", Form::kCount, nullptr, "730", 0, 36500,
       "For how many days `cvmctl tidy` keeps records; here and below 0 is for ever.",
       Into<kRetention, &vps::Retention::action_log_days>},
      {"retention", "traffic_daily_days", Form::kCount, nullptr, "800", 0, 36500,
       "The traffic of each day. At least 62, so that a billing period is whole.",
       Into<kRetention, &vps::Retention::traffic_daily_days>},
      {"retention", "terminated_vps_days", Form::kCount, nullptr, "90", 0, 36500,
       "Terminated VPSes, with all their traffic: until then customers see them in their lists.",
       Into<kRetention, &vps::Retention::terminated_vps_days>},
      {"retention", "dead_token_days", Form::kCount, nullptr, "90", 0, 36500,
       "Token pairs that are revoked or expired.", Into<kRetention, &vps::Retention::dead_token_days>},
  };
  return settings;
}

}  // namespace cvm::config
