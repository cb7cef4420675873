// Waiting for a condition, in place of a sleep.
#ifndef CVM_TESTS_SUPPORT_AWAIT_H_
#define CVM_TESTS_SUPPORT_AWAIT_H_

#include <chrono>
#include <thread>

namespace cvm::test {

// Until `holds`, asked again and again; false after a minute.
template <class Condition>
bool Eventually(Condition holds) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > give_up) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return true;
}

}  // namespace cvm::test

#endif  // CVM_TESTS_SUPPORT_AWAIT_H_
