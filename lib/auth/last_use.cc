#include "lib/auth/last_use.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lib/base/backoff.h"
#include "lib/log/log.h"

namespace cvm::auth {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kBatch = 64;  // uses that one transaction writes
constexpr std::chrono::milliseconds kWriteTime{10000};
constexpr std::chrono::milliseconds kFirstRetry{100};
constexpr std::chrono::milliseconds kMostRetry{5000};
constexpr std::chrono::milliseconds kSweep{1000};  // between two looks for uses whose time has come

struct Use {
  std::uint64_t token_id;
  std::string address;
  Clock::time_point at;
};
using Uses = std::vector<Use>;

// By the database's clock, so that those of several hosts compare. A later use of another process stays.
constexpr db::Sql kUpdate =
    "UPDATE api_token_usage SET last_used_from = ?, last_used_at = UTC_TIMESTAMP(3) - INTERVAL ? MICROSECOND "
    "WHERE token_id = ? AND last_used_at < UTC_TIMESTAMP(3) - INTERVAL ? MICROSECOND";

// The first use. Only this locks the token's row, and only for a moment, since it refers to it.
constexpr db::Sql kInsert =
    "INSERT INTO api_token_usage (token_id, last_used_from, last_used_at) VALUES (?, ?, UTC_TIMESTAMP(3) - "
    "INTERVAL ? MICROSECOND) ON DUPLICATE KEY UPDATE token_id = token_id";

std::uint64_t AgeOf(const Use& use) {
  const auto age = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - use.at).count();
  return age > 0 ? static_cast<std::uint64_t>(age) : 0;
}

void WriteOne(db::Session& session, const Use& use) {
  const std::uint64_t age = AgeOf(use);
  if (session.Execute(kUpdate, {use.address, age, use.token_id, age}) > 0) return;
  try {
    session.Execute(kInsert, {use.token_id, use.address, age});
  } catch (const db::Failure& failure) {
    // The pair has been removed since.
    if (failure.kind() != db::Failure::Kind::kConflict) throw;
  }
}

// In the order of the IDs, so that two processes that write the same ones do not lock each other out.
base::Status Write(db::Pool& pool, const Uses& uses, base::Deadline deadline) {
  return pool.Transact(deadline, [&](db::Session& session) {
    for (const Use& use : uses) WriteOne(session, use);
  });
}

}  // namespace

class LastUse::Impl {
 public:
  Impl(db::Pool& pool, Settings settings)
      : pool_(pool), settings_(settings), thread_([this] { WriteUntilStopped(); }) {}
  ~Impl();

  void Note(std::uint64_t token_id, std::string_view address);
  Figures Read() const;

 private:
  struct Entry {
    std::optional<Use> pending;                // not written yet
    std::optional<Clock::time_point> written;  // when the last write was begun
  };

  bool MakeRoom(std::uint64_t token_id);
  bool IsDue(const Entry& entry, Clock::time_point now) const;
  Uses TakeDue();
  Uses AwaitDue();
  void PutBack(const Uses& uses);
  void Forget();
  void Report(const base::Status& written);
  void Flush();
  void WriteUntilStopped();

  db::Pool& pool_;
  const Settings settings_;
  bool failing_ = false;  // the thread's own
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::uint64_t, Entry> entries_;
  std::uint64_t dropped_ = 0;
  std::uint64_t told_ = 0;  // of those, in the log
  bool stopping_ = false;
  bool fresh_ = false;  // a pair that was not in the table has been used
  std::thread thread_;  // last: it uses all of the above
};

LastUse::Impl::~Impl() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  Flush();
}

void LastUse::Impl::Note(std::uint64_t token_id, std::string_view address) {
  Use use{token_id, std::string(address.substr(0, 45)), Clock::now()};
  bool wake = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!MakeRoom(token_id)) return;
    Entry& entry = entries_[token_id];
    wake = !entry.pending && !entry.written;
    fresh_ = fresh_ || wake;
    entry.pending = std::move(use);
  }
  if (wake) changed_.notify_all();
}

// Whether there is an entry of the pair or room for one.
bool LastUse::Impl::MakeRoom(std::uint64_t token_id) {
  if (entries_.count(token_id) > 0 || entries_.size() < settings_.tokens) return true;
  ++dropped_;
  return false;
}

