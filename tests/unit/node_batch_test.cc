#include "lib/node/batch.h"

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using cvm::base::Ctid;
using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::node::Answer;
using cvm::node::Answers;
using cvm::node::Batcher;
using cvm::node::BatchSettings;
using cvm::node::Container;
using std::chrono::seconds;

namespace {

constexpr seconds kGenerous{60};

Ctid Number(std::uint64_t ctid) {
  return *Ctid::FromNumber(ctid);
}

// A node whose answers the test gives one by one. Each question waits until it is told how to end.
class Oracle {
 public:
  enum class End { kAnswers, kSilence, kThrows };
  struct Asked {
    std::vector<std::uint64_t> ctids;
    Deadline deadline;
  };

  Answers Ask(const std::vector<Ctid>& ctids, Deadline deadline) {
    std::unique_lock<std::mutex> lock(mutex_);
    Asked asked{{}, deadline};
    for (const Ctid ctid : ctids) asked.ctids.push_back(ctid.number());
    asked_.push_back(asked);
    changed_.notify_all();
    const std::size_t mine = asked_.size();
    changed_.wait(lock, [&] { return ends_.size() >= mine; });
    const End end = ends_[mine - 1];
    if (end == End::kThrows) throw std::runtime_error("a surprise");
    Answers answers;
    for (const Ctid ctid : ctids) answers.emplace(ctid, end == End::kAnswers ? Say(ctid) : Silence());
    return answers;
  }

  // Waits until the n-th question (from 1) is under way, and gives it.
  Asked Await(std::size_t n) {
    std::unique_lock<std::mutex> lock(mutex_);
    if (!changed_.wait_for(lock, kGenerous, [&] { return asked_.size() >= n; })) {
      throw std::runtime_error("the question was never put");
    }
    return asked_[n - 1];
  }
  // Ends the next question that was not ended yet, now or when it is put.
  void Let(End end) {
    const std::lock_guard<std::mutex> lock(mutex_);
    ends_.push_back(end);
    changed_.notify_all();
  }
  std::size_t Questions() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return asked_.size();
  }

 private:
  static Answer Say(Ctid ctid) {
    Container container;
    container.ram_used = ctid.number();
    return std::optional<Container>(container);
  }
  static Answer Silence() { return cvm::base::Error{ErrorCode::kBroken, "the deadline passed"}; }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Asked> asked_;
  std::vector<End> ends_;
};

// A caller in a thread of its own.
class Asking {
 public:
  Asking(Batcher& batcher, const cvm::node::Node& node, std::uint64_t ctid, Deadline deadline)
      : thread_([this, &batcher, &node, ctid, deadline] {
          try {
            answer_ = batcher.Ask(node, Number(ctid), deadline);
          } catch (const std::runtime_error&) {
            threw_ = true;
          }
        }) {}
  ~Asking() {
    if (thread_.joinable()) thread_.join();
  }
  // What it got: "101" for the container of that number, else the error's name, or "thrown".
  std::string Got() {
    thread_.join();
    if (threw_) return "thrown";
    if (!answer_->ok()) return cvm::base::CodeName(answer_->error().code);
    return std::to_string((**answer_)->ram_used);
  }

 private:
  std::optional<Answer> answer_;
  bool threw_ = false;
  std::thread thread_;
};

struct Batched {
  Batched() {
    alpha.id = 1;
    alpha.name = "alpha";
    alpha.endpoint.host = "192.0.2.1";
    beta = alpha;
    beta.id = 2;
    settings.now = [this] {
      ++looks;
      return BatchSettings::Clock::time_point(seconds(now.load()));
    };
  }
  Batcher& TheBatcher() {
    if (!batcher) {
      batcher.emplace(
          [this](const cvm::node::Node& node, const std::vector<Ctid>& ctids, Deadline deadline) {
            return (node.id == 1 ? oracle : oracle_of_beta).Ask(ctids, deadline);
          },
          settings);
    }
    return *batcher;
  }
  // Begins to ask, and returns when the first question, of this caller alone, is under way.
  std::unique_ptr<Asking> First(std::uint64_t ctid) {
    auto asking = Ask(ctid);
    oracle.Await(1);
    return asking;
  }
  std::unique_ptr<Asking> Ask(std::uint64_t ctid, Deadline deadline = Deadline::In(kGenerous)) {
    return std::make_unique<Asking>(TheBatcher(), alpha, ctid, deadline);
  }
  // Begins to ask while a question is under way, and returns when the caller stands in line: it looks at the
  // clock while it holds the lock under which it joins.
  std::unique_ptr<Asking> Join(std::uint64_t ctid, Deadline deadline = Deadline::In(kGenerous)) {
    const int before = looks;
    auto asking = Ask(ctid, deadline);
    const auto give_up = Deadline::In(kGenerous);
    while (looks == before && !give_up.Passed()) std::this_thread::yield();
    BOOST_REQUIRE(looks != before);
    return asking;
  }

