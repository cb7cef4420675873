#ifndef CVM_TESTS_NODE_TEST_NODE_H_
#define CVM_TESTS_NODE_TEST_NODE_H_

// A node for the length of a test: started by tests/node/node in a fresh folder below /tmp, ended and removed
// with the object. Its files are the test's to read and write, by paths as the node sees them. One thread at
// a time.

#include <stdlib.h>
#include <sys/wait.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace cvm::testnode {

struct Outcome {
  int status = 0;  // 128 + N after a signal N, as a shell says it
  std::string out;
  std::string err;
};

inline std::string Quote(const std::string& word) {
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

class TestNode {
 public:
  // Throws where the node does not come up; what it says goes to stderr.
  explicit TestNode(const std::string& options = "") : script_(Folder() / "node") {
    std::string name = "/tmp/cvm-node-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    dir_ = name;
    try {
      Start(options);
    } catch (...) {
      Discard();
      throw;
    }
  }

  ~TestNode() {
    Node("stop");
    Discard();
  }

  TestNode(const TestNode&) = delete;
  TestNode& operator=(const TestNode&) = delete;

  // The folder of these sources. The compiler was given their names from the root of the project, so that is
  // where the test must be started.
  static std::filesystem::path Folder() {
    const auto folder = std::filesystem::absolute(__FILE__).parent_path();
    if (std::filesystem::exists(folder / "node")) return folder;
    throw std::runtime_error("no " + folder.string() + ": start this test from the root of the project");
  }

  void Start(const std::string& options) {
    if (Node("start", options) != 0) throw std::runtime_error("the node did not start");
  }

  // The script's exit status.
  int Node(const std::string& command, const std::string& rest = "") const {
    return Shell(Quote(script_.string()) + " " + command + " " + Quote(dir_) + " " + rest);
  }

  // Runs a shell's command line in the node, over ssh (one connection, shared) or straight.
  Outcome Ssh(const std::string& line, const std::string& user = "root") const {
    return Capture(
        "ssh -F none -o BatchMode=yes -o LogLevel=ERROR -o ControlMaster=auto -o ControlPersist=60" +
        (" -o ControlPath=" + dir_) + "/ssh-%r -o UserKnownHostsFile=" + dir_ + "/known_hosts -i " + dir_ +
        "/id_ed25519 -p " + Port() + " " + user + "@127.0.0.1 " + Quote(line));
  }
  Outcome Exec(const std::string& line) const {
    return Capture(Quote(script_.string()) + " exec " + dir_ + " bash -c " + Quote(line));
  }

  const std::string& dir() const { return dir_; }
  std::string Port() const { return FirstWord(dir_ + "/port"); }
  int Pid() const { return std::stoi(FirstWord(dir_ + "/node.pid")); }

  std::string HostPath(const std::string& path) const { return dir_ + "/root" + path; }
  bool Has(const std::string& path) const { return std::filesystem::exists(HostPath(path)); }
  void Remove(const std::string& path) const { std::filesystem::remove_all(HostPath(path)); }

  void Write(const std::string& path, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(HostPath(path)).parent_path());
    std::ofstream(HostPath(path), std::ios::trunc) << text;
  }

  std::string Read(const std::string& path) const {
    std::ifstream file(HostPath(path));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
  }

  void Set(const std::string& name, const std::string& text = "") const { Write(kSwitches + name, text); }
  void Unset(const std::string& name) const { Remove(kSwitches + name); }

  // Everything that was begun has ended.
  bool IsIdle() const { return Lines(Read("/var/lib/vzctl/begun")) == Lines(Read("/var/lib/vzctl/journal")); }

  static std::size_t Lines(const std::string& text) {
    std::size_t lines = 0;
    for (const char c : text) lines += c == '\n' ? 1 : 0;
    return lines;
  }

  // False where the condition did not come true for twenty seconds.
  static bool Await(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
  }

 private:
  static constexpr const char* kSwitches = "/var/lib/vzctl/switch/";

  static int Shell(const std::string& command) {
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

  Outcome Capture(const std::string& command) const {
    Outcome outcome;
    outcome.status = Shell(command + " </dev/null >" + dir_ + "/out 2>" + dir_ + "/err");
    outcome.out = Read("/../out");
    outcome.err = Read("/../err");
    return outcome;
  }

  void Discard() const {
    std::error_code ignored;
    std::filesystem::remove_all(dir_, ignored);
  }

  static std::string FirstWord(const std::string& path) {
    std::string word;
    std::ifstream(path) >> word;
    return word;
  }

  std::filesystem::path script_;
  std::string dir_;
};

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_TEST_NODE_H_