LastUse::Figures LastUse::Impl::Read() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto pending = std::count_if(entries_.begin(), entries_.end(),
                                     [](const auto& entry) { return entry.second.pending.has_value(); });
  return {static_cast<std::size_t>(pending), dropped_};
}

bool LastUse::Impl::IsDue(const Entry& entry, Clock::time_point now) const {
  return entry.pending && (!entry.written || now - *entry.written >= settings_.interval);
}

Uses LastUse::Impl::TakeDue() {
  Uses uses;
  const auto now = Clock::now();
  for (auto& [id, entry] : entries_) {
    if (uses.size() == kBatch) break;
    if (!IsDue(entry, now)) continue;
    uses.push_back(*entry.pending);
    entry.pending.reset();
    entry.written = now;
  }
  return uses;
}

// Those that were used no more for an interval.
void LastUse::Impl::Forget() {
  const auto now = Clock::now();
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    const bool idle = !entry->second.pending && now - *entry->second.written >= settings_.interval;
    entry = idle ? entries_.erase(entry) : std::next(entry);
  }
}

// Nothing once this is stopping.
Uses LastUse::Impl::AwaitDue() {
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    if (stopping_) return {};
    fresh_ = false;
    if (Uses uses = TakeDue(); !uses.empty()) return uses;
    Forget();
    const auto woken = [this] { return stopping_ || fresh_; };
    if (entries_.empty()) {
      changed_.wait(lock, woken);
    } else {
      changed_.wait_for(lock, kSweep, woken);
    }
  }
}

// To be written at the next try, but for those of pairs that were used again meanwhile.
void LastUse::Impl::PutBack(const Uses& uses) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (const Use& use : uses) {
    Entry& entry = entries_[use.token_id];
    entry.written.reset();
    if (!entry.pending) entry.pending = use;
  }
}

// Once when it begins to fail, once when it works again; and what was dropped.
void LastUse::Impl::Report(const base::Status& written) {
  std::uint64_t dropped = 0;
  if (written) {
    const std::lock_guard<std::mutex> lock(mutex_);
    dropped = dropped_ - std::exchange(told_, dropped_);
  }
  if (dropped > 0)
    log::Warning("auth.last_use_dropped", {{"uses", dropped}, {"why", "too many pairs at once"}});
  if (!written && !failing_) log::Warning("auth.last_use_not_written", {{"error", written.error().message}});
  if (written && failing_) log::Info("auth.last_use_written_again", {});
  failing_ = !written;
}

void LastUse::Impl::WriteUntilStopped() {
  base::Backoff backoff(kFirstRetry, kMostRetry);
  for (Uses uses = AwaitDue(); !uses.empty(); uses = AwaitDue()) {
    const auto written = Write(pool_, uses, base::Deadline::In(kWriteTime));
    Report(written);
    if (written) {
      backoff.Reset();
      continue;
    }
    PutBack(uses);
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, backoff.Next(), [this] { return stopping_; });
  }
}

// The thread has ended: the table is this thread's.
void LastUse::Impl::Flush() {
  const auto deadline = base::Deadline::In(settings_.flush);
  std::uint64_t lost = dropped_ - told_;
  Uses uses;
  for (const auto& [id, entry] : entries_) {
    if (entry.pending) uses.push_back(*entry.pending);
  }
  for (std::size_t first = 0; first < uses.size(); first += kBatch) {
    const auto begin = uses.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = uses.begin() + static_cast<std::ptrdiff_t>(std::min(first + kBatch, uses.size()));
    if (!Write(pool_, Uses(begin, end), deadline)) lost += static_cast<std::uint64_t>(end - begin);
  }
  if (lost > 0)
    log::Warning("auth.last_use_dropped", {{"uses", lost}, {"why", "not written before the end"}});
}

LastUse::LastUse(db::Pool& pool, Settings settings) : impl_(std::make_unique<Impl>(pool, settings)) {}
LastUse::~LastUse() = default;

void LastUse::Note(std::uint64_t token_id, std::string_view address) {
  impl_->Note(token_id, address);
}

LastUse::Figures LastUse::Read() const {
  return impl_->Read();
}

}  // namespace cvm::auth
