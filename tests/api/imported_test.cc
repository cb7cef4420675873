// Pairs that came from a CVM panel, used through nginx.
#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "lib/db/db.h"
#include "tests/support/await.h"
#include "tests/support/program.h"
#include "tests/support/test_database.h"
#include "tests/support/text.h"
#include "tests/support/world.h"

using namespace cvm::test;  // NOLINT: tests

namespace {

// crypt("tokentokentoken", "$5$rounds=50000$abcdefghijklmnopqrst$"), of which the panel keeps the last part.
constexpr char kPrivate[] = "tokentokentoken";
constexpr char kHash[] = "ykYgnkUqCokbmik/HKRCI/U7jFnoG6olEwmj5kpjJHA";

// What docs/operations.md gives cvmctl's account, for a panel's database of that name.
std::vector<std::string> GrantsOfTheHandbook(const std::string& database) {
  const auto root = std::filesystem::absolute(__FILE__).parent_path().parent_path().parent_path();
  std::ostringstream text;
  text << std::ifstream(root / "docs" / "operations.md").rdbuf();
  const std::string docs = text.str(), mark = "```sql import-grants\n";
  const std::size_t begin = docs.find(mark);
  BOOST_REQUIRE(begin != std::string::npos);
  std::istringstream block(
      docs.substr(begin + mark.size(), docs.find("```", begin + 3) - begin - mark.size()));
  std::vector<std::string> grants;
  for (std::string grant; std::getline(block, grant, ';');) {
    const std::size_t at = grant.find(" cvm.");
    if (at != std::string::npos) grants.push_back(grant.replace(at, 5, " " + database + "."));
  }
  BOOST_REQUIRE(grants.size() == 6u);
  return grants;
}

// A panel with users 3 and 4 and a pair each, imported once for all cases of this suite.
class Panel {
 public:
  Panel() {
    for (const char* statement :
         {"CREATE TABLE users (Id INT PRIMARY KEY, Username VARCHAR(99), EmailAddress VARCHAR(99))",
          "CREATE TABLE api_keys (Id INT PRIMARY KEY, KeyType INT, UserId INT, PublicToken VARCHAR(32), "
          "PrivateToken VARCHAR(43), Salt VARCHAR(10))",
          "CREATE TABLE nodes (Id INT PRIMARY KEY, Name VARCHAR(99), Hostname VARCHAR(99), Port INT, "
          "User VARCHAR(99), HasCustomKey INT, CustomPrivateKey VARCHAR(99), PhysicalLocation VARCHAR(99))",
          "CREATE TABLE templates (Id INT PRIMARY KEY, Name VARCHAR(99), Description TEXT, "
          "TemplateName VARCHAR(99))",
          "CREATE TABLE containers (Id INT PRIMARY KEY, VirtualizationType INT, InternalId VARCHAR(99), "
          "NodeId INT, Hostname VARCHAR(99), DiskSpace INT, GuaranteedRam INT, BurstableRam INT, TemplateId "
          "INT, "
          "CpuCount INT, RootPassword VARCHAR(99), Status INT, IncomingTrafficUsed BIGINT, "
          "OutgoingTrafficUsed BIGINT, "
          "OutgoingTrafficLimit BIGINT, IncomingTrafficLimit BIGINT, TotalTrafficLimit BIGINT, UserId INT, "
          "`Terminated` INT)",
          "CREATE TABLE settings (Id INT PRIMARY KEY, `Key` VARCHAR(99), Value TEXT)",
          "INSERT INTO settings VALUES (1, 'salt', 'klmnopqrst')",
          "INSERT INTO users VALUES (900003, 'imported-jane', NULL), (900004, 'imported-bob', NULL)",
          "INSERT INTO nodes VALUES (900001, 'imported-node', '127.0.0.1', 1, 'root', 0, NULL, 'Berlin')",
          "INSERT INTO containers VALUES (900021, 1, '4321', 900001, 'h.example', 1, 128, 0, 0, 1, 'secret', "
          "4, 70, "
          "30, 0, 0, "
          "5000, 900003, 0)"}) {
      RunSql(pool_, statement);
    }
    for (const char* row : {"900011, 1, 900003, 'importedofjane'", "900012, 2, 900004, 'importedofbob'",
                            "900013, 1, 900004, 'importedtarget'"}) {
      RunSql(pool_, "INSERT INTO api_keys VALUES (" + std::string(row) + ", '" + kHash + "', 'abcdefghij')");
    }
    for (const std::string& grant : GrantsOfTheHandbook(database_.name())) RunSql(pool_, grant);
    Sync();
  }
  void Sync() const { TheWorld().Run({"import", "cvm", "--database", database_.name()}); }
  void Sql(const std::string& statement) { RunSql(pool_, statement); }

