// Files of the tree as tests read them, and what stands in them.
#ifndef CVM_TESTS_SUPPORT_TEXT_H_
#define CVM_TESTS_SUPPORT_TEXT_H_

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cvm::test {

// Empty where it cannot be read.
std::string ReadFile(const std::string& path);
// A file of the tree, which is not empty.
std::string ReadOfTree(const std::string& path);
// From the first `from` to the next `to`, or to the end.
std::string Section(const std::string& text, const std::string& from, const std::string& to);
bool Holds(const std::string& text, const std::string& part);
// Every match of the first group of `pattern`.
std::set<std::string> Matches(const std::string& text, const std::string& pattern);

// The one statement of docs/operations.md that is marked with this word (```sql WORD), with `values` in place
// of its parameters, by name. Throws std::runtime_error where there is none, or a parameter without a value.
std::string SqlOfTheHandbook(const std::string& word,
                             const std::vector<std::pair<std::string, std::string>>& values);

}  // namespace cvm::test

#endif  // CVM_TESTS_SUPPORT_TEXT_H_
