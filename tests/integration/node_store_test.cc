// The rows of nodes and their pins, in a real database.
#include "lib/node/store.h"

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "lib/base/crypto.h"
#include "lib/db/migrate.h"
#include "lib/db/migrations.h"
#include "tests/support/program.h"

using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::node::Node;
using cvm::ssh::HostKey;

namespace {

Deadline Patience() {
  return Deadline::In(std::chrono::seconds(60));
}

cvm::db::Settings Server(const std::string& database) {
  cvm::db::Settings settings;
  settings.servers = {cvm::test::RequireEnv("CVM_TEST_DB_SOCKET")};
  settings.name = database;
  settings.user = "root";
  return settings;
}

void RunOn(cvm::db::Pool& pool, const std::string& statement) {
  const auto done =
      pool.Run(Patience(), [&](cvm::db::Session& session) { session.RunScriptStatement(statement); });
  if (!done.ok()) throw std::runtime_error(done.error().message);
}

// A database of its own for each test, with our tables.
struct Stored {
  Stored() {
    RunOn(server, "CREATE DATABASE " + name);
    pool = std::make_unique<cvm::db::Pool>(Server(name));
    const auto migrated = cvm::db::Migrate(*pool, cvm::db::EmbeddedMigrations(), Patience());
    if (!migrated.ok()) throw std::runtime_error(migrated.error().message);
    store = std::make_unique<cvm::node::Store>(*pool);
  }
  ~Stored() { BOOST_CHECK_NO_THROW(RunOn(server, "DROP DATABASE " + name)); }

  std::uint64_t MustAdd(const Node& node) {
    const auto id = store->Add(node, Patience());
    if (!id.ok()) throw std::runtime_error(id.error().message);
    return *id;
  }
  Node MustFind(const std::string& node_name) {
    const auto node = store->Find(node_name, Patience());
    if (!node.ok()) throw std::runtime_error(node.error().message);
    return *node;
  }