 private:
  TestDatabase database_;
  cvm::db::Pool pool_{database_.Root()};
};

Panel& ThePanel() {
  static Panel panel;
  return panel;
}

HttpAnswer List(const std::string& public_token, const std::string& private_token = kPrivate) {
  return TheWorld().Ask(Pair{"", public_token, private_token}, "GET", "/api/client/vps/list");
}

}  // namespace

BOOST_AUTO_TEST_SUITE(imported)

BOOST_AUTO_TEST_CASE(TheCustomersOldPairListsItsVpsUnderItsOldId) {
  ThePanel();
  const HttpAnswer answer = List("importedofjane");
  BOOST_TEST(answer.status == 200, answer.body);
  for (const char* part : {"\"id\": \"900021\"", "\"node\": \"900001\"", "\"traffic_limit\": \"5000\"",
                           "\"traffic_used\": \"100\""}) {
    BOOST_TEST((answer.body.find(part) != std::string::npos), part << " in " << answer.body);
  }
  BOOST_TEST(List("importedofbob").status == 200);
}

BOOST_AUTO_TEST_CASE(AnythingElseIsNotAuthorized) {
  ThePanel();
  for (const char* wrong : {"tokentokentokeN", "tokentoken", kHash, "x"}) {
    BOOST_TEST(List("importedofjane", wrong).status == 401, wrong);
  }
  BOOST_TEST(List("importedofjane", std::string(65, 'x')).status == 401);
}

BOOST_AUTO_TEST_CASE(ARevocationHoldsAtOnceThoughThePairIsRemembered) {
  ThePanel().Sql("INSERT INTO api_keys VALUES (900019, 1, 900003, 'importedrevoked', '" + std::string(kHash) +
                 "', 'abcdefghij')");
  ThePanel().Sync();
  BOOST_TEST(List("importedrevoked").status == 200);
  ThePanel().Sql("DELETE FROM api_keys WHERE Id = 900019");
  ThePanel().Sync();
  BOOST_TEST(List("importedrevoked").status == 401);
}

BOOST_AUTO_TEST_CASE(AFloodOfGuessesIsToldThatItIsWrongOrToComeAgainAndLocksNobodyOut) {
  ThePanel();
  BOOST_TEST(List("importedofjane").status == 200);
  BOOST_TEST(List("importedtarget").status == 200);
  const std::size_t log_before = WorkerLog().size();
  const auto begun = std::chrono::steady_clock::now();
  std::atomic<int> wrong{0}, busy{0}, other{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> guessers;
  for (int i = 0; i < 24; ++i) {
    guessers.emplace_back([&, i] {
      for (int n = 0; !over && n < 40; ++n) {
        const HttpAnswer answer =
            List("importedtarget", "guess" + std::to_string(i) + "-" + std::to_string(n));
        const bool told = answer.status == 503 && !answer.Header("retry-after").empty();
        (answer.status == 401 ? wrong : told ? busy : other)++;
      }
    });
  }
  for (int n = 0; n < 20; ++n) {
    BOOST_TEST(List("importedtarget").status == 200);
    BOOST_TEST(List("importedofjane").status == 200);
  }
  over = true;
  for (auto& guesser : guessers) guesser.join();
  BOOST_TEST(wrong > 0);
  BOOST_TEST(busy > 0);
  BOOST_TEST(other == 0);
  // The log is not flooded: one line a second, with those that it left out.
  const auto seconds = SecondsSince(begun);
  const auto told = [&] { return ThrottledLinesIn(WorkerLog().substr(log_before), "warning api.busy"); };
  BOOST_REQUIRE(Eventually([&] { return told().lines > 0; }));
  BOOST_TEST(told().lines <= seconds + 1);
  BOOST_TEST(told().lines + told().left_out <= busy);
}

BOOST_AUTO_TEST_SUITE_END()
