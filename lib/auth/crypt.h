// The slow check: pairs whose private token was hashed by crypt(3) where they were made. The one door to
// libcrypt.
//
// One crypt takes tens of milliseconds of a core, and whoever knows a public token, which is no secret, can
// ask for one by each request. So few run at once, the waiting room is small, and one pair gets little of it:
// what is beyond is told to come again. A private token that fitted is remembered, as a keyed digest that
// holds for this pair and this stored hash alone, and whoever presents it again neither computes nor waits:
// guesses at a pair do not lock out its owner. The row is read for every request all the same: what was
// revoked or changed there holds at once.
#ifndef CVM_LIB_AUTH_CRYPT_H_
#define CVM_LIB_AUTH_CRYPT_H_

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "lib/auth/auth.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"

namespace cvm::auth {

// What is stored of a private token by kSha256Crypt: "$5$rounds=N$SALT$HASH". `salt` counts as crypt takes
// it: at most 16 characters, up to the first "$". Nothing where `hash` or `salt` has characters that
// crypt(3) refuses.
std::optional<std::string> CryptText(unsigned rounds, std::string_view salt, std::string_view hash);

// Computes it: tens of milliseconds. False also where `stored` is not of that form.
bool CryptFits(const std::string& stored, std::string_view private_token);

// What fitted, until it is pushed out: the one used longest ago goes first. Safe from any thread.
class CryptMemory {
 public:
  explicit CryptMemory(std::size_t most) : most_(most) {}
  // Whether `digest` is what was last remembered of that token, compared in constant time.
  bool Holds(std::uint64_t token_id, std::string_view digest);
  void Remember(std::uint64_t token_id, std::string digest);

 private:
  struct Entry {
    std::uint64_t token_id;
    std::string digest;
  };
  const std::size_t most_;
  std::mutex mutex_;
  std::list<Entry> entries_;  // the one used last at the front
  std::unordered_map<std::uint64_t, std::list<Entry>::iterator> places_;
};

// Used by all threads.
class CryptCheck {
 public:
  using Compute = bool (*)(const std::string& stored, std::string_view private_token);
  struct Settings {
    std::size_t at_once = 0;    // crypts that run; 0: half of the cores, one at least
    std::size_t requests = 32;  // that hold a thread: computed, or waiting for it
    std::chrono::milliseconds wait{2000};
    std::size_t remembered = 16384;  // pairs
    Compute compute = CryptFits;
  };

  CryptCheck() : CryptCheck(Settings()) {}
  explicit CryptCheck(Settings settings);

  struct Figures {
    std::size_t running = 0;
    std::size_t waiting = 0;    // requests; those that compute are not among them
    std::uint64_t checked = 0;  // crypts computed
    std::uint64_t refused = 0;  // requests that were told kOverloaded
  };
  Figures Read() const;

  // Whether `private_token` is the one of `token`. kOverloaded: it could not be computed in time.
  base::Result<bool> Fits(const Token& token, std::string_view private_token, base::Deadline deadline);

 private:
  // A check that somebody asked for; whoever presents the same meanwhile shares it.
  struct Flight {
    std::uint64_t token_id = 0;
    bool begun = false;
    bool over = false;
    bool fits = false;
    std::size_t waiters = 0;
  };
  using Lock = std::unique_lock<std::mutex>;

  std::string DigestOf(const Token& token, std::string_view private_token) const;
  std::shared_ptr<Flight> Join(const Token& token, const std::string& digest);
  bool MayBegin(const Flight& flight) const;
  void Run(Flight& flight, const Token& token, std::string_view private_token, const std::string& digest,
           Lock& lock);
  void Leave(const std::shared_ptr<Flight>& flight, const std::string& digest);
  base::Error Refuse();

  const Settings settings_;
  const base::Secret key_;
  CryptMemory memory_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Flight>> flights_;  // by digest
  std::list<std::shared_ptr<Flight>> line_;                 // not begun, whoever came first at the front
  std::size_t running_ = 0;
  std::size_t waiting_ = 0;
  std::uint64_t checked_ = 0;
  std::uint64_t refused_ = 0;
};

}  // namespace cvm::auth

#endif  // CVM_LIB_AUTH_CRYPT_H_
