#include "lib/audit/closer.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "lib/base/backoff.h"
#include "lib/log/log.h"

namespace cvm::audit {
namespace {

constexpr std::size_t kBatch = 64;  // ends that one transaction writes
constexpr std::chrono::milliseconds kWriteTime{10000};
constexpr std::chrono::milliseconds kFirstRetry{100};
constexpr std::chrono::milliseconds kMostRetry{5000};

struct Ending {
  std::uint64_t id;
  Outcome outcome;
  base::Deadline deadline;  // until when it is tried
};
using Endings = std::vector<Ending>;

base::Status Write(db::Pool& pool, const Endings& endings, base::Deadline deadline) {
  return pool.Transact(deadline, [&](db::Session& session) {
    for (const Ending& ending : endings) End(session, ending.id, ending.outcome);
  });
}

void LogOpen(const Ending& ending, const base::Error& error) {
  log::Error("audit.intent_left_open",
             {{"record", ending.id}, {"outcome", OutcomeName(ending.outcome)}, {"error", error.message}});
}

}  // namespace

class Closer::Impl {
 public:
  Impl(db::Pool& pool, Settings settings)
      : pool_(pool), settings_(settings), thread_([this] { WriteUntilStopped(); }) {}
  ~Impl();

  void End(std::uint64_t id, Outcome outcome);
  std::size_t Waiting() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return queue_.size();
  }

 private:
  bool Enqueue(const Ending& ending);
  void WriteUntilStopped();
  Endings TakeBatch();
  void PutBack(const Endings& endings, const base::Error& error);
  void Flush();

  db::Pool& pool_;
  const Settings settings_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Ending> queue_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

Closer::Impl::~Impl() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
  Flush();
}

void Closer::Impl::End(std::uint64_t id, Outcome outcome) {
  const Ending ending{id, outcome, base::Deadline::In(settings_.patience)};
  if (Enqueue(ending)) return;
  const auto written = Write(pool_, {ending}, base::Deadline::In(kWriteTime));
  if (!written) LogOpen(ending, written.error());
}

bool Closer::Impl::Enqueue(const Ending& ending) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (queue_.size() >= settings_.queue) return false;
    queue_.push_back(ending);
  }
  changed_.notify_all();
  return true;
}

// The oldest ends; nothing once this is stopping, whose rest is Flush's.
Endings Closer::Impl::TakeBatch() {
  std::unique_lock<std::mutex> lock(mutex_);
  changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
  if (stopping_) return {};
  const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kBatch));
  Endings batch(queue_.begin(), end);
  queue_.erase(queue_.begin(), end);
  return batch;
}

// In front again, but for those whose time is over. The queue may grow by one batch beyond its bound.
void Closer::Impl::PutBack(const Endings& endings, const base::Error& error) {
  const std::lock_guard<std::mutex> lock(mutex_);
  for (auto ending = endings.rbegin(); ending != endings.rend(); ++ending) {
    if (ending->deadline.Passed()) {
      LogOpen(*ending, error);
    } else {
      queue_.push_front(*ending);
    }
  }
}

void Closer::Impl::WriteUntilStopped() {
  base::Backoff backoff(kFirstRetry, kMostRetry);
  for (Endings batch = TakeBatch(); !batch.empty(); batch = TakeBatch()) {
    const auto written = Write(pool_, batch, base::Deadline::In(kWriteTime));
    if (written) {
      backoff.Reset();
      continue;
    }
    PutBack(batch, written.error());
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait_for(lock, backoff.Next(), [this] { return stopping_; });
  }
}

void Closer::Impl::Flush() {
  const auto deadline = base::Deadline::In(settings_.flush);
  while (!queue_.empty()) {
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kBatch));
    const Endings batch(queue_.begin(), end);
    queue_.erase(queue_.begin(), end);
    const auto written = Write(pool_, batch, deadline);
    if (written) continue;
    for (const Ending& ending : batch) LogOpen(ending, written.error());
  }
}

Closer::Closer(db::Pool& pool, Settings settings) : impl_(std::make_unique<Impl>(pool, settings)) {}
Closer::~Closer() = default;

void Closer::End(std::uint64_t id, Outcome outcome) {
  impl_->End(id, outcome);
}

std::size_t Closer::Waiting() const {
  return impl_->Waiting();
}

}  // namespace cvm::audit
