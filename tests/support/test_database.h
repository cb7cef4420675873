// A database of a test's own on the server that the environment names (CVM_TEST_DB_SOCKET), dropped
// afterwards.
#ifndef CVM_TESTS_SUPPORT_TEST_DATABASE_H_
#define CVM_TESTS_SUPPORT_TEST_DATABASE_H_

#include <chrono>
#include <string>
#include <vector>

#include "lib/base/deadline.h"
#include "lib/db/db.h"

namespace cvm::test {

// Longer than anything that a test waits for: it passes only where something hangs.
inline base::Deadline Patience() {
  return base::Deadline::In(std::chrono::seconds(60));
}

// Why there is no value; "" where there is one.
template <class T>
std::string Why(const base::Result<T>& result) {
  return result.ok() ? "" : result.error().message;
}

// Settings for root at a server's socket.
db::Settings RootAt(const std::string& socket, const std::string& database);

// Runs a statement, as DDL is run; throws std::runtime_error where it fails.
void RunSql(db::Pool& pool, const std::string& statement);
// The first column of the rows, in order; throws as well.
std::vector<std::string> Column(db::Pool& pool, db::Sql sql, const std::vector<db::Param>& params = {});
// The one value of a result of one row.
std::uint64_t Number(db::Pool& pool, db::Sql sql, const std::vector<db::Param>& params = {});

class TestDatabase {
 public:
  TestDatabase();
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;
  ~TestDatabase();

  const std::string& name() const { return name_; }
  const std::string& socket() const { return socket_; }
  db::Settings Root() const { return RootAt(socket_, name_); }
  // As another account of this server.
  db::Settings As(const std::string& user, const std::string& password) const;

 private:
  const std::string socket_;
  const std::string name_;
  db::Pool server_;
};

}  // namespace cvm::test

#endif  // CVM_TESTS_SUPPORT_TEST_DATABASE_H_
