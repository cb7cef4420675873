// The running stack as API tests see it: its front door, its operator's command, its database, its node.
// Everything that a test needs of the stack it makes for itself here, under names that nobody else uses.
#ifndef CVM_TESTS_SUPPORT_WORLD_H_
#define CVM_TESTS_SUPPORT_WORLD_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "lib/db/db.h"
#include "lib/json/json.h"
#include "tests/support/http.h"
#include "tests/support/program.h"

namespace cvm::test {

struct Pair {
  std::string user;
  std::string public_token;
  std::string private_token;
  Headers Both() const;
};

class World {
 public:
  // Reads the environment that tests/run sets up.
  World();

  // cvmctl with `--json` and these words. Run() fails the test unless it exits 0 and gives what it printed.
  ProgramResult Try(std::vector<std::string> words) const;
  std::string Run(std::vector<std::string> words) const;
  // The text of a member of the object that Run() printed.
  std::string RunFor(const std::string& member, std::vector<std::string> words) const;

  // A name that no other call gives.
  static std::string Fresh(const std::string& stem);
  // A new user with a pair; `options` go to `token create`.
  Pair NewCustomer(const std::vector<std::string>& options = {}) const;
  // A new container on the test node, "running" or "stopped". Gives its CTID.
  std::string NewContainer(const std::string& state) const;
  // A new VPS of the user; `options` come after the ones given here and default to combined accounting
  // without limit.
  std::string NewVps(const std::string& user, const std::string& ctid, const std::string& node,
                     const std::vector<std::string>& options = {"--traffic-total", "0"}) const;
  std::string NewVps(const std::string& user, const std::string& ctid) const {
    return NewVps(user, ctid, node);
  }

  // A well-formed host key that no host has.
  static const char* SomeHostKey();
  // The name of a node that nobody can reach: the first call adds it.
  const std::string& Nowhere() const;

  // A request with the pair's headers.
  HttpAnswer Ask(const Pair& pair, const std::string& method, const std::string& target) const;
  HttpAnswer Send(const HttpRequest& request) const { return Http(url, request); }
  // The text of `member` in the object `response` of a status.
  std::string StatusMember(const Pair& pair, const std::string& vps, const std::string& member) const;
  std::string Condition(const Pair& pair, const std::string& vps) const {
    return StatusMember(pair, vps, "status");
  }

  // A command inside the test node. Fails the test unless it exits 0; gives what it printed.
  std::string OnNode(const std::vector<std::string>& argv) const;
  void WriteOnNode(const std::string& path, const std::string& text) const;
  // How often the node was sent `vzctl VERB CTID`.
  std::size_t Sent(const std::string& verb, const std::string& ctid) const;

  // One statement as the database's root.
  void Sql(db::Sql statement, const std::vector<db::Param>& params) const;

  const std::string url;
  const std::string node;

 private:
  std::vector<std::string> ctl_;
  std::vector<std::string> node_script_;
  std::string node_directory_;
  mutable db::Pool database_;
};

// The one World of this process.
const World& TheWorld();

// The folder of the running stack, and `tests/stack/stack VERB` for it, which fails the test unless it exits
// 0.
std::string StackDir();
// What the worker has written so far.
std::string WorkerLog();
// Of an event ("warning api.busy") that has at most one line a second.
struct ThrottledLines {
  int lines = 0;
  int left_out = 0;  // as the lines tell
};
ThrottledLines ThrottledLinesIn(const std::string& log, const std::string& event);
long SecondsSince(std::chrono::steady_clock::time_point then);  // whole ones
void Stack(const std::string& verb);

json::Document ParseJson(const std::string& text);

}  // namespace cvm::test

#endif  // CVM_TESTS_SUPPORT_WORLD_H_
