// Servers that are restarted, frozen, silent or not there, and TLS.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <cstring>
#include <future>
#include <stdexcept>
#include <string>
#include <vector>

#include "lib/db/db.h"
#include "tests/support/await.h"
#include "tests/support/database_server.h"
#include "tests/support/program.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_database.h"

using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::base::Status;
using cvm::db::Pool;
using cvm::db::Row;
using cvm::db::Session;
using cvm::test::Number;
using cvm::test::Patience;
using cvm::test::RootAt;
using cvm::test::RunSql;
using cvm::tests::TemporaryDirectory;

namespace {

cvm::db::Settings Hasty(const std::vector<std::string>& servers, std::size_t connections = 4) {
  auto settings = RootAt("", "mysql");
  settings.servers = servers;
  settings.connections = connections;
  settings.connect_timeout = std::chrono::seconds(1);
  settings.query_timeout = std::chrono::seconds(2);
  return settings;
}

Status Ask(Pool& pool) {
  return pool.Run(Patience(), [](Session& session) { session.Query("SELECT 1", {}, [](const Row&) {}); });
}

std::vector<Status> AskAtOnce(Pool& pool, int count) {
  std::vector<std::future<Status>> asked;
  for (int i = 0; i < count; ++i)
    asked.push_back(std::async(std::launch::async, [&pool] { return Ask(pool); }));
  std::vector<Status> answers;
  for (auto& one : asked) answers.push_back(one.get());
  return answers;
}

// Has the pool open every connection that it may.
void OpenAll(Pool& pool, unsigned count) {
  if (count == 0) return;
  BOOST_REQUIRE(pool.Run(Patience(), [&](Session&) { OpenAll(pool, count - 1); }).ok());
}

// Something that listens and never answers.
class Silence {
 public:
  Silence() : fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    if (bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 || listen(fd_, 64) != 0) {
      throw std::runtime_error("cannot listen");
    }
  }
  ~Silence() { close(fd_); }
  std::string path() const { return directory_.Path("s"); }

 private:
  const TemporaryDirectory directory_;
  const int fd_;
};

std::string FreePort() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0;
  close(fd);
  if (!bound) throw std::runtime_error("no free port");
  return std::to_string(ntohs(address.sin_port));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(DbOutage)

