// A MariaDB of a test's own, to be stopped, started again and frozen. Ends with the test, whatever becomes of
// it.
#ifndef CVM_TESTS_SUPPORT_DATABASE_SERVER_H_
#define CVM_TESTS_SUPPORT_DATABASE_SERVER_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/support/temporary_directory.h"

namespace cvm::test {

class DatabaseServer {
 public:
  // Makes the data and starts. `options` go to mariadbd. Throws std::runtime_error where it does not work.
  explicit DatabaseServer(std::vector<std::string> options = {});
  DatabaseServer(const DatabaseServer&) = delete;
  DatabaseServer& operator=(const DatabaseServer&) = delete;
  ~DatabaseServer() { Stop(); }

  // Root of this machine is root there.
  std::string socket() const { return directory_.Path("s"); }

  // Returns when it answers.
  void Start();
  // Returns when it is gone. SIGKILL: like a power cut.
  void Stop();
  void Freeze() const;
  void Thaw() const;

 private:
  const tests::TemporaryDirectory directory_;
  const std::vector<std::string> options_;
  pid_t pid_ = -1;
};

}  // namespace cvm::test

#endif  // CVM_TESTS_SUPPORT_DATABASE_SERVER_H_
