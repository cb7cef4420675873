// What a token pair may do and from where, through the real nginx.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lib/auth/auth.h"
#include "lib/base/deadline.h"
#include "lib/base/secret.h"
#include "lib/db/db.h"
#include "tests/support/await.h"
#include "tests/support/program.h"
#include "tests/support/text.h"
#include "tests/support/world.h"

using namespace cvm::test;  // NOLINT: tests

namespace {

constexpr char kList[] = "/api/client/vps/list";

int StatusOf(const Pair& pair, Headers more = {}) {
  Headers headers = pair.Both();
  headers.insert(headers.end(), more.begin(), more.end());
  return static_cast<int>(TheWorld().Send({"GET", kList, headers, ""}).status);
}

std::string Shown(const Pair& pair, const std::string& member) {
  const auto shown = ParseJson(TheWorld().Run({"token", "show", pair.public_token}));
  const auto value = shown.root().Member(member);
  BOOST_REQUIRE(value);
  return std::string(value->AsText().value_or(""));
}

// A panel: its own account, and what the handbook gives it to run.
class Panel {
 public:
  void Run(const std::string& word, const std::vector<std::pair<std::string, std::string>>& values) {
    const std::string sql = SqlOfTheHandbook(word, values);
    const auto done = pool_.Run(cvm::base::Deadline::In(std::chrono::seconds(30)),
                                [&](cvm::db::Session& session) { session.RunScriptStatement(sql); });
    BOOST_REQUIRE_MESSAGE(done.ok(), sql << ": " << (done.ok() ? "" : done.error().message));
  }

 private:
  static cvm::db::Settings Account() {
    const std::string password = ReadFile(StackDir() + "/etc/panel.password");
    cvm::db::Settings settings;
    settings.servers = {RequireEnv("CVM_TEST_DB_SOCKET")};
    settings.user = "cvm_panel";
    settings.password = cvm::base::Secret(password.substr(0, password.find('\n')));
    settings.connections = 1;
    return settings;
  }

  cvm::db::Pool pool_{Account()};
};

std::string Quoted(const std::string& text) {
  return "'" + text + "'";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(tokens)

BOOST_AUTO_TEST_CASE(APairThatAPanelIssuesIsGoodAtOnceAndOneThatItRevokesIsNot) {
  const std::string user = TheWorld().NewCustomer().user;
  const cvm::auth::NewPair made = cvm::auth::MakePair();
  const Pair pair{user, made.public_token, made.private_token.Reveal()};
  BOOST_TEST(StatusOf(pair) == 401);
  Panel panel;
  panel.Run("panel-issue", {{"public_token", Quoted(pair.public_token)},
                            {"private_hash", Quoted(cvm::auth::HashPrivateToken(pair.private_token))},
                            {"label", "'from the panel'"},
                            {"expires_at", "NULL"},
                            {"user", Quoted(user)}});
  BOOST_TEST(StatusOf(pair) == 200);
  BOOST_TEST(StatusOf({user, pair.public_token, "wrong"}) == 401);
  panel.Run("panel-list", {{"user", Quoted(user)}});
  panel.Run("panel-revoke", {{"public_token", Quoted(pair.public_token)}});
  BOOST_TEST(StatusOf(pair) == 401);
}

BOOST_AUTO_TEST_CASE(APairIsGoodFromItsNetworks) {
  BOOST_TEST(StatusOf(TheWorld().NewCustomer({"--allow-from", "127.0.0.0/8", "2001:db8::/32"})) == 200);
  BOOST_TEST(StatusOf(TheWorld().NewCustomer({"--allow-from", "::ffff:127.0.0.0/104"})) == 200);
  BOOST_TEST(StatusOf(TheWorld().NewCustomer({"--allow-from", "192.0.2.0/24"})) == 401);
  BOOST_TEST(StatusOf(TheWorld().NewCustomer({"--allow-from", "2001:db8::/32"})) == 401);
}

BOOST_AUTO_TEST_CASE(AHeaderThatNamesAnotherAddressChangesNothing) {
  const Pair elsewhere = TheWorld().NewCustomer({"--allow-from", "192.0.2.0/24"});
  const Pair here = TheWorld().NewCustomer({"--allow-from", "127.0.0.1"});
  for (const char* header : {"X-Forwarded-For", "X-Real-IP", "Forwarded", "Client-IP", "Remote-Addr",
                             "True-Client-IP", "REMOTE_ADDR"}) {
    const std::string value = std::string(header) == "Forwarded" ? "for=192.0.2.1" : "192.0.2.1";
    BOOST_TEST(StatusOf(elsewhere, {{header, value}}) == 401, header);
    BOOST_TEST(StatusOf(here, {{header, value}}) == 200, header);
  }
}

BOOST_AUTO_TEST_CASE(APairEndsWhenItIsTold) {
  const Pair pair = TheWorld().NewCustomer({"--expires", "2s"});
  BOOST_TEST(StatusOf(pair) == 200);
  BOOST_TEST(Eventually([&] { return StatusOf(pair) == 401; }));
  BOOST_TEST(Shown(pair, "state") == "expired");
}

BOOST_AUTO_TEST_CASE(ARotatedPairWorksBesideTheOldOneUntilThatIsRevoked) {
  const Pair old = TheWorld().NewCustomer();
  const auto made = ParseJson(TheWorld().Run({"token", "rotate", old.public_token}));
  const Pair fresh{old.user, std::string(*made.root().Member("public_token")->AsText()),
                   std::string(*made.root().Member("private_token")->AsText())};
  BOOST_TEST(StatusOf(old) == 200);
  BOOST_TEST(StatusOf(fresh) == 200);
  TheWorld().Run({"token", "revoke", old.public_token});
  BOOST_TEST(StatusOf(old) == 401);
  BOOST_TEST(StatusOf(fresh) == 200);
}

BOOST_AUTO_TEST_CASE(AUseShowsSoonAndAnInvalidOneNever) {
  const Pair pair = TheWorld().NewCustomer();
  const Pair elsewhere = TheWorld().NewCustomer({"--allow-from", "192.0.2.0/24"});
  BOOST_TEST(StatusOf(elsewhere) == 401);
  BOOST_TEST(StatusOf({"", pair.public_token, "wrong"}) == 401);
  BOOST_TEST(Shown(pair, "last_used_at").empty());
  BOOST_TEST(StatusOf(pair, {{"X-Forwarded-For", "192.0.2.1"}}) == 200);
  BOOST_TEST(Eventually([&] { return Shown(pair, "last_used_from") == "127.0.0.1"; }));
  BOOST_TEST(Shown(elsewhere, "last_used_at").empty());
}

BOOST_AUTO_TEST_SUITE_END()
