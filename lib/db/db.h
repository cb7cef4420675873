// The database: a bounded pool of connections, prepared statements kept on each, transactions that run
// again after a deadlock. The one door to MySQL Connector/C++ (over libmariadb).
//
// A Pool is shared by all threads. A Session is one connection, lent to one thread for one lambda and valid
// no longer; it keeps its prepared statements for the life of the connection. Inside the lambda a
// statement that fails throws Failure, which Pool turns into an error value: nothing of it crosses this
// border. The pool connects when it is asked, never before, so that a process starts and recovers without its
// database.
#ifndef CVM_LIB_DB_DB_H_
#define CVM_LIB_DB_DB_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"

namespace cvm::db {

struct Settings {
  // Tried in this order at every connect: "/path/to.sock", "host" or "host:port" ("[v6]:port").
  std::vector<std::string> servers = {"/run/mysqld/mysqld.sock"};
  std::string name = "cvm_api";
  std::string user;
  base::Secret password;
  // A CA file turns TLS on, verified, with the host's name checked; without it connections are in plain text.
  std::string tls_ca;
  std::size_t connections = 0;  // at most; 0: twice the cores
  std::chrono::seconds connect_timeout{3};
  std::chrono::seconds query_timeout{10};  // for each read from and write to the server
};

// A statement's text: a literal, so that no value can become part of it.
class Sql {
 public:
  template <std::size_t N>
  constexpr Sql(const char (&literal)[N]) : text_(literal, N - 1) {}  // NOLINT: implicit on purpose
  constexpr std::string_view text() const { return text_; }

 private:
  std::string_view text_;
};

// A parameter: NULL, an unsigned number or bytes. No temporary outlives the call that it is given to.
using Param = std::variant<std::nullptr_t, std::uint64_t, std::string_view>;

// One row of a result; valid inside the callback that got it. Columns are counted from 0. A NULL read as a
// number or text is a bug of the query and throws; ask the Maybe forms where the column can be NULL.
class Row {
 public:
  virtual ~Row() = default;
  virtual std::uint64_t U64(unsigned column) const = 0;
  virtual std::string Text(unsigned column) const = 0;
  virtual bool IsNull(unsigned column) const = 0;
  std::optional<std::uint64_t> MaybeU64(unsigned column) const;
  std::optional<std::string> MaybeText(unsigned column) const;
};

// A statement or connection that failed, inside a lambda. kConflict: a unique or foreign key refused it.
class Failure : public std::runtime_error {
 public:
  enum class Kind { kConflict, kDeadlock, kLost, kOther };
  Failure(Kind kind, int vendor_code, const std::string& what)
      : std::runtime_error(what), kind_(kind), vendor_code_(vendor_code) {}
  Kind kind() const { return kind_; }
  int vendor_code() const { return vendor_code_; }  // MySQL's error number, e.g. 1062; 0: none

 private:
  Kind kind_;
  int vendor_code_;
};

class Session {
 public:
  virtual ~Session() = default;
  // Calls `row` for each row of the result, in order.
  virtual void Query(Sql sql, const std::vector<Param>& params,
                     const std::function<void(const Row&)>& row) = 0;
  // The number of rows that were changed (matched but equal rows do not count).
  virtual std::uint64_t Execute(Sql sql, const std::vector<Param>& params) = 0;
  // The AUTO_INCREMENT ID that the last INSERT of this session made.
  virtual std::uint64_t LastInsertId() = 0;
  // Runs a statement that cannot be prepared: DDL of a migration. Never with text from outside.
  virtual void RunScriptStatement(const std::string& text) = 0;
};

// The number in the first column of the last row; nothing where there is no row.
std::optional<std::uint64_t> FindId(Session& session, Sql sql, const std::vector<Param>& params);

// What Run and Transact give for a work: Result<T> for one that returns T or Result<T>.
template <class T>
struct Flattened {
  using Type = base::Result<T>;
};
template <class T>
struct Flattened<base::Result<T>> {
  using Type = base::Result<T>;
};
template <class Work>
using Outcome = typename Flattened<std::invoke_result_t<Work&, Session&>>::Type;

// What a pool is doing and has done, for whoever watches it.
struct PoolFigures {
  std::size_t limit = 0;
  std::size_t open = 0;     // lent, idle or being connected
  std::size_t in_use = 0;   // lent or being connected
  std::size_t waiting = 0;  // callers
  bool away = false;        // the last connect failed, and none has succeeded since
  // Since the pool was made.
  std::uint64_t waits = 0;             // callers who found no connection free
  std::uint64_t timeouts = 0;          // of them, those whose deadline passed
  std::uint64_t connects = 0;          // tries,
  std::uint64_t connect_failures = 0;  // and those that failed
  std::uint64_t lost = 0;              // connections that broke while they were lent
};

class Pool {
 public:
  // Contacts nobody. Call the first constructor before other threads start (the driver's instance is made
  // there).
  explicit Pool(Settings settings);
  // No call may be under way.
  ~Pool();

  // A look at its books: waits for no server.
  PoolFigures Figures() const;

  // Runs `work(Session&)` outside any transaction and gives what it returns; work that returns
  // base::Result<T> gives Result<T>, not Result<Result<T>>. A connection that had died while it was idle is
  // replaced and the work begun again, once, if that shows at its first statement: no change is ever sent
  // twice. kUnavailable: no connection to be had by the deadline, or lost; kBroken: lost while a change was
  // under way, so that its outcome is not known; kConflict: a key refused a change; kInternal: any other
  // failed statement. The deadline bounds the wait for a connection; each statement is bounded by the query
  // timeout. Exceptions that are not Failure pass through.
  template <class Work>
  auto Run(base::Deadline deadline, Work work) -> Outcome<Work> {
    std::optional<Outcome<Work>> out;
    const base::Status status = RunBody(deadline, [&](Session& session) { Call(work, session, out); });
    if (!status) return status.error();
    return *std::move(out);
  }

  // The same within a transaction (READ COMMITTED: a row that is built on is read FOR UPDATE) that is
  // committed when `work` returns, rolled back when it throws or returns a Result that holds an error. After
  // a deadlock or a lock wait that timed out, at any statement or at the commit, the whole work runs again, a
  // bounded number of times and not beyond the deadline; then kUnavailable. kBroken: the connection was lost
  // during the commit, so that its outcome is not known.
  template <class Work>
  auto Transact(base::Deadline deadline, Work work) -> Outcome<Work> {
    std::optional<Outcome<Work>> out;
    const base::Status status = TransactBody(deadline, [&](Session& session) {
      Call(work, session, out);
      return out->ok();
    });
    if (!status) return status.error();
    return *std::move(out);
  }

 private:
  class Impl;

  template <class Work>
  static void Call(Work& work, Session& session, std::optional<Outcome<Work>>& out) {
    if constexpr (std::is_void_v<std::invoke_result_t<Work&, Session&>>) {
      work(session);
      out.emplace();
    } else {
      out.emplace(work(session));
    }
  }

  base::Status RunBody(base::Deadline deadline, const std::function<void(Session&)>& body);
  // `body` gives whether to commit.
  base::Status TransactBody(base::Deadline deadline, const std::function<bool(Session&)>& body);

  std::unique_ptr<Impl> impl_;
};

}  // namespace cvm::db

#endif  // CVM_LIB_DB_DB_H_
