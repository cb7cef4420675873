#include "lib/db/lender.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace cvm::db {

namespace {

// How long a server that was full is not asked again while connections of ours are at work.
constexpr std::chrono::seconds kFullPause{1};

// A connect that takes longer, to a server that was away, will most likely fail.
constexpr std::chrono::milliseconds kPatience{250};

// How long at most a server that did not answer is not asked again.
constexpr std::chrono::seconds kMostAwayPause{1};

base::Error Unavailable(std::string message) {
  return base::Error{base::ErrorCode::kUnavailable, std::move(message)};
}

}  // namespace

Lender::~Lender() {
  base::FatalAssert(open_ == idle_.size(), "a database connection outlived its pool");
}

base::Result<Lender::Lease> Lender::Borrow(base::Deadline deadline) {
  Waiter me;
  Lock lock(mutex_);
  if (KnownAway()) return Unavailable(away_);
  line_.push_back(&me);
  ServeLine();
  if (me.turn == Turn::kWait) ++counted_.waits;
  while (true) {
    if (!me.wake.wait_until(lock, deadline.when(), [&me] { return me.turn != Turn::kWait; })) {
      return TimedOut(me);
    }
    switch (me.turn) {
      case Turn::kWait:
        break;
      case Turn::kGiven:
        return Lend(std::move(me.connection), false);
      case Turn::kFailed:
        return Unavailable(std::move(me.error));
      case Turn::kConnect:
        if (auto outcome = ConnectFor(me, deadline, lock)) return std::move(*outcome);
        break;
    }
  }
}

base::Result<Lender::Lease> Lender::Lend(std::unique_ptr<Connection> connection, bool fresh) {
  connection->StartLoan(fresh);
  return Lease(*this, std::move(connection));
}

bool Lender::KnownAway() const {
  if (away_.empty() || !idle_.empty()) return false;
  const auto now = Connection::Clock::now();
  return connecting_ ? now - connecting_since_ > kPatience : now < retry_away_at_;
}

PoolFigures Lender::Figures() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  PoolFigures figures = counted_;
  figures.limit = limit_;
  figures.open = open_;
  figures.in_use = open_ - idle_.size();
  figures.waiting = line_.size();
  figures.away = !away_.empty();
  return figures;
}

base::Error Lender::TimedOut(Waiter& me) {
  ++counted_.timeouts;
  line_.remove(&me);
  return Unavailable("database: no free connection in time (" + std::to_string(limit_) + " at most)");
}

std::optional<base::Result<Lender::Lease>> Lender::ConnectFor(Waiter& me, base::Deadline deadline,
                                                              Lock& lock) {
  lock.unlock();
  const auto begun = Connection::Clock::now();
  Attempt attempt = connect_(deadline);
  const auto ended = Connection::Clock::now();
  lock.lock();
  connecting_ = false;
  ++counted_.connects;
  if (attempt.connection != nullptr) {
    away_.clear();
    ServeLine();
    return Lend(std::move(attempt.connection), true);
  }
  --open_;
  ++counted_.connect_failures;
  const bool wait_on = attempt.server_full && open_ > 0;
  if (wait_on) {
    no_connect_before_ = Connection::Clock::now() + kFullPause;
    me.turn = Turn::kWait;
    line_.push_front(&me);
  } else if (!attempt.cut_short) {
    away_ = attempt.error;
    // A refusal that came at once is asked for again at once; one that took its time is not, for as long.
    retry_away_at_ = ended + std::min<Connection::Clock::duration>(ended - begun, kMostAwayPause);
    FailLine(attempt.error);
  }
  ServeLine();
  if (wait_on) return std::nullopt;
  return base::Result<Lease>(Unavailable(std::move(attempt.error)));
}

void Lender::Return(std::unique_ptr<Connection> connection) {
  Connections dropped;
  const std::lock_guard<std::mutex> lock(mutex_);
  if (connection->lost()) {
    ++counted_.lost;
    doubt_until_ = Connection::Clock::now();
    dropped = TakeDoubtful();
  }
  if (connection->broken() || Doubtful(*connection)) {
    dropped.push_back(std::move(connection));
  } else {
    idle_.push_back(std::move(connection));
  }
  open_ -= dropped.size();
  ServeLine();
}

bool Lender::Doubtful(const Connection& connection) const {
  return connection.last_answer() <= doubt_until_;
}

Lender::Connections Lender::TakeDoubtful() {
  const auto first =
      std::stable_partition(idle_.begin(), idle_.end(), [this](const auto& one) { return !Doubtful(*one); });
  Connections doubtful(std::make_move_iterator(first), std::make_move_iterator(idle_.end()));
  idle_.erase(first, idle_.end());
  return doubtful;
}

bool Lender::MayConnect() const {
  if (connecting_ || open_ >= limit_) return false;
  return open_ == 0 || Connection::Clock::now() >= no_connect_before_;
}

// Gives whoever is at the head of the line what there is: an idle connection, or the turn to connect.
void Lender::ServeLine() {
  while (!line_.empty()) {
    Waiter& head = *line_.front();
    if (!idle_.empty()) {
      head.connection = std::move(idle_.back());
      idle_.pop_back();
      head.turn = Turn::kGiven;
    } else if (MayConnect()) {
      connecting_ = true;
      connecting_since_ = Connection::Clock::now();
      ++open_;
      head.turn = Turn::kConnect;
    } else {
      return;
    }
    line_.pop_front();
    head.wake.notify_one();
  }
}

void Lender::FailLine(const std::string& error) {
  for (Waiter* waiter : line_) {
    waiter->turn = Turn::kFailed;
    waiter->error = error;
    waiter->wake.notify_one();
  }
  line_.clear();
}

}  // namespace cvm::db
