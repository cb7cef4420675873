#include "lib/node/survey.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/fake_runner.h"

using cvm::base::Ctid;
using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::node::Answers;
using cvm::node::Survey;

namespace {

std::string RowOf(std::uint32_t ctid, const std::string& status = "running") {
  return "{\"ctid\":" + std::to_string(ctid) + ",\"status\":\"" + status +
         "\",\"physpages\":{\"held\":2},\"diskspace\":{\"usage\":3}}";
}

std::vector<Ctid> Numbers(std::uint32_t first, std::uint32_t count) {
  std::vector<Ctid> ctids;
  for (std::uint32_t i = 0; i < count; ++i) ctids.push_back(*Ctid::FromNumber(first + i));
  return ctids;
}

// A node with every container that is asked for but `missing`; one of `broken` spoils the whole answer.
struct Node : cvm::ssh::Runner {
  std::set<std::string> missing, broken, odd;  // the last: with a status that we do not know
  std::vector<std::vector<std::string>> asked;
  int page_sizes = 0;
  int exit_status = 0;

  cvm::base::Result<cvm::ssh::Output> Run(const cvm::ssh::Endpoint&, const cvm::ssh::Command& command,
                                          Deadline) override {
    const auto& argv = command.argv();
    if (argv[2] == "getconf") {
      ++page_sizes;
      return cvm::ssh::Output{0, "4096\n", ""};
    }
    const std::vector<std::string> ctids(argv.begin() + 6, argv.end());
    asked.push_back(ctids);
    if (exit_status != 0) return cvm::ssh::Output{exit_status, "", ""};
    std::string list;
    for (const std::string& ctid : ctids) {
      if (broken.count(ctid) != 0) return cvm::ssh::Output{0, "[{\"ctid\": torn", ""};
      const auto number = static_cast<std::uint32_t>(std::stoul(ctid));
      if (missing.count(ctid) == 0) {
        list += (list.empty() ? "" : ",") + RowOf(number, odd.count(ctid) != 0 ? "migrating" : "running");
      }
    }
    return cvm::ssh::Output{list.empty() ? 1 : 0, "[" + list + "]", ""};
  }
};

struct Surveyed {
  Answers Ask(const std::vector<Ctid>& ctids) {
    return survey->Ask(alpha, ctids, Deadline::In(std::chrono::seconds(30)));
  }
  // How many of them came out running, missing, failed.
  static std::vector<int> Count(const Answers& answers) {
    std::vector<int> counts(3);
    for (const auto& [ctid, answer] : answers) ++counts[!answer.ok() ? 2 : *answer ? 0 : 1];
    return counts;
  }

  Node node;
  cvm::node::Node alpha;
  std::optional<Survey> survey{std::in_place, node};
};

using Counts = std::vector<int>;

}  // namespace

BOOST_AUTO_TEST_SUITE(survey)

BOOST_FIXTURE_TEST_CASE(SeveralContainersAreOneCommandAndThePageSizeIsAskedOnce, Surveyed) {
  node.missing = {"103"};
  const Answers answers = Ask(Numbers(101, 10));
  BOOST_TEST(Count(answers) == (Counts{9, 1, 0}));
  const auto& first = *answers.at(*Ctid::FromNumber(101));
  BOOST_TEST((first->running && first->ram_used == 8192U && first->disk_used == 3072U));
  Ask(Numbers(101, 10));
  BOOST_TEST(node.asked.size() == 2U);
  BOOST_TEST(node.page_sizes == 1);
}

