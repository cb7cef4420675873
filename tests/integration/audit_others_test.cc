// What an action can see of others on its VPS.
#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "lib/audit/audit.h"
#include "lib/db/migrate.h"
#include "lib/db/migrations.h"
#include "tests/support/test_database.h"

using cvm::audit::Outcome;
using namespace cvm::test;  // NOLINT: tests

namespace {

struct Recorded {
  Recorded() { BOOST_REQUIRE(cvm::db::Migrate(pool, cvm::db::EmbeddedMigrations(), Patience()).ok()); }

  std::uint64_t Begin(const std::string& action, std::uint64_t vps_id = 1) {
    cvm::audit::Intent intent;
    intent.vps_id = vps_id;
    intent.action = action;
    const auto id =
        pool.Run(Patience(), [&](cvm::db::Session& session) { return cvm::audit::Begin(session, intent); });
    BOOST_REQUIRE_MESSAGE(id.ok(), Why(id));
    return *id;
  }
  void End(std::uint64_t id, Outcome outcome) {
    BOOST_TEST(
        pool.Run(Patience(), [&](cvm::db::Session& session) { cvm::audit::End(session, id, outcome); }).ok());
  }
  // As if a record, ended or not, were so much older.
  void Age(std::uint64_t id, unsigned seconds) {
    const std::string span = " - INTERVAL " + std::to_string(seconds) + " SECOND";
    RunSql(pool, "UPDATE action_log SET begun_at = begun_at" + span + ", ended_at = ended_at" + span +
                     " WHERE id = " + std::to_string(id));
  }
  bool Sees(std::uint64_t id, std::uint64_t unsettled, std::uint64_t ended) {
    const auto others = pool.Run(
        Patience(), [&](cvm::db::Session& session) { return cvm::audit::ReadOthers(session, 1, id); });
    BOOST_REQUIRE_MESSAGE(others.ok(), Why(others));
    BOOST_TEST_MESSAGE(others->unsettled << " unsettled, " << others->ended << " ended");
    return others->unsettled == unsettled && others->ended == ended;
  }

  TestDatabase database;
  cvm::db::Pool pool{database.Root()};
};

}  // namespace

BOOST_AUTO_TEST_SUITE(audit_others)

BOOST_FIXTURE_TEST_CASE(NeitherItselfNorAnotherServersRecordsNorWhatTouchesNoContainerIsAnOther, Recorded) {
  const std::uint64_t own = Begin("stop");
  Begin("start", 2);
  Begin("unsuspend");
  BOOST_TEST(Sees(own, 0, 0));
}

BOOST_FIXTURE_TEST_CASE(AnotherIsSeenWhileItIsOpenAndWhenItHasEnded, Recorded) {
  for (const char* action : {"start", "stop", "restart", "suspend", "terminate", "stop-retry"}) {
    const std::uint64_t other = Begin(action);
    const std::uint64_t own = Begin("stop");
    BOOST_TEST(Sees(own, 1, 0));
    End(other, Outcome::kDone);
    BOOST_TEST(Sees(own, 0, 1));
    Age(own, 3600);
    Age(other, 3600);
  }
}

// It waits for this one's end, and what it does comes after: each would wait for the other.
BOOST_FIXTURE_TEST_CASE(ASuspensionThatBeganLaterIsNotSeen, Recorded) {
  const std::uint64_t own = Begin("start");
  for (const char* action : {"suspend", "terminate"}) {
    const std::uint64_t later = Begin(action);
    BOOST_TEST(Sees(own, 0, 0));
    End(later, Outcome::kDone);
    BOOST_TEST(Sees(own, 0, 0));
  }
  Begin("stop-retry");
  BOOST_TEST(Sees(own, 1, 0));
}

// Where the connections of both broke each would wait for the other, and neither be told what came of it.
BOOST_FIXTURE_TEST_CASE(OfTwoOfOneKindTheYoungerSeesTheOlderAlone, Recorded) {
  for (const char* action : {"start", "stop", "restart"}) {
    const std::uint64_t older = Begin(action);
    const std::uint64_t younger = Begin(action);
    BOOST_TEST(Sees(older, 0, 0));
    BOOST_TEST(Sees(younger, 1, 0));
    End(younger, Outcome::kUnknown);
    BOOST_TEST(Sees(older, 0, 0));
    Age(older, 3600);
    Age(younger, 3600);
  }
}

BOOST_FIXTURE_TEST_CASE(OfTwoOfDifferentKindsEachSeesTheOther, Recorded) {
  const std::uint64_t older = Begin("start");
  const std::uint64_t younger = Begin("stop");
  BOOST_TEST(Sees(older, 1, 0));
  BOOST_TEST(Sees(younger, 1, 0));
}

BOOST_FIXTURE_TEST_CASE(WhatEndedBeforeItBeganIsNotSeen, Recorded) {
  const std::uint64_t other = Begin("start");
  End(other, Outcome::kFailed);
  Age(other, 1);
  BOOST_TEST(Sees(Begin("stop"), 0, 0));
}

BOOST_FIXTURE_TEST_CASE(OneOfUnknownEndIsAtWorkForTenMinutes, Recorded) {
  const std::uint64_t open = Begin("start");
  const std::uint64_t unknown = Begin("start");
  End(unknown, Outcome::kUnknown);
  Age(open, 590);
  Age(unknown, 590);
  const std::uint64_t own = Begin("stop");
  BOOST_TEST(Sees(own, 2, 0));
  Age(open, 11);
  Age(unknown, 11);
  BOOST_TEST(Sees(own, 0, 0));
}

BOOST_AUTO_TEST_SUITE_END()
