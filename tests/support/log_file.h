// The log of this process in a file of its own, for as long as the object lives: for tests of what is logged.
#ifndef CVM_TESTS_SUPPORT_LOG_FILE_H_
#define CVM_TESTS_SUPPORT_LOG_FILE_H_

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <string>

#include "lib/log/log.h"
#include "tests/support/temporary_directory.h"

namespace cvm::test {

struct LogFile {
  LogFile() {
    log::Settings settings;
    settings.target = directory.Path("log");
    BOOST_REQUIRE(log::Init(settings).ok());
  }
  LogFile(const LogFile&) = delete;
  LogFile& operator=(const LogFile&) = delete;
  ~LogFile() { log::Shutdown(); }

  // Ends the log, and gives how often `part` stands in it.
  std::size_t End(const std::string& part) const {
    log::Shutdown();
    const std::string text = directory.Read("log");
    std::size_t count = 0;
    for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
    return count;
  }

  tests::TemporaryDirectory directory;
};

}  // namespace cvm::test

#endif  // CVM_TESTS_SUPPORT_LOG_FILE_H_
