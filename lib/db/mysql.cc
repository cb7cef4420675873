#include "lib/db/mysql.h"

#include <cppconn/connection.h>
#include <cppconn/exception.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/statement.h>
#include <mysql_driver.h>

#include <algorithm>
#include <map>
#include <utility>

#include "lib/db/classify.h"

namespace cvm::db {

namespace {

using Kind = Failure::Kind;

class MysqlRow : public Row {
 public:
  explicit MysqlRow(sql::ResultSet& result) : result_(result) {}

  std::uint64_t U64(unsigned column) const override {
    RequireValue(column);
    return result_.getUInt64(column + 1);
  }
  std::string Text(unsigned column) const override {
    RequireValue(column);
    return result_.getString(column + 1).asStdString();
  }
  bool IsNull(unsigned column) const override { return result_.isNull(column + 1); }

 private:
  void RequireValue(unsigned column) const {
    if (IsNull(column)) throw sql::SQLException("column " + std::to_string(column) + " is NULL");
  }
  sql::ResultSet& result_;
};

class MysqlConnection : public Connection {
 public:
  MysqlConnection(std::string server, std::unique_ptr<sql::Connection> connection)
      : server_(std::move(server)), connection_(std::move(connection)) {}

  void Query(Sql sql, const std::vector<Param>& params, const std::function<void(const Row&)>& row) override {
    std::unique_ptr<sql::ResultSet> result;
    Ask(Effect::kNone, [&] { result.reset(Bound(sql, params).executeQuery()); });
    const MysqlRow current(*result);
    Guarded(Effect::kNone, [&] {
      while (result->next()) row(current);
    });
  }

  std::uint64_t Execute(Sql sql, const std::vector<Param>& params) override {
    ProveAlive();
    int changed = 0;
    Ask(Effect::kChange, [&] { changed = Bound(sql, params).executeUpdate(); });
    return static_cast<std::uint64_t>(changed);
  }

  std::uint64_t LastInsertId() override {
    std::uint64_t id = 0;
    Query("SELECT LAST_INSERT_ID()", {}, [&id](const Row& row) { id = row.U64(0); });
    return id;
  }

  void RunScriptStatement(const std::string& text) override {
    ProveAlive();
    RunText(Effect::kChange, text);
  }

  void Begin() override {
    TransactionEdge();
    RunText(Effect::kNone, "START TRANSACTION");
  }
  void Commit() override { RunText(Effect::kChange, "COMMIT"); }
  void Rollback() override {
    TransactionEdge();
    RunText(Effect::kNone, "ROLLBACK");
  }

 private:
  // Runs what may throw the driver's exceptions; they leave as Failure.
  template <class Work>
  void Guarded(Effect effect, Work work) {
    try {
      work();
    } catch (const sql::SQLException& e) {
      const Kind kind = KindOf(e.getErrorCode());
      Failed(kind, effect);
      throw Failure(kind, e.getErrorCode(), "database " + server_ + ": " + e.what());
    }
  }

  template <class Work>
  void Ask(Effect effect, Work work) {
    if (doomed())
      throw Failure(Kind::kDeadlock, 0, "database " + server_ + ": a deadlock ended the transaction");
    Sending(effect);
    Guarded(effect, work);
    Answered();
  }

  void RunText(Effect effect, const std::string& text) {
    Ask(effect, [&] {
      const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
      if (statement->execute(text)) std::unique_ptr<sql::ResultSet>(statement->getResultSet()).reset();
    });
  }

  // Before a change is sent on a connection that had been idle: if it is dead, that shows at a statement
  // that can be repeated.
  void ProveAlive() {
    if (unproven()) RunText(Effect::kNone, "DO 0");
  }

  sql::PreparedStatement& Bound(Sql sql, const std::vector<Param>& params) {
    sql::PreparedStatement& statement = Prepared(sql.text());
    for (unsigned i = 0; i < params.size(); ++i) Bind(statement, i + 1, params[i]);
    return statement;
  }

  sql::PreparedStatement& Prepared(std::string_view text) {
    auto found = statements_.find(text);
    if (found == statements_.end()) {
      std::string key(text);
      std::unique_ptr<sql::PreparedStatement> made(connection_->prepareStatement(key));
      found = statements_.emplace(std::move(key), std::move(made)).first;
    }
    return *found->second;
  }

  static void Bind(sql::PreparedStatement& statement, unsigned index, const Param& param) {
    if (const auto* number = std::get_if<std::uint64_t>(&param)) {
      statement.setUInt64(index, *number);
    } else if (const auto* text = std::get_if<std::string_view>(&param)) {
      statement.setString(index, sql::SQLString(text->data(), text->size()));
    } else {
      statement.setNull(index, 0);
    }
  }