  cvm::node::Node alpha, beta;
  Oracle oracle, oracle_of_beta;
  std::atomic<int> now{1000}, looks{0};
  BatchSettings settings;
  std::optional<Batcher> batcher;
};

using End = Oracle::End;
using Numbers = std::vector<std::uint64_t>;

}  // namespace

BOOST_AUTO_TEST_SUITE(batch)

BOOST_FIXTURE_TEST_CASE(OneCallerAloneIsAskedForAtOnce, Batched) {
  oracle.Let(End::kAnswers);
  BOOST_TEST(Ask(101)->Got() == "101");
  oracle.Let(End::kAnswers);
  BOOST_TEST(Ask(102)->Got() == "102");
  BOOST_TEST(oracle.Questions() == 2U);
}

BOOST_FIXTURE_TEST_CASE(WhoComesWhileAQuestionIsUnderWaySharesTheNextAndNotThatOne, Batched) {
  const auto first = First(101);
  const auto second = Join(102), third = Join(103), again = Join(101), same = Join(102);
  BOOST_TEST(oracle.Questions() == 1U);
  oracle.Let(End::kAnswers);
  BOOST_TEST(first->Got() == "101");
  BOOST_TEST(oracle.Await(1).ctids == Numbers{101});
  BOOST_TEST(oracle.Await(2).ctids == (Numbers{101, 102, 103}));
  oracle.Let(End::kAnswers);
  BOOST_TEST(second->Got() == "102");
  BOOST_TEST(third->Got() == "103");
  BOOST_TEST(again->Got() == "101");
  BOOST_TEST(same->Got() == "102");
  BOOST_TEST(oracle.Questions() == 2U);
}

BOOST_FIXTURE_TEST_CASE(AFailedQuestionFailsItsAskersOnly, Batched) {
  const auto first = First(101);
  const auto second = Join(102), third = Join(103);
  oracle.Let(End::kSilence);
  BOOST_TEST(first->Got() == "outcome-unknown");
  oracle.Await(2);
  oracle.Let(End::kAnswers);
  BOOST_TEST(second->Got() == "102");
  BOOST_TEST(third->Got() == "103");
}

BOOST_FIXTURE_TEST_CASE(ACallerWhoseTimeIsOverLeavesTheLineAndHarmsNobody, Batched) {
  const auto first = First(101);
  const auto hurried = Join(102, Deadline::In(std::chrono::milliseconds(1)));
  BOOST_TEST(hurried->Got() == "outcome-unknown");
  const auto patient = Join(103);
  oracle.Let(End::kAnswers);
  BOOST_TEST(oracle.Await(2).ctids == Numbers{103});
  oracle.Let(End::kAnswers);
  BOOST_TEST(patient->Got() == "103");
  BOOST_TEST(first->Got() == "101");
}

BOOST_FIXTURE_TEST_CASE(ACallerWhoseTimeIsOverWhileItIsAskedForGoesAndTheOthersGetTheirAnswer, Batched) {
  const auto first = First(101);
  const auto hurried = Join(102, Deadline::In(std::chrono::milliseconds(300)));
  const auto patient = Join(103);
  oracle.Let(End::kAnswers);
  oracle.Await(2);
  BOOST_TEST(hurried->Got() == "outcome-unknown");
  oracle.Let(End::kAnswers);
  BOOST_TEST(patient->Got() == "103");
}

BOOST_FIXTURE_TEST_CASE(TheOneWithTheMostTimePutsTheQuestionSoThatNobodyIsCutShort, Batched) {
  const auto first = First(101);
  const auto latest = Deadline::In(std::chrono::hours(1));
  const auto second = Join(102, Deadline::In(kGenerous)), third = Join(103, latest);
  const auto fourth = Join(104, Deadline::In(kGenerous));
  oracle.Let(End::kAnswers);
  BOOST_TEST((oracle.Await(2).deadline.when() == latest.when()));
  oracle.Let(End::kAnswers);
  BOOST_TEST(second->Got() == "102");
}

