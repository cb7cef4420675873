#include "tests/support/database_server.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <thread>
#include <utility>

#include "lib/db/db.h"
#include "tests/support/program.h"
#include "tests/support/test_database.h"

namespace cvm::test {
namespace {

bool Answers(const std::string& socket) {
  db::Pool pool(RootAt(socket, "mysql"));
  return pool.Run(Patience(), [](db::Session& s) { s.Query("SELECT 1", {}, [](const db::Row&) {}); }).ok();
}

}  // namespace

DatabaseServer::DatabaseServer(std::vector<std::string> options) : options_(std::move(options)) {
  // A folder for temporary tables of its own: a server that starts removes all that it finds in its folder.
  std::filesystem::create_directory(directory_.Path("tmp"));
  const auto made = RunProgram(
      {"env", "TMPDIR=" + directory_.Path("tmp"), "mariadb-install-db", "--no-defaults", "--user=root",
       "--skip-test-db", "--auth-root-authentication-method=socket", "--datadir=" + directory_.Path("data")});
  if (made.exit_status != 0) throw std::runtime_error("mariadb-install-db: " + made.err);
  Start();
}

void DatabaseServer::Start() {
  std::vector<std::string> words = {"mariadbd",
                                    "--no-defaults",
                                    "--user=root",
                                    "--skip-networking",
                                    "--datadir=" + directory_.Path("data"),
                                    "--tmpdir=" + directory_.Path("tmp"),
                                    "--socket=" + socket(),
                                    "--pid-file=" + directory_.Path("pid"),
                                    "--innodb-buffer-pool-size=16M",
                                    "--innodb-log-file-size=8M"};
  words.insert(words.end(), options_.begin(), options_.end());
  std::vector<char*> raw;
  for (std::string& word : words) raw.push_back(word.data());
  raw.push_back(nullptr);
  const int log = open(directory_.Path("log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  pid_ = fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(log, 1);
    dup2(log, 2);
    execvp(raw[0], raw.data());
    _exit(127);
  }
  close(log);
  const auto deadline = Patience();
  while (!Answers(socket())) {
    if (deadline.Passed() || waitpid(pid_, nullptr, WNOHANG) != 0) {
      throw std::runtime_error("mariadbd does not start: " + directory_.Read("log"));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

void DatabaseServer::Stop() {
  if (pid_ < 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  unlink(socket().c_str());
  pid_ = -1;
}

void DatabaseServer::Freeze() const {
  kill(pid_, SIGSTOP);
}
void DatabaseServer::Thaw() const {
  kill(pid_, SIGCONT);
}

}  // namespace cvm::test