  const std::string server_;
  const std::unique_ptr<sql::Connection> connection_;
  // After the connection, so that they are closed before it.
  std::map<std::string, std::unique_ptr<sql::PreparedStatement>, std::less<>> statements_;
};

// The driver's URL for a socket's path, a host, or a host with its port.
std::string Url(const std::string& server) {
  return (server.rfind('/', 0) == 0 ? "unix://" : "tcp://") + server;
}

int Seconds(std::chrono::milliseconds span) {
  return static_cast<int>(std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(span).count()));
}

sql::ConnectOptionsMap Options(const Settings& settings, const std::string& server,
                               std::chrono::milliseconds connect_time) {
  sql::ConnectOptionsMap options;
  options["hostName"] = sql::SQLString(Url(server));
  options["userName"] = sql::SQLString(settings.user);
  options["password"] = sql::SQLString(settings.password.Reveal());
  options["schema"] = sql::SQLString(settings.name);
  options["OPT_CONNECT_TIMEOUT"] = Seconds(connect_time);
  options["OPT_READ_TIMEOUT"] = Seconds(settings.query_timeout);
  options["OPT_WRITE_TIMEOUT"] = Seconds(settings.query_timeout);
  options["OPT_CHARSET_NAME"] = sql::SQLString("utf8mb4");
  if (!settings.tls_ca.empty()) {
    options["sslVerify"] = true;  // without it the driver falls back to plain text
    options["sslCA"] = sql::SQLString(settings.tls_ca);
  }
  return options;
}

// Seconds. Whoever allows a statement hours (a migration) still learns soon that a lock is held.
constexpr std::int64_t kLongestLockWait = 30;

// What every connection relies on, whatever the server's configuration says. Times are UTC, wrong data is an
// error, and a wait for a lock ends before the query timeout does.
//
// READ COMMITTED: a statement sees what was committed before it began, so that what is read after a lock was
// waited for is true, and no gaps are locked, so that there are fewer deadlocks. Work that builds on a row
// which it has read says FOR UPDATE. (A server that logs by STATEMENT refuses writes at this level: MIXED and
// ROW, the defaults of MariaDB and MySQL, are fine.)
void SetUp(sql::Connection& connection, std::chrono::seconds query_timeout) {
  const auto lock_wait =
      std::to_string(std::clamp<std::int64_t>(query_timeout.count() / 2, 1, kLongestLockWait));
  const std::unique_ptr<sql::Statement> statement(connection.createStatement());
  statement->execute(
      "SET NAMES utf8mb4 COLLATE utf8mb4_bin, time_zone = '+00:00', autocommit = 1, "
      "sql_mode = 'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION', "
      "innodb_lock_wait_timeout = " +
      lock_wait + ", lock_wait_timeout = " + lock_wait);
  statement->execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED");
}

Attempt Refused(const std::string& server, int vendor_code, const char* what) {
  Attempt attempt;
  attempt.error = "database " + server + ": " + what;
  const std::string advice = ConnectAdvice(vendor_code);
  if (!advice.empty()) attempt.error += ": " + advice;
  attempt.server_full = ServerIsFull(vendor_code);
  return attempt;
}

Attempt ConnectTo(const Settings& settings, const std::string& server, std::chrono::milliseconds time) {
  try {
    auto options = Options(settings, server, time);
    std::unique_ptr<sql::Connection> connection(sql::mysql::get_driver_instance()->connect(options));
    SetUp(*connection, settings.query_timeout);
    Attempt attempt;
    attempt.connection = std::make_unique<MysqlConnection>(server, std::move(connection));
    return attempt;
  } catch (const sql::SQLException& e) {
    return Refused(server, e.getErrorCode(), e.what());
  } catch (const std::exception& e) {
    return Refused(server, 0, e.what());
  }
}

}  // namespace

void PrepareDriver() {
  sql::mysql::get_driver_instance();
}

Attempt ConnectToFirst(const Settings& settings, base::Deadline deadline) {
  Attempt all;
  for (const std::string& server : settings.servers) {
    const auto left = deadline.Remaining();
    all.cut_short = all.cut_short || left < settings.connect_timeout;
    if (left.count() == 0) break;
    Attempt one =
        ConnectTo(settings, server, std::min<std::chrono::milliseconds>(left, settings.connect_timeout));
    if (one.connection != nullptr) return one;
    all.error += (all.error.empty() ? "" : "; ") + one.error;
    all.server_full = all.server_full || one.server_full;
  }
  if (all.error.empty()) all.error = "database: no time left to connect";
  return all;
}

}  // namespace cvm::db
