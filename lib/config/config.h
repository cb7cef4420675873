// The settings of both programs, read from one TOML file each: the one door to toml++. The worker and cvmctl
// know the same settings with different defaults, and have a file each because their secrets have different
// readers.
#ifndef CVM_LIB_CONFIG_CONFIG_H_
#define CVM_LIB_CONFIG_CONFIG_H_

#include <chrono>
#include <cstddef>
#include <string>

#include "lib/base/error.h"
#include "lib/db/db.h"
#include "lib/log/log.h"
#include "lib/ssh/ssh.h"
#include "lib/traffic/count.h"
#include "lib/vps/retention.h"

namespace cvm::config {

enum class Program { kWorker, kCtl };

// What vzctl takes to stop a container, in seconds: two minutes to ask, one to kill.
inline constexpr unsigned kStopSeconds = 180;

// The longest that a request may take, in seconds, below nginx's fastcgi_read_timeout of 240 s: the worker's
// answer must come before nginx stops waiting for it.
inline constexpr unsigned kMostRequestSeconds = 235;

// Below that there is not one for each kind of work.
inline constexpr std::size_t kLeastThreads = 4;

struct WorkerSettings {
  std::size_t threads = 128;
  std::size_t reserved_threads = 0;    // that wait for no node and check no pair; 0: an eighth of them
  std::size_t waits_per_node = 64;     // statuses that wait for one node
  std::size_t actions_per_node = 0;    // those that wait for their turn too; 0: two less than sessions to it
  std::size_t max_connections = 1024;  // of the web server, idle ones too
  std::size_t crypt_checks = 0;        // imported pairs checked at once; 0: half of the cores
  std::chrono::seconds io_timeout{5};  // for each read from and write to the web server
  std::chrono::seconds request_timeout{
      230};  // from a request's arrival to its answer, waits for nodes included
  std::chrono::seconds status_timeout{10};  // how long a status waits for its node
  std::chrono::seconds turn_wait{10};       // how long an action waits for another one on the same VPS
  std::chrono::seconds lock_wait{30};       // how long a container that is locked is tried again
};

// The listener on loopback for /metrics, /healthz and /readyz.
struct MetricsSettings {
  bool enabled = true;
  std::size_t port = 0;                                   // 0: any that is free
  std::string directory = "/run/cvm-client-api/metrics";  // of the target file; "": none is written
};

// What the file says of the database beyond db::Settings; used up while it is read.
struct DatabaseFile {
  std::string password_file;
  bool allow_plain_text = false;
};

struct Settings {
  db::Settings database;
  DatabaseFile database_file;
  ssh::Settings ssh;
  log::Settings log;
  traffic::Settings traffic;
  WorkerSettings worker;
  MetricsSettings metrics;
  vps::Retention retention;
};

// Reads the file. kInvalid: it cannot be read, is open to people whom it should not be, or holds a setting
// that is unknown, of the wrong type or out of range; the message has a line "FILE:LINE: reason" for every
// problem, not for the first alone, and never a secret.
base::Result<Settings> Load(const std::string& path, Program program);

}  // namespace cvm::config

#endif  // CVM_LIB_CONFIG_CONFIG_H_
