// The readers of text from outside, each with what must hold of it whatever the text is. The corpus below
// corpus/NAME is replayed by the unit tests; `make fuzz` looks for more.
#ifndef CVM_TESTS_FUZZ_TARGETS_H_
#define CVM_TESTS_FUZZ_TARGETS_H_

#include <string>
#include <string_view>
#include <vector>

namespace cvm::fuzz {

struct Target {
  const char* name;
  // What does not hold of this text; empty where all does.
  std::string (*complaint)(std::string_view text);
};

const std::vector<Target>& Targets();

}  // namespace cvm::fuzz

#endif  // CVM_TESTS_FUZZ_TARGETS_H_
