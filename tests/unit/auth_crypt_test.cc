// Pairs whose private token was hashed by crypt(3): the form, the bound, and what is remembered.
#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "lib/auth/auth.h"
#include "lib/auth/crypt.h"

using namespace cvm::auth;  // NOLINT: a test of this one namespace
using cvm::base::Deadline;

namespace {

// Made by `openssl passwd -5 -salt 'rounds=50000$abcdefghijklmnop' tokentokentoken`.
constexpr char kStored[] = "$5$rounds=50000$abcdefghijklmnop$ykYgnkUqCokbmik/HKRCI/U7jFnoG6olEwmj5kpjJHA";
constexpr char kPrivate[] = "tokentokentoken";
constexpr char kHash[] = "ykYgnkUqCokbmik/HKRCI/U7jFnoG6olEwmj5kpjJHA";

Deadline Patience() {
  return Deadline::In(std::chrono::seconds(60));
}

Token TokenOf(std::uint64_t id, const std::string& stored = "right") {
  Token token;
  token.id = id;
  token.private_hash = stored;
  token.hash_scheme = "sha256-crypt";
  return token;
}

// Stands in for crypt(3): a private token fits where it equals what is stored; each takes until it is let go.
struct Slow {
  static Slow*& Current() {
    static Slow* current = nullptr;
    return current;
  }
  Slow() { Current() = this; }
  static bool Compute(const std::string& stored, std::string_view private_token) {
    Slow& slow = *Current();
    std::unique_lock lock(slow.mutex);
    ++slow.calls;
    ++slow.running;
    slow.most = std::max(slow.most, slow.running);
    slow.changed.notify_all();
    slow.changed.wait(lock, [&] { return slow.open; });
    --slow.running;
    return private_token == stored;
  }
  void Open() {
    const std::lock_guard lock(mutex);
    open = true;
    changed.notify_all();
  }
  void AwaitRunning(int count) {
    std::unique_lock lock(mutex);
    BOOST_REQUIRE(changed.wait_for(lock, std::chrono::seconds(60), [&] { return running >= count; }));
  }