BOOST_FIXTURE_TEST_CASE(AContainerThatSpoilsTheAnswerHarmsNoOther, Surveyed) {
  for (const std::uint32_t count : {2U, 3U, 7U, 64U}) {
    for (const std::uint32_t at : {0U, count / 2, count - 1}) {
      node.broken = {std::to_string(101 + at)};
      node.asked.clear();
      const Answers answers = Ask(Numbers(101, count));
      BOOST_TEST(Count(answers) == (Counts{static_cast<int>(count) - 1, 0, 1}), count << " " << at);
      BOOST_TEST((answers.at(*Ctid::FromNumber(101 + at)).error().code == ErrorCode::kInternal));
      BOOST_TEST(node.asked.size() <= 13U);
      survey.emplace(node);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(TwoContainersThatSpoilTheAnswerHarmNoOther, Surveyed) {
  for (const std::uint32_t count : {3U, 40U, 64U}) {
    for (const std::uint32_t other : {1U, count / 2, count - 1}) {
      Survey fresh(node);
      node.broken = {"101", std::to_string(101 + other)};
      const Answers answers = fresh.Ask(alpha, Numbers(101, count), Deadline::In(std::chrono::seconds(30)));
      BOOST_TEST(Count(answers) == (Counts{static_cast<int>(count) - 2, 0, 2}), count << " " << other);
    }
  }
}

BOOST_FIXTURE_TEST_CASE(AContainerThatSpoiledAnAnswerIsRememberedUntilItAnswers, Surveyed) {
  const auto spoilers = [this] {
    std::vector<std::uint32_t> found;
    for (std::uint32_t ctid = 101; ctid < 141; ++ctid) {
      if (survey->Spoils(alpha, *Ctid::FromNumber(ctid))) found.push_back(ctid);
    }
    return found;
  };
  const std::vector<std::uint32_t> both = {105, 135}, one = {135}, none;
  node.broken = {"105", "135"};
  Ask(Numbers(101, 40));
  BOOST_TEST(spoilers() == both, boost::test_tools::per_element());
  node.exit_status = 124;  // no word of either
  Ask(Numbers(105, 1));
  BOOST_TEST(spoilers() == both, boost::test_tools::per_element());
  node.exit_status = 0;
  node.broken.clear();
  Ask(Numbers(105, 1));
  BOOST_TEST(spoilers() == one, boost::test_tools::per_element());
  Ask(Numbers(101, 40));
  BOOST_TEST(spoilers() == none, boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(HoweverManyRowsAreNotAsTheyMustBeTheOthersAreAnsweredByTheSameCommand, Surveyed) {
  for (std::uint32_t i = 0; i < 40; ++i) node.odd.insert(std::to_string(101 + i));
  node.missing = {"164"};
  BOOST_TEST(Count(Ask(Numbers(101, 64))) == (Counts{23, 1, 40}));
  BOOST_TEST(node.asked.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(WhereEveryContainerSpoilsItTheCommandsAreBounded, Surveyed) {
  for (std::uint32_t i = 0; i < 400; ++i) node.broken.insert(std::to_string(101 + i));
  BOOST_TEST(Count(Ask(Numbers(101, 400))) == (Counts{0, 0, 400}));
  BOOST_TEST(node.asked.size() <= 37U);
}

BOOST_FIXTURE_TEST_CASE(ANodeThatTakesTooLongIsNotAskedAgain, Surveyed) {
  node.exit_status = 124;
  const Answers answers = Ask(Numbers(101, 64));
  BOOST_TEST(Count(answers) == (Counts{0, 0, 64}));
  for (const auto& [ctid, answer] : answers) BOOST_TEST((answer.error().code == ErrorCode::kBroken));
  BOOST_TEST(node.asked.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(ANodeThatDoesNotRunTheCommandIsNotAskedAgain, Surveyed) {
  for (const int refused : {126, 127}) {
    node.asked.clear();
    node.exit_status = refused;
    const Answers answers = Ask(Numbers(101, 64));
    BOOST_TEST(Count(answers) == (Counts{0, 0, 64}));
    for (const auto& [ctid, answer] : answers) {
      BOOST_TEST((answer.error().code == ErrorCode::kNotFound));
    }
    BOOST_TEST(node.asked.size() == 1U);
  }
}

BOOST_FIXTURE_TEST_CASE(MoreThanFitOneCommandAreSpreadOverSeveral, Surveyed) {
  BOOST_TEST(Count(Ask(Numbers(1, 1201))) == (Counts{1201, 0, 0}));
  BOOST_REQUIRE(node.asked.size() == 3U);
  BOOST_TEST(node.asked[0].size() == 500U);
  BOOST_TEST(node.asked[2].size() == 201U);
}

BOOST_AUTO_TEST_CASE(AFailedRunFailsAllAndIsTheLast) {
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kOverloaded, ErrorCode::kBroken}) {
    cvm::tests::FakeRunner runner;
    runner.Fail(code);
    cvm::node::Survey survey(runner);
    const auto answers =
        survey.Ask(cvm::node::Node(), Numbers(1, 1201), Deadline::In(std::chrono::seconds(30)));
    BOOST_TEST(Surveyed::Count(answers) == (Counts{0, 0, 1201}));
    BOOST_TEST(runner.lines.size() == 1U);
    for (const auto& [ctid, answer] : answers) BOOST_REQUIRE((answer.error().code == code));
  }
}

BOOST_AUTO_TEST_SUITE_END()
