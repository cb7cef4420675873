// The two programs on the settings of a running installation.
#include <sys/stat.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <string>

#include "tests/support/program.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/world.h"

using namespace cvm::test;  // NOLINT: tests

namespace {

std::string Program(const std::string& name) {
  return RequireEnv("CVM_TEST_BUILD") + "/" + name;
}

ProgramResult CheckWorkersFile(const std::string& path) {
  return RunProgram({Program("cvm-client-api"), "--check", "--config", path});
}

// The worker's settings with `more` behind them, under a mode of its own.
std::string Changed(const cvm::tests::TemporaryDirectory& directory, const std::string& more, mode_t mode) {
  const std::string path = directory.Path("worker.toml");
  std::ofstream(path) << std::ifstream(RequireEnv("CVM_CONFIG")).rdbuf() << more;
  BOOST_REQUIRE(chmod(path.c_str(), mode) == 0);
  return path;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(programs)

BOOST_AUTO_TEST_CASE(BothProgramsFindTheInstallationGood) {
  const ProgramResult worker = CheckWorkersFile(RequireEnv("CVM_CONFIG"));
  BOOST_TEST(worker.exit_status == 0, worker.out << worker.err);
  for (const char* step : {"ok   settings", "ok   database", "ok   schema", "ok   key"}) {
    BOOST_TEST(worker.out.find(step) != std::string::npos, step);
  }
  BOOST_TEST(TheWorld().Try({"config", "check"}).exit_status == 0);
}

BOOST_AUTO_TEST_CASE(CvmctlChecksTheWorkersFileAsTheWorkerDoes) {
  const ProgramResult checked =
      RunProgram({Program("cvmctl"), "--config", RequireEnv("CVM_CONFIG"), "config", "check"});
  BOOST_TEST(checked.exit_status == 0, checked.out << checked.err);
}

BOOST_AUTO_TEST_CASE(AFileThatOthersCanReadIsRefusedByBoth) {
  const cvm::tests::TemporaryDirectory directory;
  const std::string path = Changed(directory, "", 0644);
  const ProgramResult worker = CheckWorkersFile(path);
  BOOST_TEST(worker.exit_status == 1);
  BOOST_TEST(worker.out.find(path) != std::string::npos, worker.out);
  BOOST_TEST(RunProgram({Program("cvmctl"), "--config", path, "config", "check"}).exit_status == 2);
  BOOST_TEST(RunProgram({Program("cvmctl"), "--config", path, "user", "list"}).exit_status == 2);
  BOOST_TEST(RunProgram({Program("cvm-client-api"), "--config", path}).exit_status == 1);
}

BOOST_AUTO_TEST_CASE(AnUnknownSettingIsNamedWithFileAndLine) {
  const cvm::tests::TemporaryDirectory directory;
  const std::string path = Changed(directory, "\nbogus = 1\n", 0640);
  const ProgramResult worker = CheckWorkersFile(path);
  BOOST_TEST(worker.exit_status == 1);
  BOOST_TEST(worker.out.find(path + ":") != std::string::npos, worker.out);
  BOOST_TEST(worker.out.find("bogus") != std::string::npos, worker.out);
}

BOOST_AUTO_TEST_CASE(AWorkerWithoutAListeningSocketSaysWhatToDo) {
  const ProgramResult worker = RunProgram({Program("cvm-client-api"), "--config", RequireEnv("CVM_CONFIG")});
  BOOST_TEST(worker.exit_status == 1);
  BOOST_TEST(worker.err.find("spawn-fcgi") != std::string::npos, worker.err);
}

BOOST_AUTO_TEST_SUITE_END()
