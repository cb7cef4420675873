// Every metric that the worker exports, in one table: what is exported, and the tests of the documentation,
// the dashboard and the alert rules, are made from it.
#ifndef CVM_FCGI_METRIC_TABLE_H_
#define CVM_FCGI_METRIC_TABLE_H_

#include <vector>

#include "lib/metrics/report.h"

namespace cvm::fcgi::metric {

using metrics::Definition;
using metrics::Kind;

inline constexpr Definition kBuildInfo{"cvm_build_info", Kind::kGauge, "Always 1; the version is its label."};
inline constexpr Definition kRequests{"cvm_requests_total", Kind::kCounter,
                                      "Requests answered, by route and status."};
inline constexpr Definition kRequestSeconds{
    "cvm_request_duration_seconds", Kind::kHistogram,
    "From a request's arrival until its answer was on its way, by route; waiting in the queue included."};
inline constexpr Definition kConnections{"cvm_connections", Kind::kGauge,
                                         "Connections of the web server: idle, queued or at_work."};
inline constexpr Definition kConnectionsLimit{"cvm_connections_limit", Kind::kGauge,
                                              "The most connections (worker.max_connections)."};
inline constexpr Definition kThreads{"cvm_worker_threads", Kind::kGauge,
                                     "Threads that serve requests (worker.threads)."};
inline constexpr Definition kDraining{"cvm_draining", Kind::kGauge,
                                      "1 once the process was told to end and finishes what is in flight."};

inline constexpr Definition kDbUp{
    "cvm_db_up", Kind::kGauge,
    "Whether the database answers and has a schema that the worker knows, as in /readyz."};
inline constexpr Definition kDbLimit{"cvm_db_connections_limit", Kind::kGauge,
                                     "The most database connections (database.connections)."};
inline constexpr Definition kDbOpen{"cvm_db_connections_open", Kind::kGauge, "Database connections."};
inline constexpr Definition kDbInUse{"cvm_db_connections_in_use", Kind::kGauge,
                                     "Of them, those at work or being opened."};
inline constexpr Definition kDbWaiting{"cvm_db_waiting", Kind::kGauge,
                                       "Threads that wait for a database connection."};
inline constexpr Definition kDbWaits{"cvm_db_waits_total", Kind::kCounter,
                                     "Times that a thread found no database connection free."};
inline constexpr Definition kDbTimeouts{"cvm_db_wait_timeouts_total", Kind::kCounter,
                                        "Of them, those in which none became free in time."};
inline constexpr Definition kDbConnects{"cvm_db_connects_total", Kind::kCounter,
                                        "Tries to connect to the database."};
inline constexpr Definition kDbConnectFailures{"cvm_db_connect_failures_total", Kind::kCounter,
                                               "Of them, those that failed."};
inline constexpr Definition kDbLost{"cvm_db_connections_lost_total", Kind::kCounter,
                                    "Database connections that broke while they were at work."};

inline constexpr Definition kSshOpened{"cvm_ssh_sessions_opened_total", Kind::kCounter,
                                       "SSH sessions opened."};
inline constexpr Definition kSshFailed{"cvm_ssh_open_failures_total", Kind::kCounter,
                                       "SSH sessions that could not be opened."};
inline constexpr Definition kSshDropped{
    "cvm_ssh_drops_total", Kind::kCounter,
    "Connections that an sshd dropped before it greeted (MaxStartups); tried again."};
inline constexpr Definition kSshSessions{"cvm_ssh_sessions", Kind::kGauge,
                                         "SSH sessions to all nodes, by state: in_use or idle."};
inline constexpr Definition kSshWaiting{"cvm_ssh_waiting", Kind::kGauge,
                                        "Threads that wait for an SSH session."};

inline constexpr Definition kNodeUp{"cvm_node_up", Kind::kGauge,
                                    "Whether the node was reached when it was last tried."};
inline constexpr Definition kNodeBreaker{
    "cvm_node_breaker_state", Kind::kGauge,
    "The node's breaker: 0 closed, 1 open (callers are answered at once), 2 open and being tried."};
inline constexpr Definition kNodeFailures{"cvm_node_failed_tries", Kind::kGauge,
                                          "Tries since the node was last reached; 0 where it is."};
inline constexpr Definition kNodeLatency{"cvm_node_latency_seconds", Kind::kGauge,
                                         "How long the last question that the node answered took."};
inline constexpr Definition kNodeAnswered{"cvm_node_last_answer_timestamp_seconds", Kind::kGauge,
                                          "When the node last answered a question."};
inline constexpr Definition kNodeQuestions{"cvm_node_questions_total", Kind::kCounter,
                                           "Questions about containers (batches) put to the node."};
inline constexpr Definition kNodeFailed{"cvm_node_questions_failed_total", Kind::kCounter,
                                        "Of them, those that brought no answer."};
inline constexpr Definition kNodeActions{"cvm_node_actions_total", Kind::kCounter,
                                         "Actions taken on for the node."};
inline constexpr Definition kNodeRefused{
    "cvm_node_refused_total", Kind::kCounter,
    "Statuses and actions turned away, as too many wait or the node is too slow."};
inline constexpr Definition kNodeWaiting{"cvm_node_waiting", Kind::kGauge,
                                         "Threads that wait for the node, by kind: status or action."};
inline constexpr Definition kNodeWaitLimit{"cvm_node_waits_limit", Kind::kGauge,
                                           "The most threads that wait for nodes in all, actions included."};
inline constexpr Definition kNodeSessions{"cvm_node_ssh_sessions", Kind::kGauge, "SSH sessions to the node."};
inline constexpr Definition kBatchSize{"cvm_batch_containers", Kind::kHistogram,
                                       "Containers that one question to a node was for."};

inline constexpr Definition kLogDropped{"cvm_log_dropped_total", Kind::kCounter,
                                        "Log lines dropped because the queue was full."};
inline constexpr Definition kUnwrittenEnds{
    "cvm_audit_unwritten_ends", Kind::kGauge,
    "Records of actions whose end waits to be written to the database."};
inline constexpr Definition kCryptRunning{"cvm_crypt_running", Kind::kGauge,
                                          "Imported pairs that are being checked by crypt(3)."};
inline constexpr Definition kCryptWaiting{"cvm_crypt_waiting", Kind::kGauge,
                                          "Threads that wait for such a check."};
inline constexpr Definition kCryptChecks{"cvm_crypt_checks_total", Kind::kCounter,
                                         "Such checks that were computed."};
inline constexpr Definition kCryptRefused{"cvm_crypt_refused_total", Kind::kCounter,
                                          "Requests turned away, as too many pairs were being checked."};
inline constexpr Definition kUnwrittenUses{"cvm_last_use_unwritten", Kind::kGauge,
                                           "Pairs whose last use is not written to the database yet."};
inline constexpr Definition kUsesDropped{"cvm_last_use_dropped_total", Kind::kCounter,
                                         "Last uses of pairs dropped, as too many were kept."};
inline constexpr Definition kCollectionAge{
    "cvm_traffic_collection_age_seconds", Kind::kGauge,
    "Time since the node's traffic was last collected, or since it had a VPS where it never was."};

inline constexpr Definition kProcessStart{"process_start_time_seconds", Kind::kGauge,
                                          "When the process started."};
inline constexpr Definition kProcessCpu{"process_cpu_seconds_total", Kind::kCounter,
                                        "CPU time, user and system."};
inline constexpr Definition kProcessResident{"process_resident_memory_bytes", Kind::kGauge,
                                             "Resident memory."};
inline constexpr Definition kProcessThreads{"process_threads", Kind::kGauge, "Threads of all kinds."};
inline constexpr Definition kProcessFds{"process_open_fds", Kind::kGauge, "Open descriptors."};
inline constexpr Definition kProcessMaxFds{"process_max_fds", Kind::kGauge, "The most descriptors."};

// All of the above.
const std::vector<const Definition*>& All();

}  // namespace cvm::fcgi::metric

#endif  // CVM_FCGI_METRIC_TABLE_H_
