// A relay in front of a database server that holds one command of its clients: so that a client can be killed
// at each of them in turn.
#ifndef CVM_TESTS_SUPPORT_DATABASE_RELAY_H_
#define CVM_TESTS_SUPPORT_DATABASE_RELAY_H_

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace cvm::test {

class DatabaseRelay {
 public:
  enum class Hold {
    kCommand,  // it never reaches the server
    kAnswer,   // it was carried out, and the client is not told
  };

  // Listens at `path`, a unix socket, for clients of `server`, another. The command of that number, counted
  // over all clients from 1, is held until its client has gone; a prepared statement is one when it is
  // prepared, and another at each execution.
  DatabaseRelay(std::string server, const std::string& path, unsigned command, Hold hold);
  DatabaseRelay(const DatabaseRelay&) = delete;
  DatabaseRelay& operator=(const DatabaseRelay&) = delete;
  // Waits until its clients have gone.
  ~DatabaseRelay();

  bool held() const { return held_; }

 private:
  void Accept();
  void Serve(int client);
  bool PassCommands(int client, int server, std::string& unsent);
  static void AwaitEnd(int client);

  const std::string server_, path_;
  const unsigned command_;
  const Hold hold_;
  std::atomic<unsigned> commands_{0};
  std::atomic<bool> held_{false};
  int listener_ = -1;
  std::vector<std::thread> clients_;  // the accepting thread's, until that has ended
  std::thread accepting_;
};

}  // namespace cvm::test

#endif  // CVM_TESTS_SUPPORT_DATABASE_RELAY_H_
