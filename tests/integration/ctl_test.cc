// cvmctl against a real database and a real node: the whole life of everything that it manages.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "lib/auth/auth.h"
#include "lib/ctl/run.h"
#include "lib/db/db.h"
#include "lib/db/schema_version.h"
#include "lib/json/json.h"
#include "tests/node/test_node.h"
#include "tests/support/program.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_database.h"
#include "tests/support/text.h"

namespace cvm::ctl {
namespace {

using Words = std::vector<std::string>;

const std::string kKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
const std::string kKeyFingerprint = "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA";
const std::string kMost = "18446744073709551615";

using cvm::test::Holds;

// A running test node with containers 101 (running) and 102 (stopped), and its host keys.
struct KnownNode : testnode::TestNode {
  KnownNode() : TestNode("--ctids 101 --stopped 102") {}

  std::string KeyFile(const std::string& type) const {
    return dir() + "/host_keys/ssh_host_" + type + "_key.pub";
  }
  std::string HostKey(const std::string& type) const {
    std::ifstream file(KeyFile(type));
    std::string line;
    std::getline(file, line);
    return line;
  }
  std::string Fingerprint(const std::string& type) const {
    return test::SplitWords(test::RunProgram({"ssh-keygen", "-lf", KeyFile(type)}).out).at(1);
  }
  std::string StatusOf(const std::string& ctid) const {
    return test::SplitWords(Exec("vzlist -H -o status " + ctid).out).at(0);
  }
};

struct Result {
  int status;
  std::string out, err;
};

struct Fixture {
  Fixture() { Configure("/nowhere"); }

  void Configure(const std::string& key_directory) {
    config =
        directory.Write("cvmctl.toml", "[database]\nservers = [\"" + test::RequireEnv("CVM_TEST_DB_SOCKET") +
                                           "\"]\nname = \"" + database.name() +
                                           "\"\nuser = \"root\"\n[ssh]\nkey_directory = \"" + key_directory +
                                           "\"\nconnect_timeout = 20\n");
  }

  // Runs cvmctl; with `typed`, at a terminal where that is typed.
  Result Ctl(Words words, const std::optional<std::string>& typed = std::nullopt) {
    words.insert(words.begin(), {"--config", config});
    std::istringstream in(typed.value_or(""));
    std::ostringstream out, err;
    Console console{in, out, err, typed.has_value()};
    const int status = Run(words, console);
    everything += out.str() + err.str();
    return {status, out.str(), err.str()};
  }

  Result Must(const Words& words, const std::optional<std::string>& typed = std::nullopt) {
    const Result result = Ctl(words, typed);
    BOOST_REQUIRE_MESSAGE(result.status == 0, words[0] << " " << words[1] << ": " << result.err);
    return result;
  }

  // The answer of a command with --json.
  json::Document Json(Words words, int status = 0) {
    words.emplace_back("--json");
    const Result result = Ctl(words);
    BOOST_TEST(result.status == status, result.err);
    auto document = json::Document::Parse(result.out);
    BOOST_REQUIRE_MESSAGE(document.ok(), "not JSON: " << result.out);
    return std::move(*document);
  }

  std::string JsonText(const Words& words, const std::string& member) {
    const json::Document document = Json(words);
    return TextOf(document.root(), member);
  }

  static std::string TextOf(const json::Value& value, const std::string& member) {
    const auto found = value.Member(member);
    BOOST_REQUIRE_MESSAGE(found && found->AsText(), "no text " << member);
    return std::string(*found->AsText());
  }

  static bool IsTrue(const std::string& document, const std::string& member) {
    return Holds(document, "\"" + member + "\": true") || Holds(document, "\"" + member + "\":true");
  }

  void Fails(const Words& words, int status, const std::string& said) {
    const Result result = Ctl(words);
    BOOST_TEST(result.status == status, result.err);
    BOOST_TEST(result.out.empty());
    BOOST_TEST(Holds(result.err, said), result.err << " lacks " << said);
  }

