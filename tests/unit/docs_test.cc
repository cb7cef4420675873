// The handbook knows every event that the programs can log and no other, and its figures are the settings'
// own.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "lib/config/table.h"
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

// The worker's settings with their defaults, by "table.name".
std::map<std::string, std::string> WorkersSettings() {
  std::map<std::string, std::string> settings;
  for (const cvm::config::Setting& setting : cvm::config::AllSettings()) {
    if (setting.worker_default == nullptr) continue;
    settings[std::string(setting.table) + "." + setting.name] = setting.worker_default;
  }
  return settings;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(docs)

BOOST_AUTO_TEST_CASE(TheHandbookExplainsEveryEventOfTheLogAndNoOther) {
  const std::set<std::string> logged = Logged();
  BOOST_TEST(logged.count("node.unreachable") == 1U);
  BOOST_TEST(logged == Explained(), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(TheHandbookOfCapacityNamesTheDefaultsThatTheSettingsHave) {
  const std::string table =
      Section(ReadOfTree("docs/operations.md"), "\n| setting | default | bounds", "\n\n");
  const auto settings = WorkersSettings();
  const auto names = Matches(table, R"re(\n\| `([a-z_.]+)` \|)re");
  BOOST_TEST(names.count("worker.threads") == 1U);
  for (const std::string& name : names) {
    BOOST_REQUIRE_MESSAGE(settings.count(name) == 1U, name << " is no setting");
    const auto said = Matches(table, "\n\\| `" + name + R"re(` \| ([0-9]+)[ (])re");
    BOOST_TEST(said == std::set<std::string>{settings.at(name)}, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(EveryAccountOfTheDatabaseHasItsRowInTheHandbook) {
  const std::string handbook = ReadOfTree("docs/operations.md");
  const std::string parts = Section(handbook, "\n| part | where", "\n\n");
  const std::string security = Section(handbook, "\n| who has | gets", "\n\n");
  const auto accounts =
      Matches(ReadOfTree("sql/grants.sql") + ReadOfTree("sql/database.sql"), R"re(TO '(cvm_[a-z]+)')re");
  BOOST_TEST(accounts.size() == 3U);
  for (const std::string& account : accounts) {
    BOOST_TEST(parts.find("`" + account + "`") != std::string::npos, account);
    BOOST_TEST(security.find("`" + account + "`") != std::string::npos, account);
  }
}

BOOST_AUTO_TEST_SUITE_END()
