// The handbook knows every event that the programs can log, and no other.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>

namespace {

std::string Read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void Collect(const std::string& text, const std::regex& pattern, std::set<std::string>& found) {
  for (std::sregex_iterator match(text.begin(), text.end(), pattern), end; match != end; ++match) {
    found.insert((*match)[1]);
  }
}

std::set<std::string> Logged() {
  static const std::regex kCall(
      R"re(\b(?:Write|Error|Warning|Info|Debug)\([^"();]*"([a-z]+\.[a-z_]+|start|stop)")re");
  std::set<std::string> events;
  for (const char* folder : {"lib", "fcgi"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      if (entry.path().extension() == ".cc") Collect(Read(entry.path()), kCall, events);
    }
  }
  return events;
}

// The first cells of the table of events.
std::set<std::string> Explained() {
  const std::string handbook = Read("docs/operations.md");
  const std::size_t begin = handbook.find("\n| event | level |");
  const std::string table = handbook.substr(begin, handbook.find("\n\n", begin) - begin);
  static const std::regex kRow(R"re(\n\| ([^|]*) \|)re"), kName(R"re(`([a-z_.]+)`)re");
  std::set<std::string> cells, events;
  Collect(table, kRow, cells);
  for (const std::string& cell : cells) Collect(cell, kName, events);
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
