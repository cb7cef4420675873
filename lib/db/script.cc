#include "lib/db/script.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace cvm::db {

namespace {

constexpr std::string_view kBlanks = " \t\r\n";

class Splitter {
 public:
  explicit Splitter(std::string_view script) : left_(script) {}

  base::Result<std::vector<std::string>> Split() {
    while (!left_.empty() && problem_ == nullptr) Step();
    if (problem_ != nullptr) return base::Error{base::ErrorCode::kInvalid, problem_};
    End();
    return std::move(statements_);
  }

 private:
  bool At(std::string_view what) const { return left_.substr(0, what.size()) == what; }

  void Step() {
    const char c = left_.front();
    if (c == ';') {
      left_.remove_prefix(1);
      End();
    } else if (c == '\'' || c == '"' || c == '`') {
      TakeQuoted(c);
    } else if (c == '#' || (At("--") && (left_.size() == 2 || kBlanks.find(left_[2]) != kBlanks.npos))) {
      left_.remove_prefix(std::min(left_.find('\n'), left_.size()));
    } else if (At("/*")) {
      SkipComment();
    } else {
      Take(1);
    }
  }

  void Take(std::size_t length) {
    statement_ += left_.substr(0, length);
    left_.remove_prefix(length);
  }

  // A doubled quote is taken as two strings that stand side by side: the text stays the same.
  void TakeQuoted(char quote) {
    std::size_t end = 1;
    while (end < left_.size() && left_[end] != quote) {
      if (left_[end] == '\\' && quote != '`') ++end;
      ++end;
    }
    if (end >= left_.size()) {
      problem_ = "SQL script: a quote is not closed";
    } else {
      Take(end + 1);
    }
  }

  void SkipComment() {
    const std::size_t end = left_.find("*/", 2);
    if (end == left_.npos) {
      problem_ = "SQL script: a comment is not closed";
    } else if (At("/*!") || At("/*M!")) {
      problem_ = "SQL script: a comment with code for some servers";
    } else {
      left_.remove_prefix(end + 2);
      statement_ += ' ';
    }
  }

  void End() {
    const std::size_t first = statement_.find_first_not_of(kBlanks);
    if (first != statement_.npos) {
      statements_.push_back(statement_.substr(first, statement_.find_last_not_of(kBlanks) + 1 - first));
    }
    statement_.clear();
  }

  std::string_view left_;
  std::string statement_;
  std::vector<std::string> statements_;
  const char* problem_ = nullptr;
};

}  // namespace

base::Result<std::vector<std::string>> SplitStatements(std::string_view script) {
  return Splitter(script).Split();
}

}  // namespace cvm::db
