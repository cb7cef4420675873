// When and from where pairs were last used, written behind the answers.
#include "lib/auth/last_use.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "lib/db/migrate.h"
#include "lib/db/migrations.h"
#include "tests/support/await.h"
#include "tests/support/database_server.h"
#include "tests/support/test_database.h"

using cvm::auth::LastUse;
using cvm::base::Deadline;
using cvm::db::Pool;
using namespace cvm::test;  // NOLINT: tests

namespace {

void Fill(Pool& pool, const std::string& tokens) {
  BOOST_REQUIRE(cvm::db::Migrate(pool, cvm::db::EmbeddedMigrations(), Patience()).ok());
  RunSql(pool, "INSERT INTO users (id, name) VALUES (1, 'jane')");
  RunSql(
      pool,
      "INSERT INTO api_tokens (id, user_id, public_token, private_hash) SELECT seq, 1, CONCAT('t', seq), 'h' "
      "FROM seq_1_to_" +
          tokens);
}

std::vector<std::string> Uses(Pool& pool) {
  return Column(
      pool,
      "SELECT CONCAT(token_id, ' ', last_used_from) FROM api_token_usage WHERE last_used_at BETWEEN "
      "UTC_TIMESTAMP(3) - INTERVAL 5 MINUTE AND UTC_TIMESTAMP(3) ORDER BY token_id");
}

using Lines = std::vector<std::string>;

struct Filled {
  Filled() { Fill(pool, "300"); }
  TestDatabase database;
  Pool pool{database.Root()};
};

LastUse::Settings Every(std::chrono::seconds interval) {
  LastUse::Settings settings;
  settings.interval = interval;
  return settings;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(auth_last_use)

BOOST_FIXTURE_TEST_CASE(AFirstUseIsWrittenSoonAndTheNextNotBeforeTheIntervalIsOver, Filled) {
  {
    LastUse last_use(pool, Every(std::chrono::hours(1)));
    last_use.Note(1, "192.0.2.1");
    BOOST_TEST(Eventually([&] { return Uses(pool).size() == 1; }));
    last_use.Note(1, "192.0.2.2");
    last_use.Note(1, "2001:db8::3");
    last_use.Note(2, "192.0.2.9");  // written after the others were seen
    BOOST_TEST(Eventually([&] { return Uses(pool).size() == 2; }));
    BOOST_TEST(Uses(pool) == (Lines{"1 192.0.2.1", "2 192.0.2.9"}), boost::test_tools::per_element());
  }
  BOOST_TEST(Uses(pool) == (Lines{"1 2001:db8::3", "2 192.0.2.9"}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(UsesOfMorePairsThanAreKeptAreCounted, Filled) {
  auto settings = Every(std::chrono::hours(1));
  settings.tokens = 2;
  LastUse last_use(pool, settings);
  for (const std::uint64_t token : {1u, 2u, 3u, 3u, 4u}) last_use.Note(token, "192.0.2.1");
  BOOST_TEST(Eventually([&] { return Uses(pool).size() == 2; }));
  BOOST_TEST(last_use.Read().dropped == 3u);
  BOOST_TEST(last_use.Read().unwritten == 0u);
  last_use.Note(2, "192.0.2.2");
  BOOST_TEST(last_use.Read().unwritten == 1u);
  BOOST_TEST(last_use.Read().dropped == 3u);
}

BOOST_FIXTURE_TEST_CASE(ALaterUseIsWrittenOnceTheIntervalIsOver, Filled) {
  LastUse last_use(pool, Every(std::chrono::seconds(0)));
  last_use.Note(1, "192.0.2.1");
  BOOST_TEST(Eventually([&] { return Uses(pool) == Lines{"1 192.0.2.1"}; }));
  last_use.Note(1, "192.0.2.2");
  BOOST_TEST(Eventually([&] { return Uses(pool) == Lines{"1 192.0.2.2"}; }));
}

BOOST_FIXTURE_TEST_CASE(AnEarlierUseOfAnotherProcessTakesNothingBack, Filled) {
  RunSql(pool, "INSERT INTO api_token_usage VALUES (1, '2099-01-01', '10.0.0.1')");
  { LastUse(pool).Note(1, "192.0.2.1"); }
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM api_token_usage WHERE last_used_from = '10.0.0.1'") == 1U);
}

BOOST_FIXTURE_TEST_CASE(APairThatWasRemovedMeanwhileHarmsNoOther, Filled) {
  {
    LastUse last_use(pool, Every(std::chrono::hours(1)));
    for (const std::uint64_t id : {1U, 999U, 2U}) last_use.Note(id, "192.0.2.1");
  }
  BOOST_TEST(Uses(pool) == (Lines{"1 192.0.2.1", "2 192.0.2.1"}), boost::test_tools::per_element());
}

BOOST_FIXTURE_TEST_CASE(AllThatIsKeptIsWrittenBeforeTheEndAndNoMoreThanThat, Filled) {
  LastUse::Settings settings;
  settings.tokens = 200;
  settings.interval = std::chrono::hours(1);
  {
    LastUse last_use(pool, settings);
    for (std::uint64_t id = 1; id <= 300; ++id) last_use.Note(id, "192.0.2.1");
  }
  BOOST_TEST(Uses(pool).size() == 200U);
}

BOOST_AUTO_TEST_CASE(WhileTheDatabaseIsAwayTheLastUseIsKeptAndNobodyWaits) {
  DatabaseServer server;
  Pool root(RootAt(server.socket(), ""));
  RunSql(root, "CREATE DATABASE uses");
  Pool pool(RootAt(server.socket(), "uses"));
  Fill(pool, "300");
  LastUse last_use(pool, Every(std::chrono::seconds(0)));
  server.Stop();
  for (int i = 0; i < 100000; ++i) last_use.Note(1 + static_cast<std::uint64_t>(i % 3), "192.0.2.1");
  last_use.Note(2, "192.0.2.2");
  server.Start();
  BOOST_TEST(Eventually([&] { return Uses(pool) == Lines{"1 192.0.2.1", "2 192.0.2.2", "3 192.0.2.1"}; }));
}

BOOST_AUTO_TEST_SUITE_END()
