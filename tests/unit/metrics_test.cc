// Reports, the listener on loopback, the target file, and what is read of the process.
#include <sys/wait.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "lib/metrics/histogram.h"
#include "lib/metrics/listener.h"
#include "lib/metrics/process.h"
#include "lib/metrics/report.h"
#include "lib/metrics/target_file.h"
#include "tests/support/http.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/text.h"

namespace cvm::metrics {
namespace {

constexpr Definition kThings{"things", Kind::kGauge, "Things."};
constexpr Definition kTimes{"times_total", Kind::kCounter, "Times."};
constexpr Definition kSizes{"sizes", Kind::kHistogram, "Sizes."};

using cvm::test::Holds;

test::HttpAnswer Get(const Listener& listener, const std::string& path, const std::string& method = "GET") {
  return test::Http("http://127.0.0.1:" + std::to_string(listener.port()), {method, path, {}, ""});
}

std::unique_ptr<Listener> Started(std::vector<PageAt> pages, std::uint16_t port = 0) {
  auto listener = Listener::Start(port, std::move(pages));
  BOOST_REQUIRE_MESSAGE(listener.ok(), (listener.ok() ? std::string() : listener.error().message));
  return std::move(*listener);
}

Page Hello() {
  return {200, "text/plain", "hello\n"};
}

BOOST_AUTO_TEST_SUITE(Metrics)

BOOST_AUTO_TEST_CASE(AReportNamesEachFamilyOnceAndEscapesLabels) {
  Report report;
  report.Add(kThings, 1.5, {{"of", "a\"b\\c\nd"}});
  report.Add(kTimes, 3);
  report.Add(kThings, 2, {{"of", "plain"}});
  BOOST_TEST(report.Text() ==
             "# HELP things Things.\n# TYPE things gauge\n"
             "things{of=\"a\\\"b\\\\c\\nd\"} 1.5\nthings{of=\"plain\"} 2\n"
             "# HELP times_total Times.\n# TYPE times_total counter\ntimes_total 3\n");
}

BOOST_AUTO_TEST_CASE(AHistogramsBucketsAreCumulative) {
  Histogram histogram({1, 10});
  for (const double value : {0.5, 1.0, 5.0, 50.0}) histogram.Observe(value);
  Report report;
  report.Add(kSizes, histogram, {{"of", "x"}});
  for (const char* line : {"sizes_bucket{of=\"x\",le=\"1\"} 2\n", "sizes_bucket{of=\"x\",le=\"10\"} 3\n",
                           "sizes_bucket{of=\"x\",le=\"+Inf\"} 4\n", "sizes_count{of=\"x\"} 4\n",
                           "sizes_sum{of=\"x\"} 56.5\n"}) {
    BOOST_TEST(Holds(report.Text(), line), line << " is not in\n" << report.Text());
  }
}

BOOST_AUTO_TEST_CASE(TheListenerServesItsPagesAndNothingElse) {
  const auto listener = Started({{"/hello", Hello}});
  BOOST_TEST(listener->port() > 0);
  BOOST_TEST(Get(*listener, "/hello").body == "hello\n");
  BOOST_TEST(Get(*listener, "/hello?x=1").status == 200);
  BOOST_TEST(Get(*listener, "/hello").Header("content-type") == "text/plain");
  for (const char* path : {"/", "/hell", "/hello/", "/hello/x", "/../etc/passwd", "/Hello"}) {
    BOOST_TEST(Get(*listener, path).status == 404, path);
  }
  BOOST_TEST(Get(*listener, "/hello", "HEAD").status == 200);
  BOOST_TEST(Get(*listener, "/hello", "HEAD").body.empty());
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS"}) {
    BOOST_TEST(Get(*listener, "/hello", method).status == 405, method);
  }
}

BOOST_AUTO_TEST_CASE(APageThatThrowsIs500) {
  const auto listener = Started({{"/bad", []() -> Page { throw std::runtime_error("on purpose"); }}});
  const auto answer = Get(*listener, "/bad");
  BOOST_TEST(answer.status == 500);
  BOOST_TEST(!Holds(answer.body, "on purpose"));
}

BOOST_AUTO_TEST_CASE(ATakenPortIsAnErrorThatNamesIt) {
  const auto first = Started({{"/hello", Hello}});
  const auto second = Listener::Start(first->port(), {{"/hello", Hello}});
  BOOST_REQUIRE(!second.ok());
  BOOST_TEST((second.error().code == base::ErrorCode::kUnavailable));
  BOOST_TEST(Holds(second.error().message, std::to_string(first->port())), second.error().message);
  BOOST_TEST(Get(*first, "/hello").status == 200);
}

BOOST_AUTO_TEST_CASE(APageThatTakesItsTimeDoesNotKeepOthersFromTheirs) {
  std::mutex mutex;
  std::condition_variable changed;
  bool inside = false, released = false;
  const auto listener = Started({{"/hello", Hello}, {"/slow", [&] {
                                                       std::unique_lock<std::mutex> lock(mutex);
                                                       inside = true;
                                                       changed.notify_all();
                                                       changed.wait(lock, [&] { return released; });
                                                       return Hello();
                                                     }}});
  std::thread slow([&] { Get(*listener, "/slow"); });
  {
    std::unique_lock<std::mutex> lock(mutex);
    changed.wait(lock, [&] { return inside; });
  }
  const int status = Get(*listener, "/hello").status;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    released = true;
  }
  changed.notify_all();
  slow.join();
  BOOST_TEST(status == 200);
}