BOOST_AUTO_TEST_CASE(AServerThatIsNotThereIsToldAtOnceAndFoundOnceItIs) {
  const TemporaryDirectory directory;
  Pool pool(Hasty({directory.Path("none")}));
  for (const Status& answer : AskAtOnce(pool, 16)) {
    BOOST_REQUIRE(!answer.ok());
    BOOST_TEST((answer.error().code == ErrorCode::kUnavailable));
    BOOST_TEST(answer.error().message.find("is the server running?") != std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(ASilentServerHoldsNobodyLongerThanOneConnect) {
  const Silence silence;
  Pool pool(Hasty({silence.path()}));
  for (const Status& answer : AskAtOnce(pool, 16)) {
    BOOST_REQUIRE(!answer.ok());
    BOOST_TEST(answer.error().message.find("does not answer") != std::string::npos, answer.error().message);
  }
}

BOOST_AUTO_TEST_CASE(AfterARestartNobodyNoticesThatEveryIdleConnectionIsStale) {
  cvm::test::DatabaseServer server;
  Pool pool(Hasty({server.socket()}));
  OpenAll(pool, 4);
  server.Stop();
  BOOST_TEST(!Ask(pool).ok());
  server.Start();
  for (const Status& answer : AskAtOnce(pool, 16)) BOOST_TEST(answer.ok());

  OpenAll(pool, 4);
  server.Stop();
  server.Start();
  for (const Status& answer : AskAtOnce(pool, 16)) {
    BOOST_TEST(answer.ok(), cvm::test::Why(answer));
  }
  OpenAll(pool, 4);
  server.Stop();
  server.Start();
  RunSql(pool, "CREATE DATABASE once");  // a change: fails where it is made twice

  // Frozen: what is asked ends by its timeouts, and goes on once it wakes.
  server.Freeze();
  for (const Status& answer : AskAtOnce(pool, 6)) BOOST_TEST(!answer.ok());
  server.Thaw();
  // A server that was silent is left alone for a moment.
  BOOST_TEST(cvm::test::Eventually([&] { return Ask(pool).ok(); }));
}

BOOST_AUTO_TEST_CASE(TheNextServerIsTriedWhereOneIsSilentOrNotThere) {
  const Silence silence;
  const TemporaryDirectory directory;
  const std::string real = cvm::test::RequireEnv("CVM_TEST_DB_SOCKET");
  Pool pool(Hasty({directory.Path("none"), silence.path(), real}, 1));
  BOOST_TEST(Ask(pool).ok());
  Pool neither(Hasty({directory.Path("none"), silence.path()}));
  const Status answer = Ask(neither);
  BOOST_REQUIRE(!answer.ok());
  BOOST_TEST(answer.error().message.find("/none") != std::string::npos);
  BOOST_TEST(answer.error().message.find(silence.path()) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(AFullServerLetsCallersWaitForAConnectionOfOurs) {
  cvm::test::DatabaseServer server({"--max-connections=10"});
  const std::string user = "narrow";
  Pool root(RootAt(server.socket(), "mysql"));
  RunSql(root, "CREATE USER narrow@localhost IDENTIFIED BY 'x' WITH MAX_USER_CONNECTIONS 2");
  auto settings = Hasty({server.socket()}, 8);
  settings.name = "information_schema";
  settings.user = user;
  settings.password = cvm::base::Secret("x");
  Pool pool(std::move(settings));
  for (const Status& answer : AskAtOnce(pool, 24)) {
    BOOST_TEST(answer.ok(), cvm::test::Why(answer));
  }
}

// TLS is on and verified, or there is no connection.
struct Tls {
  Tls() {
    for (const char* name : {"server", "other"}) {
      const auto made = cvm::test::RunProgram(
          {"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
           "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout",
           directory.Path(name + std::string(".key")), "-out", directory.Path(name + std::string(".crt"))});
      if (made.exit_status != 0) throw std::runtime_error(made.err);
    }
  }
  std::vector<std::string> Listening() const {
    return {"--skip-networking=0", "--bind-address=127.0.0.1", "--port=" + port};
  }
  std::vector<std::string> WithTls() const {
    auto options = Listening();
    options.push_back("--ssl-cert=" + directory.Path("server.crt"));
    options.push_back("--ssl-key=" + directory.Path("server.key"));
    return options;
  }
  cvm::db::Settings At(const std::string& host, const std::string& ca) const {
    auto settings = Hasty({host + ":" + port}, 1);
    settings.user = "far";
    settings.password = cvm::base::Secret("far-away");
    settings.name = "information_schema";
    if (!ca.empty()) settings.tls_ca = directory.Path(ca);
    return settings;
  }
  static void AddUser(const cvm::test::DatabaseServer& server) {
    Pool root(RootAt(server.socket(), "mysql"));
    RunSql(root, "CREATE USER far@'%' IDENTIFIED BY 'far-away'");
  }
  const TemporaryDirectory directory;
  const std::string port = FreePort();
};

BOOST_FIXTURE_TEST_CASE(WithACaFileTheConnectionIsEncryptedAndTheServerIsTheOneNamed, Tls) {
  const cvm::test::DatabaseServer server(WithTls());
  AddUser(server);
  constexpr char kCipher[] =
      "SELECT COUNT(*) FROM session_status WHERE variable_name = 'Ssl_cipher' AND variable_value <> ''";
  Pool verified(At("localhost", "server.crt"));
  BOOST_TEST(Number(verified, kCipher) == 1u);
  Pool wrong_ca(At("localhost", "other.crt"));
  BOOST_TEST(!Ask(wrong_ca).ok());
  Pool wrong_name(At("127.0.0.1", "server.crt"));
  BOOST_TEST(!Ask(wrong_name).ok());
  Pool plain(At("127.0.0.1", ""));
  BOOST_TEST(Number(plain, kCipher) == 0u);
}

BOOST_FIXTURE_TEST_CASE(WithACaFileAServerWithoutTlsIsRefused, Tls) {
  const cvm::test::DatabaseServer server(Listening());
  AddUser(server);
  Pool plain(At("127.0.0.1", ""));
  BOOST_TEST(Ask(plain).ok());
  Pool verified(At("localhost", "server.crt"));
  const Status refused = Ask(verified);
  BOOST_REQUIRE(!refused.ok());
  BOOST_TEST(refused.error().message.find("check tls_ca") != std::string::npos);
  BOOST_TEST(refused.error().message.find("far-away") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
