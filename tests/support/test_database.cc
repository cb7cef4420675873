#include "tests/support/test_database.h"

#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <stdexcept>

#include "tests/support/program.h"

namespace cvm::test {
namespace {

std::string FreshName() {
  static std::atomic<unsigned> count{0};
  return "cvm_test_" + std::to_string(getpid()) + "_" + std::to_string(++count);
}

template <class T>
T Must(base::Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

}  // namespace

db::Settings RootAt(const std::string& socket, const std::string& database) {
  db::Settings settings;
  settings.servers = {socket};
  settings.name = database;
  settings.user = "root";
  return settings;
}

void RunSql(db::Pool& pool, const std::string& statement) {
  Must(pool.Run(Patience(), [&](db::Session& session) { session.RunScriptStatement(statement); }));
}

std::vector<std::string> Column(db::Pool& pool, db::Sql sql, const std::vector<db::Param>& params) {
  return Must(pool.Run(Patience(), [&](db::Session& session) {
    std::vector<std::string> texts;
    session.Query(sql, params, [&](const db::Row& row) { texts.push_back(row.Text(0)); });
    return texts;
  }));
}

std::uint64_t Number(db::Pool& pool, db::Sql sql, const std::vector<db::Param>& params) {
  return Must(pool.Run(Patience(), [&](db::Session& session) {
    std::vector<std::uint64_t> numbers;
    session.Query(sql, params, [&](const db::Row& row) { numbers.push_back(row.U64(0)); });
    return numbers.at(0);
  }));
}

TestDatabase::TestDatabase()
    : socket_(RequireEnv("CVM_TEST_DB_SOCKET")), name_(FreshName()), server_(RootAt(socket_, "mysql")) {
  RunSql(server_, "DROP DATABASE IF EXISTS " + name_);
  RunSql(server_, "CREATE DATABASE " + name_ + " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
}

TestDatabase::~TestDatabase() {
  const auto dropped = server_.Run(
      Patience(), [&](db::Session& session) { session.RunScriptStatement("DROP DATABASE " + name_); });
  if (!dropped.ok()) std::fprintf(stderr, "%s is left: %s\n", name_.c_str(), dropped.error().message.c_str());
}

db::Settings TestDatabase::As(const std::string& user, const std::string& password) const {
  db::Settings settings = Root();
  settings.user = user;
  settings.password = base::Secret(password);
  return settings;
}

}  // namespace cvm::test
