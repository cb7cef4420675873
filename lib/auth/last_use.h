// Notes when and from where token pairs were last used, behind the answers: one thread, and a bounded table
// in which a later use of a pair takes the place of an earlier one. A request never waits for it: no lock is
// held over I/O.
#ifndef CVM_LIB_AUTH_LAST_USE_H_
#define CVM_LIB_AUTH_LAST_USE_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "lib/db/db.h"

namespace cvm::auth {

class LastUse {
 public:
  struct Settings {
    std::size_t tokens = 8192;          // that are kept; of more the uses are dropped, and counted in the log
    std::chrono::seconds interval{60};  // between two writes for the same pair
    std::chrono::milliseconds flush{5000};  // how long the destructor waits for the database
  };

  // `pool` must outlive this. Starts the thread; contacts nobody.
  explicit LastUse(db::Pool& pool) : LastUse(pool, Settings()) {}
  LastUse(db::Pool& pool, Settings settings);
  // Writes what is not written yet; logs how much could not be. No call may be under way.
  ~LastUse();

  struct Figures {
    std::size_t unwritten = 0;  // pairs with a use that is not in the database yet
    std::uint64_t dropped = 0;  // uses for which there was no room
  };
  Figures Read() const;

  // The pair was used now, from that address. Only for pairs that were judged valid; from any thread. While
  // the database is away the last use of each pair is kept.
  void Note(std::uint64_t token_id, std::string_view address);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace cvm::auth

#endif  // CVM_LIB_AUTH_LAST_USE_H_
