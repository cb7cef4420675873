#ifndef CVM_TESTS_NODE_CONSOLE_H_
#define CVM_TESTS_NODE_CONSOLE_H_

// Where vzctl's words go: line by line and unbuffered, so that what was said before a kill was said.

#include <unistd.h>

#include <string>

namespace cvm::testnode {

class Console {
 public:
  // As `vzctl --quiet`: neither stream gets a word from now on.
  void Silence() { quiet_ = true; }

  void Out(const std::string& line) const { Say(STDOUT_FILENO, line); }
  void Err(const std::string& line) const { Say(STDERR_FILENO, line); }

 private:
  void Say(int fd, const std::string& line) const {
    const std::string text = line + "\n";
    if (!quiet_ && write(fd, text.data(), text.size()) < 0) return;  // a reader that is gone is no failure
  }

  bool quiet_ = false;
};

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_CONSOLE_H_