  std::string name = "cvm_nodes_" + cvm::base::Hex(cvm::base::RandomBytes(8));
  cvm::db::Pool server{Server("mysql")};
  std::unique_ptr<cvm::db::Pool> pool;
  std::unique_ptr<cvm::node::Store> store;
};

// A well-formed key: which one is of no account here.
HostKey Key(char filling) {
  std::string wire("\0\0\0\x0bssh-ed25519\0\0\0 ", 19);
  return {"ssh-ed25519", cvm::base::Base64(wire + std::string(32, filling))};
}

Node Alpha() {
  Node node;
  node.name = "alpha \xc3\xa9";
  node.location = "Z\xc3\xbcrich";
  node.endpoint.host = "2001:db8::1";
  node.endpoint.port = 65535;
  node.endpoint.user = "cvm";
  node.endpoint.key_name = "id_cvm";
  return node;
}

template <class Result>
bool FailsWith(const Result& result, ErrorCode code) {
  return !result.ok() && result.error().code == code;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(node_store)

BOOST_FIXTURE_TEST_CASE(WhatIsAddedIsFoundAgain, Stored) {
  Node alpha = Alpha();
  alpha.endpoint.host_keys = {Key('a'), Key('b')};
  BOOST_REQUIRE(HostKey::Parse(Key('a').Line()).ok());
  const std::uint64_t id = MustAdd(alpha);
  const Node found = MustFind(alpha.name);
  BOOST_TEST(found.id == id);
  BOOST_TEST(found.name == alpha.name);
  BOOST_TEST(found.location == alpha.location);
  BOOST_TEST(found.endpoint.host == alpha.endpoint.host);
  BOOST_TEST(found.endpoint.port == alpha.endpoint.port);
  BOOST_TEST(found.endpoint.user == alpha.endpoint.user);
  BOOST_TEST(found.endpoint.key_name == alpha.endpoint.key_name);
  BOOST_TEST(found.endpoint.host_keys.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(NodesAreListedByNameEachWithItsPins, Stored) {
  Node beta = Alpha(), gamma = Alpha();
  beta.name = "beta";
  beta.endpoint.host_keys = {Key('a'), Key('b'), Key('c')};
  gamma.name = "gamma";
  gamma.endpoint.host_keys = {Key('a')};
  for (const Node& node : {gamma, beta, Alpha()}) MustAdd(node);
  const auto nodes = store->List(Patience());
  BOOST_REQUIRE(nodes.ok());
  BOOST_REQUIRE(nodes->size() == 3U);
  BOOST_TEST((*nodes)[0].name == Alpha().name);
  BOOST_TEST((*nodes)[0].endpoint.host_keys.empty());
  BOOST_TEST((*nodes)[1].name == "beta");
  BOOST_TEST((*nodes)[1].endpoint.host_keys.size() == 3U);
  BOOST_TEST((*nodes)[2].endpoint.host_keys.size() == 1U);
}

BOOST_FIXTURE_TEST_CASE(ANameIsGivenOnceUntilItsNodeIsRemoved, Stored) {
  const std::uint64_t first = MustAdd(Alpha());
  const auto again = store->Add(Alpha(), Patience());
  BOOST_TEST((!again.ok() && again.error().code == ErrorCode::kConflict));
  BOOST_TEST(store->Remove(Alpha().name, Patience()).ok());
  BOOST_TEST(FailsWith(store->Remove(Alpha().name, Patience()), ErrorCode::kNotFound));
  const auto gone = store->Find(Alpha().name, Patience());
  BOOST_TEST((!gone.ok() && gone.error().code == ErrorCode::kNotFound));
  BOOST_TEST(store->List(Patience())->empty());
  BOOST_TEST(MustAdd(Alpha()) != first);
}

BOOST_FIXTURE_TEST_CASE(ANodeThatIsNotProperIsRefused, Stored) {
  Node node = Alpha();
  node.endpoint.host = "-oProxyCommand=id";
  const auto id = store->Add(node, Patience());
  BOOST_TEST((!id.ok() && id.error().code == ErrorCode::kInvalid));
}

BOOST_FIXTURE_TEST_CASE(PinsAreAddedOnceAndReplacedAtOnce, Stored) {
  MustAdd(Alpha());
  const std::string alpha = Alpha().name;
  for (const char filling : {'a', 'b', 'a'}) {
    BOOST_TEST(store->Pin(alpha, Key(filling), false, Patience()).ok());
  }
  BOOST_TEST(MustFind(alpha).endpoint.host_keys.size() == 2U);
  BOOST_TEST(store->Pin(alpha, Key('b'), true, Patience()).ok());
  const auto pins = MustFind(alpha).endpoint.host_keys;
  BOOST_REQUIRE(pins.size() == 1U);
  BOOST_TEST((pins[0] == Key('b')));
  BOOST_TEST(FailsWith(store->Pin("nobody", Key('a'), false, Patience()), ErrorCode::kNotFound));
}

BOOST_FIXTURE_TEST_CASE(ANodeWithLivingVpsesStays, Stored) {
  const std::uint64_t id = MustAdd(Alpha());
  RunOn(*pool, "INSERT INTO users (id, name) VALUES (1, 'customer')");
  RunOn(*pool,
        "INSERT INTO vpses (user_id, node_id, ctid, hostname, guaranteed_ram, disk_space, cpu_count, "
        "accounting) VALUES (1, " +
            std::to_string(id) + ", '101', 'h', 1, 1, 1, 'split')");
  BOOST_TEST(FailsWith(store->Remove(Alpha().name, Patience()), ErrorCode::kConflict));
  RunOn(*pool, "UPDATE vpses SET state = 'suspended'");
  BOOST_TEST(FailsWith(store->Remove(Alpha().name, Patience()), ErrorCode::kConflict));
  RunOn(*pool, "UPDATE vpses SET state = 'terminated'");
  BOOST_TEST(store->Remove(Alpha().name, Patience()).ok());
}

BOOST_AUTO_TEST_SUITE_END()
