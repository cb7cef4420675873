#include "tests/support/text.h"

// With a sanitizer g++ 12 takes <regex> for careless.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"

#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace cvm::test {

std::string ReadFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string ReadOfTree(const std::string& path) {
  std::string text = ReadFile(path);
  if (text.empty()) throw std::runtime_error(path + ": run from the top of the tree");
  return text;
}

std::string Section(const std::string& text, const std::string& from, const std::string& to) {
  const std::size_t begin = text.find(from);
  if (begin == std::string::npos) throw std::runtime_error("no " + from);
  return text.substr(begin, text.find(to, begin + from.size()) - begin);
}

bool Holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::set<std::string> Matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (std::sregex_iterator match(text.begin(), text.end(), regex), end; match != end; ++match) {
    found.insert((*match)[1]);
  }
  return found;
}

std::string SqlOfTheHandbook(const std::string& word,
                             const std::vector<std::pair<std::string, std::string>>& values) {
  const std::string mark = "```sql " + word + "\n";
  std::string sql = Section(ReadOfTree("docs/operations.md"), mark, "```").substr(mark.size());
  for (const auto& [name, value] : values) {
    for (std::size_t at = 0; (at = sql.find(":" + name, at)) != std::string::npos;) {
      sql.replace(at, name.size() + 1, value);
    }
  }
  if (sql.find(" :") != std::string::npos) throw std::runtime_error("a parameter without a value: " + sql);
  return sql.substr(0, sql.find(';'));
}

}  // namespace cvm::test
