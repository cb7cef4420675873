// What a status is measured against: libssh2 in its plain blocking way, one session that is kept. One thread.
#ifndef CVM_TESTS_BENCH_BARE_SESSION_H_
#define CVM_TESTS_BENCH_BARE_SESSION_H_

#include <libssh2.h>

#include <cstdint>
#include <memory>
#include <string>

namespace cvm::bench {

class BareSession {
 public:
  // Logs in as root. Throws std::runtime_error.
  BareSession(std::uint16_t port, const std::string& key_file);
  BareSession(const BareSession&) = delete;
  BareSession& operator=(const BareSession&) = delete;
  ~BareSession();

  // The command's standard output; throws std::runtime_error unless it exits with 0.
  std::string Run(const std::string& line);

 private:
  struct FreeSession {
    void operator()(LIBSSH2_SESSION* session) const { libssh2_session_free(session); }
  };
  int socket_;
  std::unique_ptr<LIBSSH2_SESSION, FreeSession> session_;
};

}  // namespace cvm::bench

#endif  // CVM_TESTS_BENCH_BARE_SESSION_H_