BOOST_AUTO_TEST_CASE(TheTargetFileNamesThePortUntilItIsDropped) {
  const tests::TemporaryDirectory directory;
  const std::string made = directory.Path("metrics");
  const std::string path = made + "/" + std::to_string(getpid()) + ".json";
  {
    const auto file = TargetFile::Write(made, 4711);
    BOOST_REQUIRE_MESSAGE(file.ok(), (file.ok() ? std::string() : file.error().message));
    BOOST_TEST(file->path() == path);
    BOOST_TEST(test::ReadFile(path) == "[{\"targets\": [\"127.0.0.1:4711\"]}]\n");
  }
  BOOST_TEST(access(path.c_str(), F_OK) != 0);
}

BOOST_AUTO_TEST_CASE(FilesOfProcessesThatHaveEndedAreRemovedAndOthersStay) {
  const tests::TemporaryDirectory directory;
  const pid_t ended = fork();
  if (ended == 0) _exit(0);
  BOOST_REQUIRE(waitpid(ended, nullptr, 0) == ended);
  const std::string stale = directory.Write(std::to_string(ended) + ".json", "[]", 0644);
  const std::string living = directory.Write(std::to_string(getppid()) + ".json", "[]", 0644);
  const std::string foreign = directory.Write("notes.json", "[]", 0644);
  const auto file = TargetFile::Write(directory.Path(""), 1);
  BOOST_REQUIRE(file.ok());
  BOOST_TEST(access(stale.c_str(), F_OK) != 0);
  BOOST_TEST(access(living.c_str(), F_OK) == 0);
  BOOST_TEST(access(foreign.c_str(), F_OK) == 0);
}

BOOST_AUTO_TEST_CASE(ADirectoryThatCannotBeMadeIsAnErrorThatNamesIt) {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.Path("not/there");
  const auto file = TargetFile::Write(path, 1);
  BOOST_REQUIRE(!file.ok());
  BOOST_TEST(Holds(file.error().message, path), file.error().message);
}

BOOST_AUTO_TEST_CASE(TheProcessHasThreadsMemoryAndDescriptors) {
  const auto before = ReadProcess();
  BOOST_REQUIRE(before);
  const std::ifstream one("/dev/null"), two("/dev/null");
  const auto after = ReadProcess();
  BOOST_REQUIRE(after);
  BOOST_TEST(after->descriptors == before->descriptors + 2);
  BOOST_TEST(after->threads >= 1u);
  BOOST_TEST(after->resident > 1u << 20);
  BOOST_TEST(after->started == before->started);
  BOOST_TEST(after->started > 1.5e9);
  BOOST_TEST(after->most_descriptors > after->descriptors);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::metrics
