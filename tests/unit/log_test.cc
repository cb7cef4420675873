// The log: what a line looks like, and where lines go.
#include "lib/log/log.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <filesystem>
#include <numeric>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "lib/log/line.h"
#include "lib/log/throttle.h"
#include "tests/support/temporary_directory.h"

namespace cvm::log {
namespace {

using tests::TemporaryDirectory;

// Ends the log with the test, whatever became of it.
struct Fixture {
  ~Fixture() { Shutdown(); }
  Settings To(const std::string& target, Level level = Level::kInfo) const {
    Settings settings;
    settings.target = target;
    settings.level = level;
    return settings;
  }
  TemporaryDirectory directory;
};

std::size_t CountLines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string WithoutDigits(std::string text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  std::replace_if(text.begin(), text.end(), is_digit, '9');
  return text;
}

// How many lines are missing, each time that the log says so.
std::vector<std::uint64_t> Told(const std::string& text) {
  constexpr std::string_view kMark = " warning log.dropped lines=";
  std::vector<std::uint64_t> told;
  for (std::size_t at = 0; (at = text.find(kMark, at)) != std::string::npos; at += kMark.size()) {
    told.push_back(std::stoull(text.substr(at + kMark.size())));
  }
  return told;
}

std::uint64_t SumOf(const std::vector<std::uint64_t>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}

BOOST_FIXTURE_TEST_SUITE(Log, Fixture)

BOOST_AUTO_TEST_CASE(AThrottleLetsOneThroughInEachSpanAndCountsTheOthers) {
  using std::chrono::milliseconds;
  Throttle throttle(milliseconds(1000));
  const Throttle::Clock::time_point begin{};
  const auto left_out = [&](int at) {
    const auto count = throttle.Pass(begin + milliseconds(at));
    return count ? static_cast<int>(*count) : -1;
  };
  BOOST_TEST(left_out(0) == 0);
  BOOST_TEST(left_out(0) == -1);
  BOOST_TEST(left_out(999) == -1);
  BOOST_TEST(left_out(1000) == 2);
  BOOST_TEST(left_out(1999) == -1);
  BOOST_TEST(left_out(5000) == 1);
  BOOST_TEST(left_out(9000) == 0);
}

BOOST_AUTO_TEST_CASE(ThrottlesLetEachOfManyThroughAndThoseBeyondTheirNumberShareOne) {
  Throttles throttles(std::chrono::seconds(1), 2);
  const Throttle::Clock::time_point begin{};
  const auto left_out = [&](std::uint64_t id, int at) {
    const auto count = throttles.Pass(id, begin + std::chrono::seconds(at));
    return count ? static_cast<int>(*count) : -1;
  };
  BOOST_TEST(left_out(7, 0) == 0);
  BOOST_TEST(left_out(7, 0) == -1);
  BOOST_TEST(left_out(8, 0) == 0);
  BOOST_TEST(left_out(9, 0) == 0);
  BOOST_TEST(left_out(10, 0) == -1);
  BOOST_TEST(left_out(8, 1) == 0);
  BOOST_TEST(left_out(7, 1) == 1);
  BOOST_TEST(left_out(9, 1) == 1);
}

BOOST_AUTO_TEST_CASE(PlainValuesStandBareAndAllOthersAreQuotedAndEscaped) {
  const struct {
    std::string value, shown;
  } kRows[] = {
      {"alpha", "v=alpha"},
      {"root@10.0.0.3:22", "v=root@10.0.0.3:22"},
      {"/api/client/vps/1+a-b,c_d", "v=/api/client/vps/1+a-b,c_d"},
      {"", "v=\"\""},
      {"two words", "v=\"two words\""},
      {"a=b", "v=\"a=b\""},
      {"forged\n2026 info x", "v=\"forged\\x0a2026 info x\""},
      {"quote\" level=error", "v=\"quote\\x22 level=error\""},
      {"back\\slash", "v=\"back\\x5cslash\""},
      {"caf\xc3\xa9", "v=\"caf\\xc3\\xa9\""},
      {"\x1b[31m", "v=\"\\x1b[31m\""},
      {std::string("\0", 1), "v=\"\\x00\""},
  };
  for (const auto& row : kRows) BOOST_TEST(FormatLine("e", {{"v", row.value}}) == "e " + row.shown);
}

BOOST_AUTO_TEST_CASE(ValuesBeyondTheMostAreCut) {
  const std::string line = FormatLine("e", {{"v", std::string(kMaxValue + 1, 'x')}});
  BOOST_TEST(line == "e v=\"" + std::string(kMaxValue, 'x') + "...\"");
}

BOOST_AUTO_TEST_CASE(NumbersKeepAllTheirDigits) {
  BOOST_TEST(FormatLine("e", {{"n", std::uint64_t{18446744073709551615u}}}) == "e n=18446744073709551615");
}

BOOST_AUTO_TEST_CASE(LinesOfAFileCarryTimeInUtcAndLevel) {
  BOOST_REQUIRE(Init(To(directory.Path("log"))).ok());
  Warning("node.slow", {{"node", "alpha"}});
  Shutdown();
  BOOST_TEST(WithoutDigits(directory.Read("log")) ==
             "9999-99-99T99:99:99.999Z warning node.slow node=alpha\n");
}

BOOST_AUTO_TEST_CASE(LevelsBelowTheSettingAreNotWritten) {
  BOOST_REQUIRE(Init(To(directory.Path("log"), Level::kWarning)).ok());
  Debug("no");
  Info("no");
  Warning("yes");
  Error("yes");
  Shutdown();
  BOOST_TEST(CountLines(directory.Read("log")) == 2u);
  BOOST_TEST(directory.Read("log").find(" no") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(WhileAThreadIsMutedItsLinesGoNowhereAndThoseOfOthersArrive) {
  BOOST_TEST(Init(To(directory.Path("log"))).ok());
  {
    const Muted outer;
    { const Muted inner; }
    Error("mine");
    std::thread([] { Error("anothers"); }).join();
  }
  Error("mine.again");
  Shutdown();
  const std::string text = directory.Read("log");
  BOOST_TEST(text.find("mine\n") == std::string::npos);
  BOOST_TEST(text.find("anothers\n") != std::string::npos);
  BOOST_TEST(text.find("mine.again\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(AFileIsMadeUnreadableForOthers) {
  const mode_t before = umask(0);
  BOOST_REQUIRE(Init(To(directory.Path("log"))).ok());
  umask(before);
  struct stat found {};
  BOOST_REQUIRE(stat(directory.Path("log").c_str(), &found) == 0);
  BOOST_TEST((found.st_mode & 07777) == 0640u);
}

BOOST_AUTO_TEST_CASE(AFileThatWasMovedAwayIsMadeAnewByReopen) {
  BOOST_REQUIRE(Init(To(directory.Path("log"))).ok());
  Info("first");
  Shutdown();
  BOOST_REQUIRE(Init(To(directory.Path("log"))).ok());
  std::filesystem::rename(directory.Path("log"), directory.Path("log.1"));
  Reopen();
  Info("second");
  Shutdown();
  BOOST_TEST(directory.Read("log.1").find("first") != std::string::npos);
  BOOST_TEST(directory.Read("log").find("second") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(AReopenThatFailsKeepsTheOldFileAndSaysSo) {
  std::filesystem::create_directory(directory.Path("sub"));
  BOOST_REQUIRE(Init(To(directory.Path("sub/log"))).ok());
  std::filesystem::rename(directory.Path("sub"), directory.Path("moved"));
  Reopen();
  Shutdown();
  BOOST_TEST(directory.Read("moved/log").find("error log.reopen_failed") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(TargetsThatCannotBeUsedAreRefused) {
  for (const std::string target : {"", "relative", "/nowhere/at/all/log", "stdout"}) {
    const base::Status status = Init(To(target));
    BOOST_REQUIRE(!status.ok());
    BOOST_TEST((status.error().code == base::ErrorCode::kInvalid));
  }
}

BOOST_AUTO_TEST_CASE(LinesOfManyThreadsAllArriveWhole) {
  Settings settings = To(directory.Path("log"));
  settings.queue = 4000;
  BOOST_REQUIRE(Init(settings).ok());
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([] {
      for (int line = 0; line < 500; ++line) Info("tick", {{"text", "some words"}});
    });
  }
  Reopen();
  for (std::thread& thread : threads) thread.join();
  Shutdown();
  BOOST_TEST(Dropped() == 0u);
  BOOST_TEST(CountLines(directory.Read("log")) == 4000u);
}

// A pipe that nobody reads is a disk that hangs.
BOOST_AUTO_TEST_CASE(AFullQueueDropsAndCountsAndNeverHoldsTheWriter) {
  const std::string path = directory.Path("pipe");
  BOOST_REQUIRE(mkfifo(path.c_str(), 0600) == 0);
  const int reader = open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK);
  BOOST_REQUIRE(reader >= 0);
  Settings settings = To(path);
  settings.queue = 4;
  BOOST_REQUIRE(Init(settings).ok());
  for (int i = 0; i < 100; ++i) Info("fill", {{"text", std::string(kMaxValue, 'x')}});
  BOOST_TEST(Dropped() > 0u);

  std::string all;
  std::thread drain([reader, &all] {
    std::string buffer(1 << 16, '\0');
    while (all.find("the-end") == std::string::npos) {
      pollfd readable{reader, POLLIN, 0};
      poll(&readable, 1, -1);
      const ssize_t got = read(reader, buffer.data(), buffer.size());
      if (got > 0) all.append(buffer, 0, static_cast<std::size_t>(got));
    }
  });
  Shutdown();  // writes what is queued
  const std::uint64_t dropped = Dropped();
  const ssize_t written = write(reader, "the-end", 7);
  drain.join();
  close(reader);
  BOOST_TEST(written == 7);
  BOOST_TEST(dropped > 0u);
  BOOST_TEST(CountLines(all) == 100 - dropped + Told(all).size());
  BOOST_TEST(SumOf(Told(all)) == dropped);
}

BOOST_AUTO_TEST_CASE(ALogThatDropsNothingSaysNothingOfIt) {
  BOOST_REQUIRE(Init(To(directory.Path("log"))).ok());
  Info("tick");
  Shutdown();
  BOOST_TEST(Told(directory.Read("log")).empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::log
