// The ends of records, written behind the answers.
#include "lib/audit/closer.h"

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

using cvm::audit::Closer;
using cvm::audit::Outcome;
using cvm::base::Deadline;
using namespace cvm::test;  // NOLINT: tests

namespace {

std::uint64_t Intend(cvm::db::Pool& pool) {
  cvm::audit::Intent intent;
  intent.actor.kind = cvm::audit::ActorKind::kCustomer;
  intent.vps_id = 1;
  intent.action = "start";
  const auto id = pool.Transact(
      Patience(), [&](cvm::db::Session& session) { return cvm::audit::Begin(session, intent); });
  BOOST_REQUIRE_MESSAGE(id.ok(), Why(id));
  return *id;
}

std::uint64_t Ended(cvm::db::Pool& pool) {
  return Number(pool, "SELECT COUNT(*) FROM action_log WHERE outcome = 'done' AND ended_at >= begun_at");
}

struct Recorded {
  Recorded() { BOOST_REQUIRE(cvm::db::Migrate(pool, cvm::db::EmbeddedMigrations(), Patience()).ok()); }
  TestDatabase database;
  cvm::db::Pool pool{database.Root()};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(audit_closer)

BOOST_FIXTURE_TEST_CASE(AnEndIsWrittenSoon, Recorded) {
  Closer closer(pool);
  closer.End(Intend(pool), Outcome::kDone);
  BOOST_TEST(Eventually([&] { return Ended(pool) == 1; }));
}

BOOST_FIXTURE_TEST_CASE(TheFirstEndOfARecordStays, Recorded) {
  const std::uint64_t id = Intend(pool);
  {
    Closer closer(pool);
    closer.End(id, Outcome::kDone);
    closer.End(id, Outcome::kFailed);
  }
  BOOST_TEST(Ended(pool) == 1U);
}

BOOST_FIXTURE_TEST_CASE(WhatIsQueuedIsWrittenBeforeTheEnd, Recorded) {
  std::vector<std::uint64_t> ids;
  for (int i = 0; i < 300; ++i) ids.push_back(Intend(pool));
  {
    Closer closer(pool);
    for (const std::uint64_t id : ids) closer.End(id, Outcome::kDone);
  }
  BOOST_TEST(Ended(pool) == 300U);
}

BOOST_FIXTURE_TEST_CASE(WhereTheQueueIsFullTheCallerWrites, Recorded) {
  Closer::Settings settings;
  settings.queue = 0;
  Closer closer(pool, settings);
  closer.End(Intend(pool), Outcome::kDone);
  BOOST_TEST(Ended(pool) == 1U);
}

BOOST_AUTO_TEST_CASE(AnEndIsTriedAgainUntilTheDatabaseIsBack) {
  DatabaseServer server;
  cvm::db::Pool root(RootAt(server.socket(), ""));
  RunSql(root, "CREATE DATABASE records");
  cvm::db::Pool pool(RootAt(server.socket(), "records"));
  BOOST_REQUIRE(cvm::db::Migrate(pool, cvm::db::EmbeddedMigrations(), Patience()).ok());
  const std::uint64_t first = Intend(pool);
  const std::uint64_t second = Intend(pool);
  Closer closer(pool);
  Closer::Settings hasty;
  hasty.patience = std::chrono::seconds(0);
  server.Stop();
  {
    Closer gives_up(pool, hasty);
    gives_up.End(second, Outcome::kFailed);
  }
  closer.End(first, Outcome::kDone);
  server.Start();
  BOOST_TEST(Eventually([&] { return Ended(pool) == 1; }));
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM action_log WHERE ended_at IS NULL") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
