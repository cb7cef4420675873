#include "tests/support/world.h"

#include <unistd.h>

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <sstream>

#include "tests/support/text.h"

namespace cvm::test {
namespace {

// Of no host: made for these tests, its private half thrown away.
constexpr char kSomeHostKey[] =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIH5ZYIuHqG1l+G3Hb8kbQMaYMGEdXFBLRR5eb8nHzq2S";

db::Settings RootOfTheDatabase() {
  db::Settings settings;
  settings.servers = {RequireEnv("CVM_DB_SOCKET")};
  settings.user = "root";
  settings.connections = 1;
  return settings;
}

base::Deadline Soon() {
  return base::Deadline::In(std::chrono::seconds(30));
}

void Append(std::vector<std::string>& words, const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
}

}  // namespace

Headers Pair::Both() const {
  return {{"API-Public-Token", public_token}, {"API-Private-Token", private_token}};
}

World::World()
    : url(RequireEnv("CVM_URL")),
      node(RequireEnv("CVM_NODE")),
      ctl_(SplitWords(RequireEnv("CVM_CTL"))),
      node_script_({RequireEnv("CVM_TEST_NODE_SCRIPT")}),
      node_directory_(RequireEnv("CVM_TEST_NODE_DIR")),
      database_(RootOfTheDatabase()) {}

ProgramResult World::Try(std::vector<std::string> words) const {
  std::vector<std::string> argv = ctl_;
  argv.push_back("--json");
  Append(argv, words);
  return RunProgram(argv);
}

std::string World::Run(std::vector<std::string> words) const {
  const ProgramResult result = Try(words);
  BOOST_REQUIRE_MESSAGE(result.exit_status == 0,
                        "cvmctl " << words[0] << " " << words[1] << ": " << result.err);
  return result.out;
}

std::string World::RunFor(const std::string& member, std::vector<std::string> words) const {
  const std::string out = Run(std::move(words));
  const json::Document document = ParseJson(out);
  const auto value = document.root().Member(member);
  BOOST_REQUIRE_MESSAGE(value && value->AsText(), "no text '" << member << "' in " << out);
  return std::string(*value->AsText());
}

std::string World::Fresh(const std::string& stem) {
  static std::atomic<unsigned> count{0};
  return stem + "-" + std::to_string(getpid()) + "-" + std::to_string(++count);
}

Pair World::NewCustomer(const std::vector<std::string>& options) const {
  Pair pair;
  pair.user = Fresh("customer");
  Run({"user", "add", pair.user});
  std::vector<std::string> words = {"token", "create", pair.user};
  Append(words, options);
  const std::string out = Run(words);
  const json::Document document = ParseJson(out);
  pair.public_token = *document.root().Member("public_token")->AsText();
  pair.private_token = *document.root().Member("private_token")->AsText();
  return pair;
}

std::string World::NewContainer(const std::string& state) const {
  static std::atomic<unsigned> next{0};
  const std::string ctid = std::to_string(10000 + ++next);
  std::vector<std::string> argv = node_script_;
  Append(argv, {"add", node_directory_, ctid, state});
  const ProgramResult result = RunProgram(argv);
  BOOST_REQUIRE_MESSAGE(result.exit_status == 0, "node add: " << result.err);
  return ctid;
}

std::string World::NewVps(const std::string& user, const std::string& ctid, const std::string& on_node,
                          const std::vector<std::string>& options) const {
  std::vector<std::string> words = {"vps",    "add",   "--node",     on_node,  "--user", user,
                                    "--ctid", ctid,    "--hostname", "h.test", "--ram",  "512",
                                    "--disk", "10000", "--cpus",     "2"};
  Append(words, options);
  return RunFor("id", words);
}

const char* World::SomeHostKey() {
  return kSomeHostKey;
}

const std::string& World::Nowhere() const {
  static const std::string name = [this] {
    const std::string fresh = Fresh("nowhere");
    Run({"node", "add", fresh, "--host", "127.0.0.1", "--port", "9", "--location", "Utrecht", "--host-key",
         kSomeHostKey});
    return fresh;
  }();
  return name;
}

HttpAnswer World::Ask(const Pair& pair, const std::string& method, const std::string& target) const {
  return Send({method, target, pair.Both(), ""});
}

std::string World::StatusMember(const Pair& pair, const std::string& vps, const std::string& member) const {
  const HttpAnswer answer = Ask(pair, "GET", "/api/client/vps/" + vps + "/status");
  BOOST_REQUIRE_MESSAGE(answer.status == 200, "status " << answer.status << ": " << answer.body);
  const json::Document document = ParseJson(answer.body);
  const auto value = document.root().Member("response")->Member(member);
  BOOST_REQUIRE_MESSAGE(value && value->AsText(), "no text '" << member << "' in " << answer.body);
  return std::string(*value->AsText());
}

std::string World::OnNode(const std::vector<std::string>& argv) const {
  std::vector<std::string> whole = node_script_;
  Append(whole, {"exec", node_directory_});
  Append(whole, argv);
  const ProgramResult result = RunProgram(whole);
  BOOST_REQUIRE_MESSAGE(result.exit_status == 0, argv[0] << " on the node: " << result.err);
  return result.out;
}

void World::WriteOnNode(const std::string& path, const std::string& text) const {
  OnNode({"sh", "-c", "printf %s \"$2\" > \"$1\"", "sh", path, text});
}

std::size_t World::Sent(const std::string& verb, const std::string& ctid) const {
  std::istringstream journal(OnNode({"cat", "/var/lib/vzctl/journal"}));
  std::size_t count = 0;
  for (std::string line; std::getline(journal, line);) {
    const auto words = SplitWords(line);
    count += words.size() >= 2 && words[0] == ctid && words[1] == verb;
  }
  return count;
}

void World::Sql(db::Sql statement, const std::vector<db::Param>& params) const {
  const auto done = database_.Run(Soon(), [&](db::Session& session) { session.Execute(statement, params); });
  BOOST_REQUIRE_MESSAGE(done.ok(), (done.ok() ? std::string() : done.error().message));
}

const World& TheWorld() {
  static const World world;
  return world;
}

std::string StackDir() {
  return RequireEnv("CVM_TEST_STACK_DIR");
}

std::string WorkerLog() {
  return ReadFile(StackDir() + "/log/worker.log");
}

ThrottledLines ThrottledLinesIn(const std::string& log, const std::string& event) {
  ThrottledLines all;
  std::istringstream text(log);
  for (std::string line; std::getline(text, line);) {
    if (line.find(" " + event + " ") == std::string::npos) continue;
    ++all.lines;
    const std::string mark = " left_out=";
    const std::size_t at = line.find(mark);
    BOOST_TEST_REQUIRE(at != std::string::npos, line);
    all.left_out += std::stoi(line.substr(at + mark.size()));
  }
  return all;
}

long SecondsSince(std::chrono::steady_clock::time_point then) {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now() - then).count();
}

void Stack(const std::string& verb) {
  const ProgramResult result = RunProgram({"tests/stack/stack", verb, StackDir()});
  BOOST_REQUIRE_MESSAGE(result.exit_status == 0, "stack " << verb << ": " << result.err);
}

json::Document ParseJson(const std::string& text) {
  auto document = json::Document::Parse(text);
  BOOST_REQUIRE_MESSAGE(document.ok(), "not JSON: " << text);
  return std::move(*document);
}

}  // namespace cvm::test