  std::mutex mutex;
  std::condition_variable changed;
  bool open = false;
  int calls = 0, running = 0, most = 0;
};

CryptCheck::Settings SlowSettings(std::chrono::milliseconds wait = std::chrono::seconds(60)) {
  CryptCheck::Settings settings;
  settings.at_once = 1;
  settings.wait = wait;
  settings.compute = Slow::Compute;
  return settings;
}

bool IsBusy(const cvm::base::Result<bool>& result) {
  return !result.ok() && result.error().code == cvm::base::ErrorCode::kOverloaded;
}
bool IsYes(const cvm::base::Result<bool>& result) {
  return result.ok() && *result;
}
bool IsNo(const cvm::base::Result<bool>& result) {
  return result.ok() && !*result;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(auth_crypt)

BOOST_AUTO_TEST_CASE(TheStoredTextIsWhatCryptItselfMakes) {
  BOOST_TEST(CryptText(50000, "abcdefghijklmnopqrst", kHash).value() == kStored);
  BOOST_TEST(CryptText(50000, "abcdefghijklmnop", kHash).value() == kStored);
  BOOST_TEST(CryptText(50000, "ab$cd", kHash).value() == std::string("$5$rounds=50000$ab$") + kHash);
}

BOOST_AUTO_TEST_CASE(WhatCryptRefusesHasNoText) {
  for (const char* salt : {"a:b", "a b", "a\nb", "a*b", "a\\b", "\xc3\xa9", "a;b", "a!b"}) {
    BOOST_TEST(!CryptText(50000, salt, kHash), salt);
  }
  for (const std::string& hash : {std::string(), std::string(42, 'a'), std::string(44, 'a'),
                                  std::string(42, 'a') + "$", std::string(42, 'a') + "-"}) {
    BOOST_TEST(!CryptText(50000, "salt", hash), hash);
  }
}

BOOST_AUTO_TEST_CASE(OnlyTheRightTokenFits) {
  BOOST_TEST(CryptFits(kStored, kPrivate));
  for (const char* wrong : {"", "tokentokentokeN", "tokentokentoken ", kStored, kHash}) {
    BOOST_TEST(!CryptFits(kStored, wrong), wrong);
  }
  for (const char* stored :
       {"", "*0", "*", "$5$", "$1$ab$cdef", "plain", "$5$rounds=50000$abcdefghijklmnop$"}) {
    BOOST_TEST(!CryptFits(stored, kPrivate), stored);
  }
}

BOOST_AUTO_TEST_CASE(APairOfThatSchemeIsJudged) {
  CryptCheck check;
  Token token = TokenOf(5, kStored);
  token.public_token = "public";
  token.client_access = true;
  const auto judged = [&](std::string_view private_token) {
    return *Judge(token, {{"public"}, {private_token}, ""}, check, Patience());
  };
  BOOST_TEST((judged(kPrivate) == Verdict::kFull));
  BOOST_TEST((judged(kPrivate) == Verdict::kFull));
  BOOST_TEST((judged("wrong") == Verdict::kNotValid));
  token.revoked = true;
  BOOST_TEST((judged(kPrivate) == Verdict::kNotValid));
}

BOOST_AUTO_TEST_CASE(WhatFittedIsNotComputedAgainAndWhatDidNotIs) {
  Slow slow;
  slow.Open();
  CryptCheck check(SlowSettings());
  BOOST_TEST(IsYes(check.Fits(TokenOf(1), "right", Patience())));
  BOOST_TEST(IsYes(check.Fits(TokenOf(1), "right", Patience())));
  BOOST_TEST(slow.calls == 1);
  BOOST_TEST(IsNo(check.Fits(TokenOf(1), "wrong", Patience())));
  BOOST_TEST(IsNo(check.Fits(TokenOf(1), "wrong", Patience())));
  BOOST_TEST(slow.calls == 3);
  BOOST_TEST(IsYes(check.Fits(TokenOf(1), "right", Patience())));
  BOOST_TEST(slow.calls == 3);
}

BOOST_AUTO_TEST_CASE(WhatIsRememberedHoldsForThatPairAndThatHashAlone) {
  Slow slow;
  slow.Open();
  CryptCheck check(SlowSettings());
  BOOST_TEST(IsYes(check.Fits(TokenOf(1), "right", Patience())));
  BOOST_TEST(IsNo(check.Fits(TokenOf(1, "changed"), "right", Patience())));
  BOOST_TEST(IsNo(check.Fits(TokenOf(2, "another"), "right", Patience())));
  BOOST_TEST(IsYes(check.Fits(TokenOf(1, "changed"), "changed", Patience())));
  BOOST_TEST(IsYes(check.Fits(TokenOf(1, "changed"), "changed", Patience())));
  BOOST_TEST(slow.calls == 4);
}

BOOST_AUTO_TEST_CASE(ThePairUsedLongestAgoIsForgotten) {
  Slow slow;
  slow.Open();
  auto settings = SlowSettings();
  settings.remembered = 2;
  CryptCheck check(settings);
  for (const std::uint64_t id : {1u, 2u, 1u, 3u}) check.Fits(TokenOf(id), "right", Patience()).ok();
  BOOST_TEST(slow.calls == 3);
  BOOST_TEST(IsYes(check.Fits(TokenOf(1), "right", Patience())));
  BOOST_TEST(slow.calls == 3);
  BOOST_TEST(IsYes(check.Fits(TokenOf(2), "right", Patience())));
  BOOST_TEST(slow.calls == 4);
}

BOOST_AUTO_TEST_CASE(AtMostSoManyRunAndWhoIsInTimeGetsAnAnswer) {
  Slow slow;
  auto settings = SlowSettings();
  settings.at_once = 2;
  CryptCheck check(settings);
  std::atomic<int> yes{0};
  std::vector<std::thread> threads;
  for (std::uint64_t id = 1; id <= 8; ++id) {
    threads.emplace_back([&, id] { yes += IsYes(check.Fits(TokenOf(id), "right", Patience())); });
  }
  slow.AwaitRunning(2);
  slow.Open();
  for (auto& thread : threads) thread.join();
  BOOST_TEST(yes == 8);
  BOOST_TEST(slow.most <= 2);
}

BOOST_AUTO_TEST_CASE(WhoIsBeingCheckedAndWhoWaitsHoldNoMoreThreadsTogetherThanAllowed) {
  Slow slow;
  auto settings = SlowSettings();
  settings.requests = 2;
  CryptCheck check(settings);
  std::atomic<int> busy{0};
  std::vector<std::thread> threads;
  threads.emplace_back([&] { check.Fits(TokenOf(1), "right", Patience()).ok(); });
  slow.AwaitRunning(1);
  for (std::uint64_t id = 2; id <= 6; ++id) {
    threads.emplace_back([&, id] { busy += IsBusy(check.Fits(TokenOf(id), "right", Patience())); });
  }
  while (busy < 4) std::this_thread::yield();  // one runs, one waits
  slow.Open();
  for (auto& thread : threads) thread.join();
  BOOST_TEST(busy == 4);
}

BOOST_AUTO_TEST_CASE(WhoCannotBeginInTimeIsToldThatItIsBusyAndNeverThatItIsWrong) {
  Slow slow;
  CryptCheck check(SlowSettings(std::chrono::milliseconds(1)));
  std::thread first([&] { check.Fits(TokenOf(1), "right", Patience()).ok(); });
  slow.AwaitRunning(1);
  BOOST_TEST(IsBusy(check.Fits(TokenOf(2), "right", Patience())));
  BOOST_TEST(IsBusy(check.Fits(TokenOf(1), "wrong", Patience())));
  BOOST_TEST(check.Read().running == 1u);
  BOOST_TEST(check.Read().refused == 2u);
  slow.Open();
  first.join();
  BOOST_TEST(IsYes(check.Fits(TokenOf(2), "right", Patience())));
  BOOST_TEST(check.Read().running == 0u);
  BOOST_TEST(check.Read().waiting == 0u);
  BOOST_TEST(check.Read().checked == 2u);
  BOOST_TEST(check.Read().refused == 2u);
}

BOOST_AUTO_TEST_CASE(GuessesAtAPairDoNotLockOutItsOwnerOrAnotherOne) {
  Slow slow;
  slow.Open();
  CryptCheck check(SlowSettings());
  BOOST_TEST(IsYes(check.Fits(TokenOf(1), "right", Patience())));
  slow.open = false;
  std::vector<std::thread> guesses;
  std::atomic<int> busy{0};
  guesses.emplace_back([&] { check.Fits(TokenOf(1), "guess 0", Patience()).ok(); });
  slow.AwaitRunning(1);
  for (int i = 1; i < 12; ++i) {
    guesses.emplace_back(
        [&, i] { busy += IsBusy(check.Fits(TokenOf(1), "guess " + std::to_string(i), Patience())); });
  }
  BOOST_TEST(IsYes(check.Fits(TokenOf(1), "right", Patience())));  // remembered: does not wait
  std::atomic<bool> other{false};
  std::thread stranger([&] { other = IsYes(check.Fits(TokenOf(2), "right", Patience())); });
  while (busy < 10) std::this_thread::yield();  // one runs, one waits, no more of this pair
  slow.Open();
  stranger.join();
  for (auto& thread : guesses) thread.join();
  BOOST_TEST(other.load());
  BOOST_TEST(busy == 10);
}

BOOST_AUTO_TEST_CASE(WhoPresentsTheSameAtTheSameTimeSharesOneCheck) {
  Slow slow;
  CryptCheck check(SlowSettings());
  std::atomic<int> yes{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] { yes += IsYes(check.Fits(TokenOf(1), "right", Patience())); });
  }
  slow.AwaitRunning(1);
  slow.Open();
  for (auto& thread : threads) thread.join();
  BOOST_TEST(yes == 6);
  BOOST_TEST(slow.calls == 1);
}

BOOST_AUTO_TEST_SUITE_END()
