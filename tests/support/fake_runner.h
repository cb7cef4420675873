// A Runner that records what it is asked and answers from a script.
#ifndef CVM_TESTS_SUPPORT_FAKE_RUNNER_H_
#define CVM_TESTS_SUPPORT_FAKE_RUNNER_H_

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "lib/base/error.h"
#include "lib/ssh/ssh.h"

namespace cvm::tests {

class FakeRunner : public ssh::Runner {
 public:
  // The next answers, in this order. What is asked beyond them is kUnavailable.
  FakeRunner& Answer(int exit_status, std::string out = "", std::string err = "") {
    answers_.push_back(ssh::Output{exit_status, std::move(out), std::move(err)});
    return *this;
  }
  FakeRunner& Fail(base::ErrorCode code) {
    answers_.push_back(base::Error{code, "as the test wants it"});
    return *this;
  }

  // The command lines as they were sent.
  std::vector<std::string> lines;
  std::size_t Unused() const { return answers_.size(); }

  base::Result<ssh::Output> Run(const ssh::Endpoint&, const ssh::Command& command, base::Deadline) override {
    lines.push_back(command.Quoted());
    if (answers_.empty()) return base::Error{base::ErrorCode::kUnavailable, "no answer is left"};
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    return answer;
  }

 private:
  std::deque<base::Result<ssh::Output>> answers_;
};

}  // namespace cvm::tests

#endif  // CVM_TESTS_SUPPORT_FAKE_RUNNER_H_
