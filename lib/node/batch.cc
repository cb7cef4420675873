#include "lib/node/batch.h"

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <set>
#include <utility>

namespace cvm::node {
namespace {

// Whether an error says that the node did not answer, rather than what it answered.
bool IsSilence(const base::Error& error) {
  switch (error.code) {
    case base::ErrorCode::kUnavailable:
    case base::ErrorCode::kOverloaded:
    case base::ErrorCode::kBroken:
      return true;
    case base::ErrorCode::kInvalid:
    case base::ErrorCode::kNotFound:
    case base::ErrorCode::kConflict:
    case base::ErrorCode::kInternal:
      return false;
  }
  std::abort();
}

}  // namespace

bool AllSilent(const Answers& answers) {
  const auto silent = [](const auto& answer) {
    return !answer.second.ok() && IsSilence(answer.second.error());
  };
  return !answers.empty() && std::all_of(answers.begin(), answers.end(), silent);
}

// Lives on the stack of the thread that waits; all but the constants is guarded by the batcher's mutex.
struct Batcher::Caller {
  enum class State { kWaiting, kLeads, kAnswered };
  Caller(base::Ctid asked_for, base::Deadline until) : ctid(asked_for), deadline(until) {}

  const base::Ctid ctid;
  const base::Deadline deadline;
  State state = State::kWaiting;
  std::optional<Answer> answer;
  std::condition_variable changed;
};

// The question under way, which ends with this, however that comes about.
class Batcher::Turn {
 public:
  Turn(Batcher& batcher, const std::string& key) : batcher_(batcher), key_(key) {}
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { batcher_.End(key_, answers); }
  Answers answers;

 private:
  Batcher& batcher_;
  const std::string& key_;
};

Batcher::Batcher(Question question, BatchSettings settings)
    : question_(std::move(question)), settings_(std::move(settings)) {}

base::Status Batcher::JoinLine(const Node& node, const Line& line) const {
  if (line.silent) {
    return base::Error{base::ErrorCode::kOverloaded,
                       "node " + node.name + " did not answer for long and is being asked again"};
  }
  if (settings_.now() - line.asking_since <= settings_.patience) return {};
  return base::Error{base::ErrorCode::kOverloaded, "node " + node.name + " is slow to answer"};
}

Answer Batcher::Ask(const Node& node, base::Ctid ctid, base::Deadline deadline, bool apart) {
  std::string key = std::to_string(node.id) + " " + node.endpoint.Identity();
  if (apart) key.append(" ").append(ctid.text());
  Caller self(ctid, deadline);
  std::unique_lock<std::mutex> lock(mutex_);
  Line& line = lines_[key];  // stays where it is for as long as `self` stands in it
  if (line.asking) {
    const auto joined = JoinLine(node, line);
    if (!joined.ok()) return joined.error();
    line.waiting.push_back(&self);
    self.changed.wait_until(lock, deadline.when(), [&] { return self.state != Caller::State::kWaiting; });
  } else {
    line.waiting.push_back(&self);
    Begin(line);
  }
  switch (self.state) {
    case Caller::State::kWaiting:
      line.waiting.remove(&self);
      line.asked.remove(&self);
      return base::Error{base::ErrorCode::kBroken, "node " + node.name + " did not answer by the deadline"};
    case Caller::State::kLeads:
      lock.unlock();
      return Lead(node, self, key);
    case Caller::State::kAnswered:
      return std::move(*self.answer);
  }
  std::abort();
}

// Those who wait become those who ask, led by the one with the most time.
void Batcher::Begin(Line& line) {
  line.asked.swap(line.waiting);
  line.asking = true;
  line.asking_since = settings_.now();
  Caller* leader = *std::max_element(
      line.asked.begin(), line.asked.end(),
      [](const Caller* a, const Caller* b) { return a->deadline.when() < b->deadline.when(); });
  leader->state = Caller::State::kLeads;
  leader->changed.notify_one();
}

Answer Batcher::Lead(const Node& node, Caller& leader, const std::string& key) {
  {
    Turn turn(*this, key);
    std::set<base::Ctid> ctids;
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      for (const Caller* caller : lines_.at(key).asked) ctids.insert(caller->ctid);
    }
    turn.answers = question_(node, {ctids.begin(), ctids.end()}, leader.deadline);
  }
  return std::move(*leader.answer);
}

void Batcher::End(const std::string& key, const Answers& answers) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = lines_.find(key);
  Line& line = found->second;
  for (Caller* caller : line.asked) {
    const auto answer = answers.find(caller->ctid);
    if (answer != answers.end()) {
      caller->answer = answer->second;
    } else {
      caller->answer = base::Error{base::ErrorCode::kInternal, "the question was lost"};
    }
    caller->state = Caller::State::kAnswered;
    caller->changed.notify_one();
  }
  const bool slow = settings_.now() - line.asking_since > settings_.patience;
  line.silent = AllSilent(answers) && (slow || line.silent);
  line.asked.clear();
  line.asking = false;
  if (!line.waiting.empty()) {
    Begin(line);
  } else if (!line.silent) {
    lines_.erase(found);
  }
}

}  // namespace cvm::node