  void AddNode(const std::string& name = "alpha") {
    Must({"node", "add", name, "--host", "127.0.0.1", "--port", "1", "--host-key", kKey});
  }
  std::string AddVps(const std::string& ctid, const std::string& node = "alpha") {
    return JsonText({"vps", "add", "--node", node, "--user", "jane", "--ctid", ctid, "--hostname", "h" + ctid,
                     "--ram", "128", "--disk", "5000", "--cpus", "1", "--traffic-total", "0"},
                    "id");
  }

  test::TestDatabase database;
  tests::TemporaryDirectory directory;
  std::string config;
  std::string everything;  // that cvmctl wrote
};

struct Migrated : Fixture {
  Migrated() { Must({"schema", "migrate"}); }
};

BOOST_FIXTURE_TEST_SUITE(CtlSchema, Fixture)

BOOST_AUTO_TEST_CASE(AnEmptyDatabaseIsMigratedOnceAndItsVersionShown) {
  const auto before = Json({"schema", "version"});
  BOOST_TEST(before.root().Member("version")->AsU64().value() == 0u);
  BOOST_TEST(before.root().Member("supported")->AsU64().value() == db::kSchemaVersion);
  BOOST_TEST(Json({"schema", "migrate"}).root().Member("version")->AsU64().value() == db::kSchemaVersion);
  BOOST_TEST(Json({"schema", "migrate"}).root().Member("from")->AsU64().value() == db::kSchemaVersion);
  BOOST_TEST(Json({"schema", "version"}).root().Member("version")->AsU64().value() == db::kSchemaVersion);
}

BOOST_AUTO_TEST_CASE(ADatabaseWithTablesOfSomebodyElseIsRefusedAsConflict) {
  db::Pool pool(database.Root());
  BOOST_REQUIRE(pool.Run(test::Patience(),
                         [](db::Session& session) {
                           session.RunScriptStatement("CREATE TABLE theirs (id INT PRIMARY KEY)");
                         })
                    .ok());
  Fails({"schema", "migrate"}, 4, "theirs");
}

BOOST_AUTO_TEST_CASE(ADatabaseWithoutTablesFailsTheCheckOfItsSchemaAlone) {
  const auto steps = Json({"config", "check"}, 4);
  const auto elements = *steps.root().Elements();
  BOOST_TEST(elements.size() == 4u);
  BOOST_TEST(TextOf(elements[2], "step") == "schema");
  BOOST_TEST(Holds(TextOf(elements[2], "detail"), "cvmctl schema migrate"));
}

BOOST_AUTO_TEST_CASE(ACommandOnAnotherSchemaThanItsOwnSaysWhatToRun) {
  db::Pool pool(database.Root());
  Fails({"user", "list"}, 4, "schema version 0 and this program needs");
  Fails({"traffic", "collect"}, 4, "run: cvmctl schema migrate");
  Must({"schema", "migrate"});
  Must({"user", "list"});
  test::RunSql(pool, "DELETE FROM schema_migrations WHERE version = " + std::to_string(db::kSchemaVersion));
  Fails({"user", "list"}, 4, "run: cvmctl schema migrate");
  Must({"schema", "version"});
  Must({"schema", "migrate"});
  test::RunSql(pool, "UPDATE schema_migrations SET oldest_worker = oldest_worker + 1000");
  Fails({"user", "add", "jane"}, 4, "is no longer understood by this program");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(CtlRows, Migrated)

BOOST_AUTO_TEST_CASE(AUserIsAddedListedDisabledAndEnabled) {
  const std::string name = "caf\xc3\xa9 \xf0\x9f\x98\x80";
  const auto added = Json({"user", "add", name, "--email", "a@example.org"});
  BOOST_TEST(TextOf(added.root(), "name") == name);
  const std::string id = TextOf(added.root(), "id");
  Must({"user", "add", "list"});
  Must({"user", "disable", name});
  Must({"user", "disable", name});
  const auto users = Json({"user", "list"});
  const auto elements = *users.root().Elements();
  BOOST_REQUIRE(elements.size() == 2u);
  BOOST_TEST(TextOf(elements[0], "id") == id);
  BOOST_TEST(TextOf(elements[0], "name") == name);
  BOOST_TEST(TextOf(elements[0], "email") == "a@example.org");
  BOOST_TEST(elements[1].Member("email")->IsNull());
  BOOST_TEST(Holds(Must({"user", "list"}).out, "yes"));
  Must({"user", "enable", name});
  BOOST_TEST(!Holds(Must({"user", "list"}).out, "yes"));
}

BOOST_AUTO_TEST_CASE(UsersThatAreThereOrMissingAreToldApart) {
  Must({"user", "add", "jane"});
  Fails({"user", "add", "jane"}, 4, "jane");
  Fails({"user", "disable", "joe"}, 3, "joe");
  Fails({"user", "enable", "joe"}, 3, "joe");
  Fails({"token", "create", "joe"}, 3, "joe");
  Fails({"token", "list", "joe"}, 3, "joe");
  const auto error = Json({"user", "disable", "joe"}, 3);
  BOOST_TEST(TextOf(*error.root().Member("error"), "code") == "not-found");
}

BOOST_AUTO_TEST_CASE(ATokenPairIsShownOnceListedWithoutItsPrivatePartAndRevoked) {
  Must({"user", "add", "jane"});
  const auto pair = Json({"token", "create", "jane", "--label", "-x", "--no-client-access"});
  const std::string public_token = TextOf(pair.root(), "public_token");
  const std::string private_token = TextOf(pair.root(), "private_token");
  everything.clear();

  const auto tokens = Json({"token", "list", "jane"});
  const auto elements = *tokens.root().Elements();
  BOOST_REQUIRE(elements.size() == 1u);
  BOOST_TEST(TextOf(elements[0], "id") == TextOf(pair.root(), "id"));
  BOOST_TEST(TextOf(elements[0], "public_token") == public_token);
  BOOST_TEST(TextOf(elements[0], "label") == "-x");
  BOOST_TEST(TextOf(elements[0], "user") == "jane");
  BOOST_TEST(elements[0].Member("revoked_at")->IsNull());
  BOOST_TEST(!IsTrue(everything, "client_access"));

  Must({"token", "revoke", public_token});
  Must({"token", "revoke", public_token});
  Fails({"token", "revoke", "0000"}, 3, "0000");
  const auto after = Json({"token", "list"});
  BOOST_TEST(!TextOf(after.root().Elements()->front(), "revoked_at").empty());
  BOOST_TEST(!Holds(everything, private_token));
  BOOST_TEST(!Holds(everything, auth::HashPrivateToken(private_token)));
}

BOOST_AUTO_TEST_CASE(ATokenPairForAPersonComesWithAWarningBesideIt) {
  Must({"user", "add", "jane"});
  const Result result = Must({"token", "create", "jane"});
  BOOST_TEST(Holds(result.out, "private token:"));
  BOOST_TEST(Holds(result.err, "not shown again"));
}

BOOST_AUTO_TEST_CASE(ATokenPairThatCannotBeWrittenIsRevokedAgain) {
  Must({"user", "add", "jane"});
  std::istringstream in;
  std::ostream full(nullptr);  // every write fails
  std::ostringstream err;
  Console console{in, full, err, false};
  BOOST_TEST(Run({"--config", config, "token", "create", "jane"}, console) == 1);
  BOOST_TEST(Holds(err.str(), "was revoked again"));
  const auto tokens = Json({"token", "list"});
  BOOST_REQUIRE(tokens.root().Elements()->size() == 1u);
  BOOST_TEST(!TextOf(tokens.root().Elements()->front(), "revoked_at").empty());
}

BOOST_AUTO_TEST_CASE(ANodeIsAddedByItsKeyWithoutContactingAnybody) {
  const Words add = {"node", "add",    "alpha", "--host",     "nowhere.invalid",    "--port",
                     "2222", "--user", "cvm",   "--host-key", kKey + " root@alpha", "--location",
                     "Here"};
  const auto added = Json(add);
  BOOST_TEST(!TextOf(added.root(), "id").empty());
  const auto nodes = Json({"node", "list"});
  const auto elements = *nodes.root().Elements();
  BOOST_REQUIRE(elements.size() == 1u);
  for (const auto& node : {added.root(), elements[0]}) {
    BOOST_TEST(TextOf(node, "name") == "alpha");
    BOOST_TEST(TextOf(node, "host") == "nowhere.invalid");
    BOOST_TEST(node.Member("port")->AsU64().value() == 2222u);
    BOOST_TEST(TextOf(node, "user") == "cvm");
    BOOST_TEST(TextOf(node, "location") == "Here");
    const auto keys = *node.Member("host_keys")->Elements();
    BOOST_REQUIRE(keys.size() == 1u);
    BOOST_TEST(TextOf(keys[0], "type") == "ssh-ed25519");
    BOOST_TEST(TextOf(keys[0], "fingerprint") == kKeyFingerprint);
  }
  Fails(add, 4, "alpha");
}

BOOST_AUTO_TEST_CASE(ANodeWithoutAHostKeyIsRefusedWhereThereIsNoTerminal) {
  Fails({"node", "add", "alpha", "--host", "127.0.0.1", "--port", "1"}, 2, "give --host-key");
  BOOST_TEST(Json({"node", "list"}).root().Elements()->empty());
}

BOOST_AUTO_TEST_CASE(ANodeThatCannotBeReachedForItsKeyIsNotStored) {
  const Words add = {"node", "add", "alpha", "--host", "127.0.0.1", "--port", "1"};
  const Result asked = Ctl(add, "yes\n");
  BOOST_TEST(asked.status == 5, asked.err);
  Words by_fingerprint = add;
  by_fingerprint.insert(by_fingerprint.end(), {"--host-key", kKeyFingerprint});
  BOOST_TEST(Ctl(by_fingerprint).status == 5);
  BOOST_TEST(Json({"node", "list"}).root().Elements()->empty());
}

BOOST_AUTO_TEST_CASE(KeysArePinnedBesideEachOtherOrInPlaceOfEachOther) {
  AddNode();
  std::string other = kKey;
  other.back() = 'g';
  Must({"node", "pin", "alpha", other});
  Must({"node", "pin", "alpha", other});
  auto keys = [&] {
    return Json({"node", "list"}).root().Elements()->front().Member("host_keys")->Elements()->size();
  };
  BOOST_TEST(keys() == 2u);
  Must({"node", "pin", "alpha", kKey, "--replace"});
  BOOST_TEST(keys() == 1u);
  Fails({"node", "pin", "beta", kKey}, 3, "beta");
}

BOOST_AUTO_TEST_CASE(ANodeWithLivingVpsesIsNotRemoved) {
  AddNode();
  Must({"user", "add", "jane"});
  const std::string id = AddVps("101");
  Fails({"node", "remove", "alpha"}, 4, "alpha");
  Must({"vps", "terminate", id, "--yes"});
  Must({"node", "remove", "alpha"});
  Fails({"node", "remove", "alpha"}, 3, "alpha");
  BOOST_TEST(Json({"node", "list"}).root().Elements()->empty());
  AddNode();  // the name is free again
}

BOOST_AUTO_TEST_CASE(TemplatesAreAddedAndListed) {
  const std::string id = JsonText({"template", "add", "Debian", "--description", "twelve"}, "id");
  const auto templates = Json({"template", "list"});
  const auto elements = *templates.root().Elements();
  BOOST_REQUIRE(elements.size() == 1u);
  BOOST_TEST(TextOf(elements[0], "id") == id);
  BOOST_TEST(TextOf(elements[0], "name") == "Debian");
  BOOST_TEST(TextOf(elements[0], "description") == "twelve");
  Fails({"template", "add", "Debian"}, 4, "Debian");
}

BOOST_AUTO_TEST_CASE(AVpsKeepsEveryFigureThatItWasGiven) {
  AddNode();
  Must({"user", "add", "jane"});
  const std::string of = JsonText({"template", "add", "Debian"}, "id");
  Must({"vps",
        "add",
        "--node",
        "alpha",
        "--user",
        "jane",
        "--ctid",
        "2147483647",
        "--hostname",
        "-h \xf0\x9f\x98\x80",
        "--ram",
        kMost,
        "--burst",
        kMost,
        "--disk",
        kMost,
        "--cpus",
        kMost,
        "--template",
        of,
        "--traffic-split",
        kMost + ":0"});
  AddVps("101");
  const auto vpses = Json({"vps", "list"});
  const auto elements = *vpses.root().Elements();
  BOOST_REQUIRE(elements.size() == 2u);
  for (const char* name :
       {"guaranteed_ram", "burstable_ram", "disk_space", "cpu_count", "traffic_in_limit"}) {
    BOOST_TEST(TextOf(elements[0], name) == kMost);
  }
  BOOST_TEST(TextOf(elements[0], "traffic_out_limit") == "0");
  BOOST_TEST(TextOf(elements[0], "accounting") == "split");
  BOOST_TEST(TextOf(elements[0], "ctid") == "2147483647");
  BOOST_TEST(TextOf(elements[0], "hostname") == "-h \xf0\x9f\x98\x80");
  BOOST_TEST(TextOf(elements[0], "template") == of);
  BOOST_TEST(TextOf(elements[0], "state") == "active");
  BOOST_TEST(elements[1].Member("burstable_ram")->IsNull());
  BOOST_TEST(elements[1].Member("template")->IsNull());
  BOOST_TEST(TextOf(elements[1], "accounting") == "combined");
  BOOST_TEST(TextOf(elements[1], "traffic_limit") == "0");
}

BOOST_AUTO_TEST_CASE(AVpsNeedsItsNodeUserAndTemplateInTheDatabaseAndAFreeCtid) {
  AddNode();
  Must({"user", "add", "jane"});
  AddVps("101");
  const auto add = [](const std::string& node, const std::string& user, const std::string& ctid) {
    return Words{"vps",   "add", "--node", node, "--user", user, "--ctid",          ctid, "--hostname", "h",
                 "--ram", "1",   "--disk", "1",  "--cpus", "1",  "--traffic-total", "0"};
  };
  Fails(add("beta", "jane", "1"), 3, "beta");
  Fails(add("alpha", "joe", "1"), 3, "joe");
  Fails(add("alpha", "jane", "101"), 4, "101");
  Words with_template = add("alpha", "jane", "1");
  with_template.insert(with_template.end(), {"--template", "77"});
  Fails(with_template, 3, "77");
}

BOOST_AUTO_TEST_CASE(AVpsIsSuspendedThoughItsNodeCannotBeReached) {
  AddNode();
  Must({"user", "add", "jane"});
  const std::string id = AddVps("101");
  const Result suspended = Must({"vps", "suspend", id, "--json"});
  BOOST_TEST(Holds(suspended.err, "warning"));
  const auto document = json::Document::Parse(suspended.out);
  BOOST_REQUIRE(document.ok());
  BOOST_TEST(TextOf(document->root(), "id") == id);
  BOOST_TEST(TextOf(document->root(), "state") == "suspended");
  BOOST_TEST(IsTrue(suspended.out, "stop_pending"));
  BOOST_TEST(Holds(Must({"vps", "list"}).out, "suspended  yes"));
  BOOST_TEST(JsonText({"vps", "unsuspend", id}, "state") == "active");
}

BOOST_AUTO_TEST_CASE(TerminationIsAskedForAndIsForGood) {
  AddNode();
  Must({"user", "add", "jane"});
  const std::string id = AddVps("101");
  Fails({"vps", "terminate", id}, 2, "--yes");
  const Result declined = Ctl({"vps", "terminate", id}, "no\n");
  BOOST_TEST(declined.status == 1);
  BOOST_TEST(Holds(declined.err, "container 101 on alpha"));
  BOOST_TEST(Holds(Must({"vps", "list"}).out, "active"));
  Must({"vps", "terminate", id}, "yes\n");
  BOOST_TEST(Holds(Must({"vps", "list"}).out, "terminated"));
  Fails({"vps", "suspend", id}, 4, "terminated");
  Fails({"vps", "unsuspend", id}, 4, "terminated");
  AddVps("101");  // the CTID is free again
}

BOOST_AUTO_TEST_CASE(AVpsThatIsNotThereIsNotFound) {
  for (const char* verb : {"suspend", "unsuspend"}) Fails({"vps", verb, "77"}, 3, "77");
  Fails({"vps", "terminate", "77", "--yes"}, 3, "77");
  BOOST_TEST(Ctl({"vps", "terminate", "77"}, "yes\n").status == 3);
}

BOOST_AUTO_TEST_CASE(ANodeThatCannotBeReachedFailsItsCheck) {
  AddNode();
  const auto checked = Json({"node", "check"}, 5);
  const auto elements = *checked.root().Elements();
  BOOST_REQUIRE(elements.size() == 1u);
  BOOST_TEST(TextOf(elements[0], "name") == "alpha");
  BOOST_TEST(!elements[0].Member("steps")->Elements()->empty());
  BOOST_TEST(Ctl({"node", "check", "beta"}).status == 3);
}

BOOST_AUTO_TEST_SUITE_END()

struct WithNode : Migrated {
  WithNode() {
    Configure(node.dir());
    Must({"user", "add", "jane"});
  }
  Words Add(const std::string& name, const Words& more = {}) const {
    Words words = {"node", "add", name, "--host", "127.0.0.1", "--port", node.Port()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  KnownNode node;
};

BOOST_FIXTURE_TEST_SUITE(CtlNode, WithNode)

BOOST_AUTO_TEST_CASE(AKeyIsFetchedAndPinnedByItsFingerprintOfWhateverType) {
  for (const std::string type : {"ed25519", "ecdsa"}) {
    const auto added = Json(Add(type, {"--host-key", node.Fingerprint(type)}));
    const auto keys = *added.root().Member("host_keys")->Elements();
    BOOST_TEST(TextOf(keys.at(0), "fingerprint") == node.Fingerprint(type));
    Must({"node", "check", type});
  }
}

BOOST_AUTO_TEST_CASE(AFingerprintThatNoKeyHasIsAConflictAndNothingIsStored) {
  Fails(Add("alpha", {"--host-key", kKeyFingerprint}), 4, node.Fingerprint("ed25519"));
  BOOST_TEST(Json({"node", "list"}).root().Elements()->empty());
}

BOOST_AUTO_TEST_CASE(AtATerminalTheFetchedKeyIsShownAndAskedFor) {
  const Result declined = Ctl(Add("alpha"), "no\n");
  BOOST_TEST(declined.status == 1);
  BOOST_TEST(Holds(declined.err, node.Fingerprint("ed25519")));
  BOOST_TEST(Json({"node", "list"}).root().Elements()->empty());
  Must(Add("alpha"), "yes\n");
  BOOST_TEST(Holds(Must({"node", "list"}).out, node.Fingerprint("ed25519")));
}

BOOST_AUTO_TEST_CASE(ANodeIsCheckedStepByStepAndAWrongPinFailsIt) {
  Must(Add("good", {"--host-key", node.HostKey("ed25519")}));
  Must(Add("sudo", {"--user", "cvm", "--host-key", node.HostKey("ed25519")}));
  const Result good = Must({"node", "check"});
  BOOST_TEST(!Holds(good.out, "failed"));
  BOOST_TEST(Holds(good.out, "warning"));  // neither has a gate
  Must(Add("wrong", {"--host-key", kKey}));
  const Result checked = Ctl({"node", "check"});
  BOOST_TEST(checked.status == 5);
  BOOST_TEST(Holds(checked.out, "good"));
  BOOST_TEST(Holds(checked.out, "wrong"));
  BOOST_TEST(Holds(checked.out, "failed"));
}

// At a terminal the log would stand beside the table and say the same.
BOOST_AUTO_TEST_CASE(WhatAStepSaysIsNotLoggedToTheTerminalBesides) {
  Must(Add("alpha", {"--host-key", node.HostKey("ed25519")}));
  Must(Add("wrong", {"--host-key", kKey}));
  node.Set("vzlist", "fail 3");
  const auto checked =
      test::RunProgram({test::RequireEnv("CVM_TEST_BUILD") + "/cvmctl", "--config", config, "node", "check"});
  node.Unset("vzlist");
  BOOST_TEST(checked.exit_status == 5);
  BOOST_TEST(Holds(checked.out, "vzlist: it failed"));
  BOOST_TEST(Holds(checked.out, "shown ssh-ed25519"));
  BOOST_TEST(checked.err == "");
}

BOOST_AUTO_TEST_CASE(ACheckOfManyNodesShowsAPersonHowFarItIs) {
  for (const char* name : {"alpha", "beta"}) Must(Add(name, {"--host-key", node.HostKey("ed25519")}));
  BOOST_TEST(Holds(Ctl({"node", "check"}, "").err, "2 of 2 nodes"));
  BOOST_TEST(!Holds(Ctl({"node", "check"}).err, "nodes"));
}

BOOST_AUTO_TEST_CASE(TheLineForANodesAuthorizedKeysIsMadeOfTheKeysPublicPart) {
  Must(Add("alpha", {"--host-key", node.HostKey("ed25519")}));
  const std::string line = Must({"node", "authorize", "alpha"}).out;
  BOOST_TEST(line.find("restrict,command=\"/usr/local/sbin/cvm-node-gate\" ssh-ed25519 AAAA") == 0u);
  const auto json = Json({"node", "authorize", "alpha", "--old-sshd"});
  BOOST_TEST(TextOf(json.root(), "user") == "root");
  BOOST_TEST(TextOf(json.root(), "line").find("no-port-forwarding,") == 0u);
  BOOST_TEST(Ctl({"node", "authorize", "beta"}).status == 3);
  std::filesystem::rename(node.dir() + "/id_ed25519.pub", node.dir() + "/elsewhere");
  Fails({"node", "authorize", "alpha"}, 3, "ssh-keygen -y -f");
  std::filesystem::rename(node.dir() + "/elsewhere", node.dir() + "/id_ed25519.pub");
}

BOOST_AUTO_TEST_CASE(SuspendAndTerminateStopTheContainerAndUnsuspendDoesNotStartIt) {
  Must(Add("alpha", {"--host-key", node.HostKey("ed25519")}));
  const std::string id = AddVps("101");
  BOOST_TEST(node.StatusOf("101") == "running");
  const Result suspended = Must({"vps", "suspend", id, "--json"});
  BOOST_TEST(suspended.err.empty());
  BOOST_TEST(!IsTrue(suspended.out, "stop_pending"));
  BOOST_TEST(node.StatusOf("101") == "stopped");
  Must({"vps", "unsuspend", id});
  BOOST_TEST(node.StatusOf("101") == "stopped");
  const Result terminated = Must({"vps", "terminate", id, "--yes", "--json"});
  BOOST_TEST(!IsTrue(terminated.out, "stop_pending"));
  BOOST_TEST(node.StatusOf("101") == "stopped");
}

BOOST_AUTO_TEST_CASE(SuspendingASuspendedVpsStopsWhatRuns) {
  Must(Add("alpha", {"--host-key", node.HostKey("ed25519")}));
  const std::string id = AddVps("101");
  Must({"vps", "suspend", id});
  node.Exec("vzctl start 101");
  BOOST_TEST(node.StatusOf("101") == "running");
  const Result again = Must({"vps", "suspend", id, "--json"});
  BOOST_TEST(again.err.empty());
  BOOST_TEST(!IsTrue(again.out, "stop_pending"));
  BOOST_TEST(node.StatusOf("101") == "stopped");
}

BOOST_AUTO_TEST_CASE(AContainerThatIsGoneIsNoMoreToBeStoppedForATerminatedVpsAndStaysSoForASuspendedOne) {
  Must(Add("alpha", {"--host-key", node.HostKey("ed25519")}));
  const std::string id = AddVps("777");
  const Result suspended = Must({"vps", "suspend", id, "--json"});
  BOOST_TEST(IsTrue(suspended.out, "stop_pending"));
  for (const char* way_out : {"no such container", "'cvmctl vps terminate'", "'cvmctl vps set'"}) {
    BOOST_TEST(Holds(suspended.err, way_out), suspended.err << " lacks " << way_out);
  }
  const Result terminated = Must({"vps", "terminate", id, "--yes", "--json"});
  BOOST_TEST(!IsTrue(terminated.out, "stop_pending"), terminated.out);
  BOOST_TEST(terminated.err.empty(), terminated.err);
  Must({"vps", "purge", id, "--yes"});
}

BOOST_AUTO_TEST_CASE(AWholeInstallationPassesItsCheck) {
  const Result checked = Must({"config", "check"});
  for (const char* step : {"settings", "database", "schema", "key"}) BOOST_TEST(Holds(checked.out, step));
  BOOST_TEST(checked.err.empty());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::ctl
