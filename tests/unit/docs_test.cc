// The handbook knows every event that the programs can log, and no other.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <set>
#include <string>

#include "tests/support/text.h"

using namespace cvm::test;  // NOLINT: tests

namespace {

std::set<std::string> Logged() {
  std::set<std::string> events;
  for (const char* folder : {"lib", "fcgi"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().extension() != ".cc") continue;
      events.merge(
          Matches(ReadFile(entry.path()),
                  R"re(\b(?:Write|Error|Warning|Info|Debug)\([^"();]*"([a-z]+\.[a-z_]+|start|stop)")re"));
    }
  }
  return events;
}

// The first cells of the table of events.
std::set<std::string> Explained() {
  const std::string table = Section(ReadOfTree("docs/operations.md"), "\n| event | level |", "\n\n");
  std::set<std::string> events;
  for (const std::string& cell : Matches(table, R"re(\n\| ([^|]*) \|)re")) {
    events.merge(Matches(cell, R"re(`([a-z_.]+)`)re"));
  }
  return events;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(docs)

BOOST_AUTO_TEST_CASE(TheHandbookExplainsEveryEventOfTheLogAndNoOther) {
  const std::set<std::string> logged = Logged();
  BOOST_TEST(logged.count("node.unreachable") == 1U);
  BOOST_TEST(logged == Explained(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
