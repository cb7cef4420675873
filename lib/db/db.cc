#include "lib/db/db.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "lib/db/classify.h"
#include "lib/db/connection.h"
#include "lib/db/lender.h"
#include "lib/db/mysql.h"
#include "lib/log/log.h"

namespace cvm::db {

namespace {

constexpr int kTransactionAttempts = 8;

std::size_t Limit(const Settings& settings) {
  if (settings.connections > 0) return settings.connections;
  return 2 * std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

// A connection whose transaction is rolled back when this dies, unless it was committed.
class Transaction {
 public:
  explicit Transaction(Connection& connection) : connection_(connection) { connection_.Begin(); }
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction() {
    if (done_ || connection_.broken()) return;  // the server rolls back what a dropped connection had begun
    try {
      connection_.Rollback();
    } catch (const Failure&) {  // broken now, and dropped
    }
  }
  void Commit() {
    connection_.Commit();
    done_ = true;
  }

 private:
  Connection& connection_;
  bool done_ = false;
};

void RunOnce(Connection& connection, const std::function<bool(Session&)>& body, bool& committing) {
  Transaction transaction(connection);
  if (!body(connection)) return;
  if (connection.broken()) {
    throw Failure(Failure::Kind::kLost, 0, "database: the connection failed within the transaction");
  }
  committing = true;
  transaction.Commit();
}

}  // namespace

std::optional<std::uint64_t> FindId(Session& session, Sql sql, const std::vector<Param>& params) {
  std::optional<std::uint64_t> id;
  session.Query(sql, params, [&](const Row& row) { id = row.U64(0); });
  return id;
}

std::optional<std::uint64_t> Row::MaybeU64(unsigned column) const {
  if (IsNull(column)) return std::nullopt;
  return U64(column);
}

std::optional<std::string> Row::MaybeText(unsigned column) const {
  if (IsNull(column)) return std::nullopt;
  return Text(column);
}

class Pool::Impl {
 public:
  explicit Impl(Settings settings)
      : settings_(std::move(settings)),
        lender_(Limit(settings_), [this](base::Deadline deadline) { return Connect(deadline); }) {
    PrepareDriver();
  }

  // Lends a connection to `work(Connection&)`; once more where the first had died while it was idle. `work`
  // tells whether it had begun something whose outcome is unknown if the connection was lost.
  base::Status Lend(base::Deadline deadline, const std::function<void(Connection&)>& work,
                    const std::function<bool(const Connection&)>& outcome_unknown) {
    for (bool second = false;; second = true) {
      auto lease = lender_.Borrow(deadline);
      if (!lease) return lease.error();
      Connection& connection = **lease;
      try {
        work(connection);
        return {};
      } catch (const Failure& failure) {
        if (!second && connection.DiedIdle()) continue;
        base::Error error = ToError(failure);
        if (outcome_unknown(connection)) error.code = base::ErrorCode::kBroken;
        return error;
      }
    }
  }

  PoolFigures Figures() const { return lender_.Figures(); }

 private:
  // Logs an outage when it begins and when it ends: each request logs its own error besides.
  Attempt Connect(base::Deadline deadline) {
    Attempt attempt = ConnectToFirst(settings_, deadline);
    const bool reached = attempt.connection != nullptr;
    if (reached && down_) log::Info("db.reachable");
    if (!reached && !down_) log::Error("db.unreachable", {{"error", attempt.error}});
    down_ = !reached;
    return attempt;
  }

  const Settings settings_;
  bool down_ = false;  // one connect at a time: needs no lock of its own
  Lender lender_;
};

Pool::Pool(Settings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
Pool::~Pool() = default;

PoolFigures Pool::Figures() const {
  return impl_->Figures();
}

base::Status Pool::RunBody(base::Deadline deadline, const std::function<void(Session&)>& body) {
  return impl_->Lend(
      deadline, [&body](Connection& connection) { body(connection); },
      [](const Connection& connection) { return connection.ChangeUnknown(); });
}

base::Status Pool::TransactBody(base::Deadline deadline, const std::function<bool(Session&)>& body) {
  bool committing = false;
  const auto work = [&](Connection& connection) {
    for (int attempt = 1;; ++attempt) {
      try {
        committing = false;
        return RunOnce(connection, body, committing);
      } catch (const Failure& failure) {
        const bool again = failure.kind() == Failure::Kind::kDeadlock && !connection.broken();
        if (!again || attempt == kTransactionAttempts || deadline.Passed()) throw;
      }
    }
  };
  return impl_->Lend(deadline, work,
                     [&](const Connection& connection) { return committing && connection.ChangeUnknown(); });
}

}  // namespace cvm::db
