// The contract on the wire: what a customer's script sees, through the real nginx.
#include <boost/test/unit_test.hpp>
#include <string>

#include "tests/support/world.h"

using namespace cvm::test;  // NOLINT: tests

namespace {

constexpr char kList[] = "/api/client/vps/list";
constexpr char kBadPair[] = R"({"errors": ["No valid API token pair was specified."]})";

// The header line by line: what every answer of the API has, whoever gives it.
void CheckCommonHeaders(const HttpAnswer& answer) {
  BOOST_TEST(answer.Header("content-type") == "application/json");
  BOOST_TEST(answer.Header("cache-control") == "no-store");
  BOOST_TEST(answer.Header("x-request-id").size() == 32u);
}

void CheckErrors(const HttpAnswer& answer, int status) {
  BOOST_TEST_CONTEXT("status " << answer.status << ", body " << answer.body) {
    BOOST_TEST(answer.status == status);
    CheckCommonHeaders(answer);
    const auto document = ParseJson(answer.body);
    const auto errors = document.root().Member("errors");
    BOOST_REQUIRE((errors && errors->Elements() && errors->Elements()->size() == 1));
    BOOST_TEST(!errors->Elements()->front().AsText()->empty());
    BOOST_TEST(!document.root().Member("response"));
  }
}

void CheckBadPair(const Headers& headers, const char* what) {
  BOOST_TEST_CONTEXT(what) {
    const HttpAnswer answer = TheWorld().Send({"GET", kList, headers, ""});
    BOOST_TEST(answer.status == 401);
    BOOST_TEST(answer.reason == "Not Authorized");
    BOOST_TEST(answer.body == kBadPair);
    BOOST_TEST(answer.Has("www-authenticate"));
    CheckCommonHeaders(answer);
  }
}

// A customer with one VPS on a node that nobody can reach.
struct Customer {
  Customer() : pair(TheWorld().NewCustomer()), vps(NewVps(pair.user)) {}

  static std::string NewVps(const std::string& user,
                            const std::vector<std::string>& options = {"--traffic-total", "0"}) {
    static unsigned ctid = 0;
    return TheWorld().NewVps(user, std::to_string(++ctid), TheWorld().Nowhere(), options);
  }

  std::string Path(const std::string& rest) const { return "/api/client/vps/" + vps + rest; }
  HttpAnswer Ask(const std::string& method, const std::string& rest) const {
    return TheWorld().Ask(pair, method, Path(rest));
  }