BOOST_FIXTURE_TEST_CASE(AQuestionThatThrowsFailsItsAskersAndTheNextIsPut, Batched) {
  const auto first = First(101);
  const auto second = Join(102, Deadline::In(std::chrono::hours(1))), third = Join(103);
  oracle.Let(End::kThrows);
  BOOST_TEST(first->Got() == "thrown");
  oracle.Await(2);
  const auto fourth = Join(104);
  oracle.Let(End::kThrows);
  BOOST_TEST(second->Got() == "thrown");
  BOOST_TEST(third->Got() == "internal");
  oracle.Let(End::kAnswers);
  BOOST_TEST(fourth->Got() == "104");
}

BOOST_FIXTURE_TEST_CASE(AQuestionThatIsASecondOldTakesNoMoreCallersAndKeepsThoseItHas, Batched) {
  const auto first = First(101);
  ++now;
  const auto second = Join(102);
  ++now;
  BOOST_TEST(Ask(103)->Got() == "overloaded");
  oracle.Let(End::kAnswers);
  oracle.Await(2);
  const auto fourth = Join(104);
  oracle.Let(End::kAnswers);
  oracle.Let(End::kAnswers);
  BOOST_TEST(first->Got() == "101");
  BOOST_TEST(second->Got() == "102");
  BOOST_TEST(fourth->Got() == "104");
}

BOOST_FIXTURE_TEST_CASE(ANodeThatLetAQuestionWaitInVainHoldsOneCallerAtATimeUntilItAnswers, Batched) {
  const auto first = First(101);
  now += 10;
  oracle.Let(End::kSilence);
  BOOST_TEST(first->Got() == "outcome-unknown");
  for (std::size_t question = 2; question <= 3; ++question) {
    const auto trying = Ask(101);
    oracle.Await(question);
    BOOST_TEST(Ask(102)->Got() == "overloaded");
    oracle.Let(End::kSilence);
    BOOST_TEST(trying->Got() == "outcome-unknown");
  }
  oracle.Let(End::kAnswers);
  BOOST_TEST(Ask(101)->Got() == "101");
  const auto trying = Ask(101);
  oracle.Await(5);
  const auto joined = Join(102);
  oracle.Let(End::kAnswers);
  oracle.Let(End::kAnswers);
  BOOST_TEST(joined->Got() == "102");
}

BOOST_FIXTURE_TEST_CASE(AQuestionThatFailsSoonMakesNobodyWaitAlone, Batched) {
  const auto first = First(101);
  oracle.Let(End::kSilence);
  BOOST_TEST(first->Got() == "outcome-unknown");
  const auto second = Ask(101);
  oracle.Await(2);
  const auto third = Join(102);
  oracle.Let(End::kAnswers);
  oracle.Let(End::kAnswers);
  BOOST_TEST(third->Got() == "102");
}

BOOST_FIXTURE_TEST_CASE(NodesDoNotWaitForEachOther, Batched) {
  const auto first = First(101);
  oracle_of_beta.Let(End::kAnswers);
  BOOST_TEST(Asking(TheBatcher(), beta, 101, Deadline::In(kGenerous)).Got() == "101");
  oracle.Let(End::kAnswers);
}

// Each caller raises the state before it asks, and must see it at least so high: as after an action of its
// own.
BOOST_AUTO_TEST_CASE(EveryAnswerIsAsFreshAsIfEachHadAskedAloneAndFewQuestionsServeMany) {
  std::atomic<std::uint64_t> state{0};
  std::atomic<int> questions{0}, under_way{0}, stale{0}, overlaps{0}, wrong{0};
  Batcher batcher([&](const cvm::node::Node&, const std::vector<Ctid>& ctids, Deadline) {
    if (++under_way > 1) ++overlaps;
    ++questions;
    const std::uint64_t seen = state;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));  // the node's work
    Answers answers;
    for (const Ctid ctid : ctids) {
      answers.emplace(ctid, std::optional<Container>(Container{true, seen, ctid.number()}));
    }
    --under_way;
    return answers;
  });
  const cvm::node::Node node;
  constexpr int kThreads = 64, kRounds = 20;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      const std::uint64_t ctid = 101 + static_cast<std::uint64_t>(t) / 2;
      for (int i = 0; i < kRounds; ++i) {
        const std::uint64_t raised = ++state;
        const auto answer = batcher.Ask(node, Number(ctid), Deadline::In(kGenerous));
        if (!answer.ok() || (*answer)->disk_used != ctid) {
          ++wrong;
        } else if ((*answer)->ram_used < raised) {
          ++stale;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  BOOST_TEST(wrong == 0);
  BOOST_TEST(stale == 0);
  BOOST_TEST(overlaps == 0);
  BOOST_TEST(questions < kThreads * kRounds / 4);
}

BOOST_AUTO_TEST_SUITE_END()
