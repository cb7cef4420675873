#include "fcgi/connections.h"

#include <sys/socket.h>

#include <cerrno>
#include <iterator>
#include <utility>

namespace cvm::fcgi {
namespace {

enum class Pending { kNothing, kBytes, kEnd };

Pending Peek(int fd) {
  char byte = 0;
  const ::ssize_t got = ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  if (got > 0) return Pending::kBytes;
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return Pending::kNothing;
  return Pending::kEnd;
}

}  // namespace

bool Connections::MakeRoom() {
  const std::lock_guard lock(mutex_);
  return Count() < most_ || EvictWithLock();
}

bool Connections::EvictOldestIdle() {
  const std::lock_guard lock(mutex_);
  return EvictWithLock();
}

// Not a new one whose request is on its way, nor one whose request is here and only not reported yet.
bool Connections::MayEvict(const Connection& connection) const {
  const bool expected = !connection.served_ && Clock::now() - connection.admitted_ < grace_;
  return !expected && Peek(connection.fd()) != Pending::kBytes;
}

bool Connections::EvictWithLock() {
  for (auto it = idle_.begin(); it != idle_.end(); ++it) {
    if (!MayEvict(**it)) continue;
    idle_.erase(it);
    return true;
  }
  room_wanted_ = true;
  return false;
}

void Connections::Admit(Descriptor socket) {
  auto connection = std::make_unique<Connection>(std::move(socket));
  Connection& admitted = *connection;
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
  admitted.self_ = std::prev(idle_.end());
  if (!poller_.WatchOnce(admitted.fd(), &admitted)) idle_.pop_back();
}

void Connections::Reported(Connection& connection, bool hung_up) {
  const Pending pending = hung_up ? Peek(connection.fd()) : Pending::kBytes;
  const std::lock_guard lock(mutex_);
  if (pending == Pending::kBytes) {
    QueueWithLock(connection);
  } else if (pending == Pending::kEnd || !poller_.Rearm(connection.fd(), &connection)) {
    idle_.erase(connection.self_);
  }
}

void Connections::QueueWithLock(Connection& connection) {
  connection.arrived_ = Clock::now();
  queued_.splice(queued_.end(), idle_, connection.self_);
  queued_or_draining_.notify_one();
}

// Only shut down, never closed: the number stays the connection's own until its thread releases it.
void Connections::CutOffLate() {
  const Clock::rep now = Clock::now().time_since_epoch().count();
  const std::lock_guard lock(mutex_);
  for (const auto& connection : at_work_) {
    const Clock::rep limit = connection->limit_.load();
    if (limit != Connection::kNoLimit && limit <= now) ::shutdown(connection->fd(), SHUT_RDWR);
  }
}

bool Connections::AnyAtWork() const {
  const std::lock_guard lock(mutex_);
  return !queued_.empty() || !at_work_.empty();
}

void Connections::Drain() {
  const std::lock_guard lock(mutex_);
  draining_ = true;
  while (!idle_.empty()) {
    Connection& connection = *idle_.front();
    if (Peek(connection.fd()) == Pending::kBytes) {
      QueueWithLock(connection);
    } else {
      idle_.pop_front();
    }
  }
  queued_or_draining_.notify_all();
}

bool Connections::Empty() const {
  const std::lock_guard lock(mutex_);
  return Count() == 0;
}

ConnectionFigures Connections::Figures() const {
  const std::lock_guard lock(mutex_);
  return {idle_.size(), queued_.size(), at_work_.size()};
}

Connection* Connections::Take() {
  std::unique_lock lock(mutex_);
  queued_or_draining_.wait(lock, [this] { return draining_ || !queued_.empty(); });
  if (queued_.empty()) return nullptr;
  at_work_.splice(at_work_.end(), queued_, queued_.begin());
  return at_work_.back().get();
}

void Connections::Release(Connection& connection, bool keep) {
  const std::lock_guard lock(mutex_);
  connection.EndTransfer();
  connection.served_ = true;
  idle_.splice(idle_.end(), at_work_, connection.self_);
  if (!keep || draining_ || !poller_.Rearm(connection.fd(), &connection)) idle_.pop_back();
  if (room_wanted_ || draining_) wake_.Signal();
  room_wanted_ = false;
}

}  // namespace cvm::fcgi
