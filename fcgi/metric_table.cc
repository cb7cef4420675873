#include "fcgi/metric_table.h"

namespace cvm::fcgi::metric {

const std::vector<const Definition*>& All() {
  static const std::vector<const Definition*> all = {
      &kBuildInfo,         &kRequests,        &kRequestSeconds, &kConnections,   &kConnectionsLimit,
      &kThreads,           &kDraining,        &kDbUp,           &kDbLimit,       &kDbOpen,
      &kDbInUse,           &kDbWaiting,       &kDbWaits,        &kDbTimeouts,    &kDbConnects,
      &kDbConnectFailures, &kDbLost,          &kSshOpened,      &kSshFailed,     &kSshDropped,
      &kSshSessions,       &kSshWaiting,      &kNodeUp,         &kNodeBreaker,   &kNodeFailures,
      &kNodeLatency,       &kNodeAnswered,    &kNodeQuestions,  &kNodeFailed,    &kNodeActions,
      &kNodeRefused,       &kNodeWaiting,     &kNodeWaitLimit,  &kNodeSessions,  &kBatchSize,
      &kLogDropped,        &kUnwrittenEnds,   &kCryptRunning,   &kCryptWaiting,  &kCryptChecks,
      &kCryptRefused,      &kUnwrittenUses,   &kUsesDropped,    &kCollectionAge, &kProcessStart,
      &kProcessCpu,        &kProcessResident, &kProcessThreads, &kProcessFds,    &kProcessMaxFds};
  return all;
}

}  // namespace cvm::fcgi::metric