  Pair pair;
  std::string vps;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(wire)

BOOST_AUTO_TEST_CASE(AUserWithoutVpsesGetsAnEmptyList) {
  const Pair pair = TheWorld().NewCustomer();
  const HttpAnswer answer = TheWorld().Ask(pair, "GET", kList);
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(answer.reason == "OK");
  BOOST_TEST(answer.body == R"({"response": {"vpses": []}})");
  CheckCommonHeaders(answer);
}

BOOST_AUTO_TEST_CASE(TheListShowsEachVpsWithTheKeysOfItsKind) {
  const World& world = TheWorld();
  const Pair pair = world.NewCustomer();
  const std::string image =
      world.RunFor("id", {"template", "add", World::Fresh("debian"), "--description", "Debian"});
  const std::string split = Customer::NewVps(
      pair.user,
      {"--traffic-split", "18446744073709551615:500000000000", "--burst", "1024", "--template", image});
  const std::string combined = Customer::NewVps(pair.user, {"--traffic-total", "18446744073709551615"});
  const auto document = ParseJson(world.Ask(pair, "GET", kList).body);
  const auto vpses = document.root().Member("response")->Member("vpses")->Elements();
  BOOST_REQUIRE(vpses->size() == 2u);
  const auto text = [&](std::size_t i, const char* key) {
    const auto member = (*vpses)[i].Member(key);
    return member ? std::string(member->AsText().value_or("no string")) : "absent";
  };
  BOOST_TEST(text(0, "id") == split);
  BOOST_TEST(text(0, "virtualization_type") == "1");
  BOOST_TEST(text(0, "hostname") == "h.test");
  BOOST_TEST(text(0, "location") == "Utrecht");
  BOOST_TEST(text(0, "template") == image);
  BOOST_TEST(text(0, "guaranteed_ram") == "512");
  BOOST_TEST(text(0, "burstable_ram") == "1024");
  BOOST_TEST(text(0, "disk_space") == "10000");
  BOOST_TEST(text(0, "cpu_count") == "2");
  BOOST_TEST(text(0, "traffic_in_limit") == "18446744073709551615");
  BOOST_TEST(text(0, "traffic_out_limit") == "500000000000");
  BOOST_TEST(text(0, "traffic_in_used") == "0");
  BOOST_TEST(text(0, "traffic_out_used") == "0");
  BOOST_TEST(text(0, "traffic_limit") == "absent");
  BOOST_TEST(text(0, "traffic_used") == "absent");
  BOOST_TEST(text(1, "id") == combined);
  BOOST_TEST(text(1, "node") == text(0, "node"));
  BOOST_TEST(text(1, "traffic_limit") == "18446744073709551615");
  BOOST_TEST(text(1, "traffic_used") == "0");
  for (const char* key : {"burstable_ram", "template", "traffic_in_limit", "traffic_in_used",
                          "traffic_out_limit", "traffic_out_used"}) {
    BOOST_TEST(text(1, key) == "absent", key);
  }
}

BOOST_AUTO_TEST_CASE(UsedTrafficIsTheCountedAndTheOpeningBalanceSaturating) {
  const World& world = TheWorld();
  const Pair pair = world.NewCustomer();
  const std::string split = Customer::NewVps(pair.user, {"--traffic-split", "0:0"});
  const std::string combined = Customer::NewVps(pair.user, {"--traffic-total", "0"});
  for (const std::string& vps : {split, combined}) {
    world.Sql(
        "INSERT INTO traffic_period (vps_id, begins_on, bytes_in, bytes_out, opening_in, opening_out) "
        "VALUES (?, DATE_FORMAT(UTC_DATE(), '%Y-%m-01'), 912727849, 18446744073709551615, 1, 2)",
        {vps});
  }
  BOOST_TEST(world.StatusMember(pair, split, "traffic_in_used") == "912727850");
  BOOST_TEST(world.StatusMember(pair, split, "traffic_out_used") == "18446744073709551615");
  BOOST_TEST(world.StatusMember(pair, combined, "traffic_used") == "18446744073709551615");
  const std::string list = world.Ask(pair, "GET", kList).body;
  BOOST_TEST(list.find(R"("traffic_in_used": "912727850", "traffic_out_used": "18446744073709551615")") !=
             std::string::npos);
  BOOST_TEST(list.find(R"("traffic_used": "18446744073709551615")") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(HostnamesInAnyScriptComeOutAsTheyWentIn) {
  const World& world = TheWorld();
  const Pair pair = world.NewCustomer();
  const std::string name = "b\xc3\xbc\"cher\\.\xe4\xbe\x8b.\xf0\x9f\x92\xa9";
  world.RunFor(
      "id", {"vps", "add", "--node", world.Nowhere(), "--user", pair.user, "--ctid", "900001", "--hostname",
             name, "--ram", "1", "--disk", "1", "--cpus", "1", "--traffic-total", "0"});
  const auto document = ParseJson(world.Ask(pair, "GET", kList).body);
  const auto vpses = document.root().Member("response")->Member("vpses")->Elements();
  BOOST_TEST(*vpses->front().Member("hostname")->AsText() == name);
}

BOOST_AUTO_TEST_CASE(HeadIsAnsweredWhereverGetIs) {
  const Customer customer;
  for (const std::string& path : {std::string(kList), customer.Path(""), customer.Path("/status")}) {
    const HttpAnswer get = TheWorld().Ask(customer.pair, "GET", path);
    const HttpAnswer head = TheWorld().Ask(customer.pair, "HEAD", path);
    BOOST_TEST(get.status == 200);
    BOOST_TEST(head.status == 200);
    BOOST_TEST(head.body.empty());
    CheckCommonHeaders(head);
  }
  BOOST_TEST(customer.Ask("HEAD", "/start").status == 405);
  BOOST_TEST(TheWorld().Send({"HEAD", kList, {}, ""}).status == 401);
}

BOOST_AUTO_TEST_CASE(QueryStringsAndBodiesAreIgnored) {
  const Customer customer;
  BOOST_TEST(
      TheWorld().Ask(customer.pair, "GET", std::string(kList) + "?id=/x/../%zz&API-Public-Token=y").status ==
      200);
  const HttpRequest big = {"POST", customer.Path("/start?x=1"), customer.pair.Both(),
                           std::string(60000, 'x')};
  BOOST_TEST(TheWorld().Send(big).status == 503);
  BOOST_TEST(TheWorld().Send({"GET", kList, customer.pair.Both(), "a body"}).status == 200);
}

BOOST_AUTO_TEST_CASE(WhateverIsWrongWithAPairTheAnswerIsTheSame) {
  const Customer customer;
  const std::string pub = customer.pair.public_token;
  const std::string priv = customer.pair.private_token;
  const std::string p = "API-Public-Token";
  const std::string s = "API-Private-Token";
  const Pair other = TheWorld().NewCustomer();
  CheckBadPair({}, "no headers");
  CheckBadPair({{p, pub}}, "no private token");
  CheckBadPair({{s, priv}}, "no public token");
  CheckBadPair({{p, ""}, {s, priv}}, "empty public token");
  CheckBadPair({{p, pub}, {s, ""}}, "empty private token");
  CheckBadPair({{p, pub}, {p, pub}, {s, priv}}, "public token twice");
  CheckBadPair({{p, pub}, {s, priv}, {s, priv}}, "private token twice");
  CheckBadPair({{p, pub}, {s, priv}, {s, "x"}}, "right private token first, wrong one second");
  CheckBadPair({{p, pub}, {s, "x"}, {s, priv}}, "wrong private token first, right one second");
  CheckBadPair({{p, pub + "," + pub}, {s, priv}}, "public token joined by a comma");
  CheckBadPair({{p, pub}, {s, priv + "," + priv}}, "private token joined by a comma");
  CheckBadPair({{p, "unknown"}, {s, priv}}, "unknown public token");
  CheckBadPair({{p, pub}, {s, other.private_token}}, "another pair's private token");
  CheckBadPair({{p, priv}, {s, pub}}, "swapped");
  CheckBadPair({{p, pub}, {s, priv + "x"}}, "private token too long by one");
  CheckBadPair({{p, pub}, {s, priv.substr(1)}}, "private token too short by one");
  CheckBadPair({{p, pub + "x"}, {s, priv}}, "public token too long by one");
  CheckBadPair({{p, std::string(5000, 'a')}, {s, priv}}, "endless public token");
  CheckBadPair({{p, pub + "\xc3\xa9"}, {s, priv}}, "public token not ASCII");
  CheckBadPair({{p, "' OR 1=1 -- "}, {s, "' OR 1=1 -- "}}, "SQL in the tokens");
  CheckBadPair({{p, "%"}, {s, priv}}, "a wildcard");
  CheckBadPair({{"API_Public_Token", pub}, {"API_Private_Token", priv}}, "underscores in the names");
  CheckBadPair({{"Authorization", "Basic " + pub}, {"Cookie", p + "=" + pub}}, "other headers");
}

BOOST_AUTO_TEST_CASE(TokensAreComparedByteForByte) {
  const Customer customer;
  Pair upper = customer.pair;
  for (char& c : upper.public_token) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  BOOST_REQUIRE(upper.public_token != customer.pair.public_token);
  CheckBadPair(upper.Both(), "public token in capitals");
}

BOOST_AUTO_TEST_CASE(HeaderNamesAreTakenInAnyCase) {
  const Customer customer;
  const Headers headers = {{"api-public-token", customer.pair.public_token},
                           {"API-PRIVATE-TOKEN", customer.pair.private_token}};
  BOOST_TEST(TheWorld().Send({"GET", kList, headers, ""}).status == 200);
}

BOOST_AUTO_TEST_CASE(ARevocationHoldsFromTheNextRequestOn) {
  const Customer customer;
  BOOST_TEST(customer.Ask("GET", "").status == 200);
  TheWorld().Run({"token", "revoke", customer.pair.public_token});
  CheckBadPair(customer.pair.Both(), "revoked");
}

BOOST_AUTO_TEST_CASE(ADisabledUsersPairsAreNotValidUntilTheUserIsEnabled) {
  const Customer customer;
  TheWorld().Run({"user", "disable", customer.pair.user});
  CheckBadPair(customer.pair.Both(), "disabled");
  TheWorld().Run({"user", "enable", customer.pair.user});
  BOOST_TEST(customer.Ask("GET", "").status == 200);
}

BOOST_AUTO_TEST_CASE(APairEndsWhenItExpires) {
  const Customer customer;
  TheWorld().Sql(
      "UPDATE api_tokens SET expires_at = UTC_TIMESTAMP(3) - INTERVAL 1 SECOND WHERE public_token = ?",
      {customer.pair.public_token});
  CheckBadPair(customer.pair.Both(), "expired");
  TheWorld().Sql(
      "UPDATE api_tokens SET expires_at = UTC_TIMESTAMP(3) + INTERVAL 1 HOUR WHERE public_token = ?",
      {customer.pair.public_token});
  BOOST_TEST(customer.Ask("GET", "").status == 200);
}

BOOST_AUTO_TEST_CASE(APairIsGoodFromItsNetworksOnlyAndNoHeaderChangesThat) {
  const Customer customer;
  TheWorld().Sql(
      "INSERT INTO api_token_networks (token_id, cidr) SELECT id, '198.51.100.0/24' FROM api_tokens WHERE "
      "public_token = ?",
      {customer.pair.public_token});
  Headers forged = customer.pair.Both();
  for (const char* name : {"X-Forwarded-For", "X-Real-IP", "Remote-Addr", "REMOTE-ADDR", "Forwarded"})
    forged.emplace_back(name, "198.51.100.7");
  CheckBadPair(customer.pair.Both(), "from elsewhere");
  CheckBadPair(forged, "from elsewhere, with forged headers");
  TheWorld().Sql(
      "INSERT INTO api_token_networks (token_id, cidr) SELECT id, '127.0.0.0/8' FROM api_tokens WHERE "
      "public_token = ?",
      {customer.pair.public_token});
  BOOST_TEST(customer.Ask("GET", "").status == 200);
}

BOOST_AUTO_TEST_CASE(AnUnknownHashSchemeFitsNoToken) {
  const Customer customer;
  TheWorld().Sql("UPDATE api_tokens SET hash_scheme = 'plain', private_hash = ? WHERE public_token = ?",
                 {customer.pair.private_token, customer.pair.public_token});
  CheckBadPair(customer.pair.Both(), "unknown scheme");
}

BOOST_AUTO_TEST_CASE(APairWithoutAccessToTheClientApiIsForbiddenWhateverItAsks) {
  const Pair pair = TheWorld().NewCustomer({"--no-client-access"});
  CheckErrors(TheWorld().Ask(pair, "GET", kList), 403);
  CheckErrors(TheWorld().Ask(pair, "GET", "/api/client/nothing"), 403);
  CheckErrors(TheWorld().Ask(pair, "DELETE", kList), 403);
  CheckErrors(TheWorld().Ask(pair, "POST", "/api/client/vps/1/start"), 403);
  BOOST_TEST(TheWorld().Ask(pair, "GET", kList).reason == "Forbidden");
}

BOOST_AUTO_TEST_CASE(AReadOnlyPairLooksAndDoesNotAct) {
  const Customer customer;
  TheWorld().Sql("UPDATE api_tokens SET read_only = 1 WHERE public_token = ?", {customer.pair.public_token});
  BOOST_TEST(customer.Ask("GET", "/status").status == 200);
  BOOST_TEST(TheWorld().Ask(customer.pair, "GET", kList).status == 200);
  for (const char* action : {"/start", "/stop", "/restart"}) CheckErrors(customer.Ask("POST", action), 403);
  CheckErrors(TheWorld().Ask(customer.pair, "POST", "/api/client/vps/99999999/start"), 404);
  CheckErrors(customer.Ask("GET", "/start"), 405);
}

BOOST_AUTO_TEST_CASE(UnknownPathsAreNotFound) {
  const Customer customer;
  const std::string id = customer.vps;
  for (const std::string& target : {std::string("/api/client"),
                                    std::string("/api/client/"),
                                    std::string("/api/client/vps"),
                                    std::string("/api/client/vps/"),
                                    std::string("/api/client/vps/list/"),
                                    std::string("/api/client//vps/list"),
                                    std::string("/api/client/vps/%6cist"),
                                    std::string("/api/client/vps/list%2f"),
                                    std::string("/api//client/vps/list"),
                                    std::string("/api/client/./vps/list"),
                                    std::string("/api/client/x/../vps/list"),
                                    std::string("/api/client/vps/LIST"),
                                    std::string("/api/client/user/list"),
                                    "/api/client/vps/0" + id,
                                    "/api/client/vps/0" + id + "/status",
                                    "/api/client/vps/+" + id + "/status",
                                    "/api/client/vps/%3" + id + "/status",
                                    "/api/client/vps/" + id + "/",
                                    "/api/client/vps/" + id + "/status/",
                                    "/api/client/vps/" + id + "/destroy",
                                    "/api/client/vps/" + id + "/status/x",
                                    "/api/client/vps/" + id + ".0/status",
                                    std::string("/api/client/vps/-1/status"),
                                    std::string("/api/client/vps/1e1/status"),
                                    std::string("/api/client/vps/18446744073709551616/status"),
                                    std::string("/%61pi/client/vps/list")}) {
    BOOST_TEST_CONTEXT(target) {
      CheckErrors(TheWorld().Ask(customer.pair, "GET", target), 404);
    }
  }
}

BOOST_AUTO_TEST_CASE(AVpsThatIsNotThereAndOneOfSomebodyElseLookTheSame) {
  const Customer mine;
  const Customer other;
  for (const char* rest : {"", "/status"}) {
    const HttpAnswer absent =
        TheWorld().Ask(mine.pair, "GET", std::string("/api/client/vps/18446744073709551615") + rest);
    const HttpAnswer foreign = TheWorld().Ask(mine.pair, "GET", other.Path(rest));
    CheckErrors(absent, 404);
    CheckErrors(foreign, 404);
    BOOST_TEST(absent.body == foreign.body);
  }
  for (const char* rest : {"/start", "/stop", "/restart"})
    CheckErrors(TheWorld().Ask(mine.pair, "POST", other.Path(rest)), 404);
}

BOOST_AUTO_TEST_CASE(WrongMethodsAreNotAllowedAndTheAnswerSaysWhichAre) {
  const Customer customer;
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "FOO"}) {
    for (const std::string& path : {std::string(kList), customer.Path(""), customer.Path("/status")}) {
      const HttpAnswer answer = TheWorld().Ask(customer.pair, method, path);
      BOOST_TEST_CONTEXT(method << " " << path) {
        CheckErrors(answer, 405);
      }
      BOOST_TEST(answer.Header("allow") == "GET, HEAD");
    }
  }
  for (const char* method : {"GET", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
    for (const char* rest : {"/start", "/stop", "/restart"}) {
      const HttpAnswer answer = customer.Ask(method, rest);
      CheckErrors(answer, 405);
      BOOST_TEST(answer.Header("allow") == "POST");
    }
  }
}

BOOST_AUTO_TEST_CASE(NothingShowsBeforeThePairIsJudged) {
  for (const char* target : {"/api/client/vps/list", "/api/client/nothing", "/api/client/vps/1/start",
                             "/api/client", "/api/client/vps/0/status"}) {
    for (const char* method : {"GET", "POST", "DELETE"}) {
      const HttpAnswer answer = TheWorld().Send({method, target, {}, ""});
      BOOST_TEST_CONTEXT(method << " " << target) {
        BOOST_TEST(answer.status == 401);
        BOOST_TEST(answer.body == kBadPair);
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(TheMethodIsJudgedBeforeTheVps) {
  const Customer customer;
  CheckErrors(TheWorld().Ask(customer.pair, "DELETE", "/api/client/vps/99999999/status"), 405);
  CheckErrors(TheWorld().Ask(customer.pair, "GET", "/api/client/vps/99999999/start"), 405);
  CheckErrors(TheWorld().Ask(customer.pair, "DELETE", "/api/client/vps/x/status"), 404);
}

BOOST_AUTO_TEST_CASE(EveryRequestHasAnIdOfItsOwnWhateverTheClientSends) {
  const Customer customer;
  Headers headers = customer.pair.Both();
  headers.emplace_back("X-Request-Id", "forged");
  headers.emplace_back("Request-Id", "forged");
  const HttpAnswer first = TheWorld().Send({"GET", kList, headers, ""});
  const HttpAnswer second = TheWorld().Send({"GET", kList, headers, ""});
  CheckCommonHeaders(first);
  BOOST_TEST(first.Header("x-request-id") != second.Header("x-request-id"));
}

BOOST_AUTO_TEST_CASE(WhatNginxItselfRefusesHasTheSameForm) {
  const Customer customer;
  CheckErrors(
      TheWorld().Send({"POST", customer.Path("/start"), customer.pair.Both(), std::string(70000, 'x')}), 413);
  CheckErrors(TheWorld().Ask(customer.pair, "GET", "/api/client/" + std::string(40000, 'a')), 414);
  CheckErrors(TheWorld().Send({"GET", kList, {{"X-Long", std::string(40000, 'a')}}, ""}), 400);
  CheckErrors(TheWorld().Ask(customer.pair, "TRACE", kList), 405);
  CheckErrors(TheWorld().Ask(customer.pair, "GET", "/api/client/%zz"), 400);
}

BOOST_AUTO_TEST_CASE(TheHostsOtherPagesAreLeftAlone) {
  for (const char* target : {"/", "/api/clientx", "/api/clien", "/apiclient/"}) {
    const HttpAnswer answer = TheWorld().Send({"GET", target, {}, ""});
    BOOST_TEST(answer.Header("content-type") != "application/json", target);
  }
  BOOST_TEST(TheWorld().Send({"GET", "/" + std::string(40000, 'a'), {}, ""}).Header("content-type") !=
             "application/json");
}

BOOST_AUTO_TEST_CASE(SuspendedAndTerminatedComeFromTheDatabaseAndRefuseEveryAction) {
  const Customer customer;
  const auto check = [&](const char* word) {
    BOOST_TEST(TheWorld().Condition(customer.pair, customer.vps) == word);
    BOOST_TEST(TheWorld().StatusMember(customer.pair, customer.vps, "ram_used") == "0");
    for (const char* rest : {"/start", "/stop", "/restart"}) {
      const HttpAnswer answer = customer.Ask("POST", rest);
      CheckErrors(answer, 500);
      BOOST_TEST(answer.body.find(word) != std::string::npos);
    }
    BOOST_TEST(TheWorld().Ask(customer.pair, "GET", kList).body.find("\"id\": \"" + customer.vps + "\"") !=
               std::string::npos);
  };
  TheWorld().Run({"vps", "suspend", customer.vps});
  check("suspended");
  TheWorld().Run({"vps", "terminate", customer.vps, "--yes"});
  check("terminated");
}

BOOST_AUTO_TEST_CASE(AnUnreachableNodeIsUnknownForAStatusAnd503ForAnAction) {
  const Customer customer;
  BOOST_TEST(TheWorld().Condition(customer.pair, customer.vps) == "unknown");
  BOOST_TEST(TheWorld().StatusMember(customer.pair, customer.vps, "ram_used") == "0");
  BOOST_TEST(TheWorld().StatusMember(customer.pair, customer.vps, "disk_used") == "0");
  for (const char* rest : {"/start", "/stop", "/restart"}) {
    const HttpAnswer answer = customer.Ask("POST", rest);
    CheckErrors(answer, 503);
    BOOST_TEST(answer.Has("retry-after"));
  }
}

BOOST_AUTO_TEST_SUITE_END()
