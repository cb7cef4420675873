// The settings: what is read, what is refused, and that the example files tell the truth.
#include "lib/config/config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>

#include "lib/config/form.h"
#include "lib/config/private_file.h"
#include "lib/config/table.h"
#include "lib/config/threads.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/text.h"

namespace cvm::config {
namespace {

using tests::TemporaryDirectory;

struct Fixture {
  std::string MessageOf(const std::string& text, Program program = Program::kWorker, mode_t mode = 0600) {
    const auto settings = Load(directory.Write("file.toml", text, mode), program);
    BOOST_REQUIRE_MESSAGE(!settings.ok(), "accepted: " + text);
    BOOST_TEST((settings.error().code == base::ErrorCode::kInvalid));
    return settings.error().message;
  }
  Settings Read(const std::string& text, Program program = Program::kWorker, mode_t mode = 0600) {
    auto settings = Load(directory.Write("file.toml", text, mode), program);
    BOOST_REQUIRE_MESSAGE(settings.ok(), (settings.ok() ? std::string() : settings.error().message));
    return std::move(*settings);
  }
  TemporaryDirectory directory;
};

using cvm::test::Holds;

std::string Commented(const std::string& doc) {
  std::string lines = "# ";
  for (const char c : doc) lines += c == '\n' ? std::string("\n# ") : std::string(1, c);
  return lines + "\n";
}

// What an example file must say below its heading: every setting that the program uses, explained, with its
// default.
std::string ExampleOf(Program program) {
  std::string text, table;
  for (const Setting& setting : AllSettings()) {
    if (!setting.UsedBy(program)) continue;
    if (setting.table != table) text += "\n[" + (table = setting.table) + "]\n";
    text += "\n" + Commented(setting.doc) + setting.name + " = " + setting.Default(program) + "\n";
  }
  return text;
}

BOOST_FIXTURE_TEST_SUITE(Config, Fixture)

BOOST_AUTO_TEST_CASE(TheExampleFilesHoldEverySettingWithItsDefaultAndMeaning) {
  const std::pair<const char*, Program> kFiles[] = {{"fcgi/dist/cvm-client-api.toml", Program::kWorker},
                                                    {"fcgi/dist/cvmctl.toml", Program::kCtl}};
  for (const auto& [path, program] : kFiles) {
    const std::string text = test::ReadFile(path);
    BOOST_REQUIRE_MESSAGE(!text.empty(), "run from the top of the tree");
    const std::string wanted = ExampleOf(program);
    BOOST_TEST(Holds(text, wanted), path << " must end with:\n" << wanted);
    Read(text, program);
  }
}

BOOST_AUTO_TEST_CASE(AnEmptyFileGivesTheDefaultsOfTheModules) {
  const Settings settings = Read("");
  const Settings plain;
  BOOST_TEST(settings.database.servers == plain.database.servers);
  BOOST_TEST(settings.database.name == plain.database.name);
  BOOST_TEST(settings.database.user == "cvm_worker");
  BOOST_TEST(settings.database.password.empty());
  BOOST_TEST(settings.database.connections == plain.database.connections);
  BOOST_TEST((settings.database.connect_timeout == plain.database.connect_timeout));
  BOOST_TEST((settings.database.query_timeout == plain.database.query_timeout));
  BOOST_TEST(settings.ssh.key_directory == plain.ssh.key_directory);
  BOOST_TEST((settings.ssh.connect_timeout == plain.ssh.connect_timeout));
  BOOST_TEST((settings.ssh.idle_timeout == plain.ssh.idle_timeout));
  BOOST_TEST(settings.ssh.sessions_per_endpoint == plain.ssh.sessions_per_endpoint);
  BOOST_TEST(settings.log.target == plain.log.target);
  BOOST_TEST((settings.log.level == log::Level::kInfo));
  BOOST_TEST(settings.worker.threads == plain.worker.threads);
  BOOST_TEST(settings.worker.reserved_threads == plain.worker.reserved_threads);
  BOOST_TEST(settings.worker.waits_per_node == plain.worker.waits_per_node);
  BOOST_TEST(settings.worker.actions_per_node == plain.worker.actions_per_node);
  BOOST_TEST(settings.worker.max_connections == plain.worker.max_connections);
  BOOST_TEST((settings.worker.io_timeout == plain.worker.io_timeout));
  BOOST_TEST((settings.worker.request_timeout == plain.worker.request_timeout));
  BOOST_TEST((settings.worker.status_timeout == plain.worker.status_timeout));
  BOOST_TEST((settings.worker.turn_wait == plain.worker.turn_wait));
  BOOST_TEST((settings.worker.lock_wait == plain.worker.lock_wait));
  BOOST_TEST(settings.metrics.enabled == plain.metrics.enabled);
  BOOST_TEST(settings.metrics.port == plain.metrics.port);
  BOOST_TEST(settings.metrics.directory == plain.metrics.directory);
}

BOOST_AUTO_TEST_CASE(CvmctlHasDefaultsOfItsOwn) {
  const Settings settings = Read("", Program::kCtl);
  BOOST_TEST(settings.database.user == "cvm_operator");
  BOOST_TEST(settings.database.connections == 2u);
  BOOST_TEST((settings.log.level == log::Level::kWarning));
}

BOOST_AUTO_TEST_CASE(EverySettingThatIsSetArrives) {
  const Settings settings = Read(R"(
[database]
servers = ["/run/a.sock", "localhost:3307"]
name = "panel_api"
user = "u"
password = "p w"
connections = 12
connect_timeout = 4
query_timeout = 20
[ssh]
key_directory = "/srv/keys"
connect_timeout = 7
idle_timeout = 30
sessions_per_node = 3
[log]
target = "/var/log/x.log"
level = "error"
[worker]
threads = 8
reserved_threads = 3
waits_per_node = 4
actions_per_node = 2
max_connections = 100
io_timeout = 6
request_timeout = 200
status_timeout = 9
turn_wait = 4
lock_wait = 3
)");
  using std::chrono::seconds;
  BOOST_TEST(settings.database.servers == (std::vector<std::string>{"/run/a.sock", "localhost:3307"}));
  BOOST_TEST(settings.database.name == "panel_api");
  BOOST_TEST(settings.database.user == "u");
  BOOST_TEST(settings.database.password.Reveal() == "p w");
  BOOST_TEST(settings.database.connections == 12u);
  BOOST_TEST((settings.database.connect_timeout == seconds(4)));
  BOOST_TEST((settings.database.query_timeout == seconds(20)));
  BOOST_TEST(settings.ssh.key_directory == "/srv/keys");
  BOOST_TEST((settings.ssh.connect_timeout == seconds(7)));
  BOOST_TEST((settings.ssh.idle_timeout == seconds(30)));
  BOOST_TEST(settings.ssh.sessions_per_endpoint == 3u);
  BOOST_TEST(settings.log.target == "/var/log/x.log");
  BOOST_TEST((settings.log.level == log::Level::kError));
  BOOST_TEST(settings.worker.threads == 8u);
  BOOST_TEST(settings.worker.reserved_threads == 3u);
  BOOST_TEST(settings.worker.waits_per_node == 4u);
  BOOST_TEST(settings.worker.actions_per_node == 2u);
  BOOST_TEST(settings.worker.max_connections == 100u);
  BOOST_TEST((settings.worker.io_timeout == seconds(6)));
  BOOST_TEST((settings.worker.request_timeout == seconds(200)));
  BOOST_TEST((settings.worker.status_timeout == seconds(9)));
  BOOST_TEST((settings.worker.turn_wait == seconds(4)));
  BOOST_TEST((settings.worker.lock_wait == seconds(3)));
}

BOOST_AUTO_TEST_CASE(WhatIsWrongIsRefusedWithFileLineAndReason) {
  const struct {
    const char *text, *said;
  } kRows[] = {
      {"[database]\nusers = \"x\"", ":2: unknown setting database.users"},
      {"\n[databse]\n", ":2: unknown table [databse]"},
      {"threads = 3", ":1: unknown setting threads"},
      {"worker = 3", ":1: worker must be a table: [worker]"},
      {"[worker.more]\nx = 1", ":1: unknown setting worker.more"},
      {"[worker]\nthreads = \"8\"", ":2: worker.threads must be a whole number"},
      {"[worker]\nthreads = 8.0", ":2: worker.threads must be a whole number"},
      {"[worker]\nthreads = 3", ":2: worker.threads is out of range: 4 to 1024"},
      {"[worker]\nthreads = -1", ":2: worker.threads is out of range: 4 to 1024"},
      {"[worker]\nthreads = 1025", ":2: worker.threads is out of range: 4 to 1024"},
      {"[worker]\nthreads = 99999999999999999999", ":2: "},
      {"[worker]\nrequest_timeout = 240", ":2: worker.request_timeout is out of range: 1 to 235"},
      {"[worker]\nrequest_timeout = 224", ":2: worker.request_timeout must be 225 at least"},
      {"[worker]\nrequest_timeout = 200\nturn_wait = 5\nlock_wait = 11",
       ":2: worker.request_timeout must be 201 at least"},
      {"[ssh]\nconnect_timeout = 11", ":2: ssh.connect_timeout is longer than worker.status_timeout"},
      {"[worker]\nstatus_timeout = 4", "ssh.connect_timeout is longer than worker.status_timeout"},
      {"[worker]\nrequest_timeout = 9", "worker.status_timeout is longer than worker.request_timeout"},
      {"[worker]\nthreads = 8\nreserved_threads = 8", ":3: worker.reserved_threads leaves none of"},
      {"[worker]\nthreads = 8\nreserved_threads = 7", ":3: worker.reserved_threads leaves none of"},
      {"[worker]\nactions_per_node = 10", ":2: worker.actions_per_node must be below ssh.sessions_per_node"},
      {"[database]\nservers = \"/x\"", ":2: database.servers must be a list of strings"},
      {"[database]\nservers = []", ":2: database.servers must name one server at least"},
      {"[database]\nservers = [1]", ":2: database.servers must be a list of strings"},
      {"[database]\nservers = [\"a,b\"]", ":2: database.servers each server is a string of its own"},
      {"[database]\nname = \"\"", ":2: database.name must not be empty"},
      {"[database]\nuser = \"a\\nb\"", ":2: database.user must not hold control characters"},
      {"[database]\npassword = 5", ":2: database.password must be a string"},
      {"[database]\nallow_plain_text = 1", ":2: database.allow_plain_text must be true or false"},
      {"[database]\nservers = [\"db.example\"]", ":2: database.servers the password would go to db.example"},
      {"[database]\nservers = [\"10.0.0.1:3306\"]", "in plain text: set database.tls_ca"},
      {"[database]\nservers = [\"127.example.org\"]", "in plain text: set database.tls_ca"},
      {"[ssh]\nkey_directory = \"keys\"", ":2: ssh.key_directory must be an absolute path"},
      {"[log]\ntarget = \"stdout\"", ":2: log.target must be \"stderr\", \"syslog\" or an absolute path"},
      {"[log]\nlevel = \"loud\"", ":2: log.level must be \"debug\", \"info\", \"warning\" or \"error\""},
      {"[log]\n\nlevel = ", ":3: "},
      {"[log]\nlevel = \"info\"\nlevel = \"info\"", ":3: "},
      {"[log]\nlevel = \"\xff\"", ":2: "},
  };
  for (const auto& row : kRows) {
    const std::string message = MessageOf(row.text);
    BOOST_TEST(message.rfind(directory.Path("file.toml:"), 0) == 0u, message);
    BOOST_TEST(Holds(message, row.said), message << " lacks " << row.said);
  }
}

BOOST_AUTO_TEST_CASE(AllProblemsAreToldInTheOrderOfTheirLines) {
  const std::string message = MessageOf("[worker]\nthreads = 0\n[log]\nlevel = 7\ntarge = \"x\"\n");
  BOOST_TEST(std::count(message.begin(), message.end(), '\n') == 2);
  const std::size_t first = message.find(":2: worker.threads"), second = message.find(":4: log.level"),
                    third = message.find(":5: unknown setting log.targe");
  BOOST_TEST(first < second);
  BOOST_TEST(second < third);
  BOOST_TEST(third != std::string::npos);
}

BOOST_AUTO_TEST_CASE(ServersOnThisMachineNeedNoTlsAndOthersCanBeAllowed) {
  Read("[database]\nservers = [\"/a.sock\", \"localhost\", \"127.0.0.1:3306\", \"[::1]:3306\", \"::1\"]");
  Read("[database]\nservers = [\"db.example\"]\nallow_plain_text = true");
  Read("[database]\nservers = [\"db.example\"]\ntls_ca = \"/etc/ssl/ca.pem\"");
}

BOOST_AUTO_TEST_CASE(AMissingFileOrADirectoryIsRefused) {
  const auto missing = Load(directory.Path("none"), Program::kWorker);
  BOOST_REQUIRE(!missing.ok());
  BOOST_TEST(missing.error().message ==
             directory.Path("none") + ": cannot be read: No such file or directory");
  const auto folder = Load(directory.Path(""), Program::kWorker);
  BOOST_REQUIRE(!folder.ok());
  BOOST_TEST(Holds(folder.error().message, "is not a regular file"));
}

BOOST_AUTO_TEST_CASE(APasswordInAFileThatOthersCanReadIsRefused) {
  const std::string text = "[database]\npassword = \"hunter2\"\n";
  const std::string message = MessageOf(text, Program::kWorker, 0644);
  BOOST_TEST(Holds(message, ":2: the file holds a password and is readable by others (mode 0644)"), message);
  BOOST_TEST(Holds(message, "chmod 0640 " + directory.Path("file.toml")), message);
  BOOST_TEST(!Holds(message, "hunter2"));
  Read(text, Program::kWorker, 0640);
  BOOST_TEST(Holds(MessageOf(text, Program::kCtl, 0640), "chmod 0600"));
  Read(text, Program::kCtl, 0600);
  Read("[database]\npassword = \"\"\n", Program::kWorker, 0644);
}

BOOST_AUTO_TEST_CASE(AFileThatOthersCanWriteIsRefusedWhateverItHolds) {
  BOOST_TEST(Holds(MessageOf("", Program::kWorker, 0620), "may be written by others"));
  BOOST_TEST(Holds(MessageOf("", Program::kWorker, 0602), "may be written by others"));
}

BOOST_AUTO_TEST_CASE(AFileOfAnotherOwnerIsRefused) {
  PrivateFile file;
  file.owner = geteuid() + 1;
  file.mode = 0600;
  BOOST_REQUIRE(AccessProblem(file, false, Program::kWorker).has_value());
  BOOST_TEST(Holds(*AccessProblem(file, false, Program::kWorker), "chown root"));
  file.owner = 0;
  BOOST_TEST(!AccessProblem(file, true, Program::kWorker).has_value());
  file.owner = geteuid();
  BOOST_TEST(!AccessProblem(file, true, Program::kWorker).has_value());
}

BOOST_AUTO_TEST_CASE(APasswordFileGivesItsFirstLine) {
  const std::string path = directory.Write("password", "s3cret\nsecond line\n");
  const std::string text = "[database]\npassword_file = \"" + path + "\"\n";
  BOOST_TEST(Read(text, Program::kWorker, 0644).database.password.Reveal() == "s3cret");
}

BOOST_AUTO_TEST_CASE(APasswordFileThatIsOpenOrMissingOrBesideAPasswordIsRefused) {
  const std::string path = directory.Write("password", "s3cret\n", 0644);
  const std::string text = "[database]\npassword_file = \"" + path + "\"\n";
  BOOST_TEST(Holds(MessageOf(text), path + " holds a password and is readable by others"));
  BOOST_TEST(!Holds(MessageOf(text), "s3cret"));
  BOOST_TEST(Holds(MessageOf("[database]\npassword_file = \"/nowhere\"\n"), ":2: /nowhere cannot be read"));
  BOOST_TEST(Holds(MessageOf(text + "password = \"x\"\n"), "set one of them"));
}

BOOST_AUTO_TEST_CASE(NoMessageShowsAPasswordThatDoesNotParse) {
  for (const char* text : {"[database]\npassword = hunter2", "[database]\npassword = \"hunter2",
                           "[database]\npassword = \"hunter2\" x", "[database]\npassword = \"hunter2\\q\"",
                           "[database]\npassword = [\"hunter2\"]", "[database]\npassword = \"hunter2\\n\"",
                           "[database]\npassword \"hunter2\"", "[database]\npassword = 'hunter2"}) {
    const std::string message = MessageOf(text);
    BOOST_TEST(!Holds(message, "hunter2"), message);
  }
}

BOOST_AUTO_TEST_CASE(WhatMayHoldAThreadForLongAlwaysLeavesTheReserveFree) {
  for (std::size_t threads = cvm::config::kLeastThreads; threads <= 1024; ++threads) {
    for (const std::size_t reserved : {std::size_t{0}, std::size_t{1}, threads / 2}) {
      cvm::config::WorkerSettings worker;
      worker.threads = threads;
      worker.reserved_threads = reserved;
      const auto shares = cvm::config::ShareThreads(worker);
      BOOST_TEST_CONTEXT(threads << " threads, reserved " << reserved) {
        BOOST_REQUIRE(shares.crypt + shares.waits + shares.reserved <= threads);
        BOOST_REQUIRE(shares.reserved == (reserved > 0 ? reserved : std::max<std::size_t>(threads / 8, 1)));
        BOOST_REQUIRE((shares.crypt > 0 && shares.waits > 0 && shares.actions > 0));
        BOOST_REQUIRE(shares.actions <= std::min(shares.waits, threads / 2));
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::config
