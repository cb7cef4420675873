// What a token pair may do and from where, through the real nginx.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>
#include <thread>

#include "lib/base/deadline.h"
#include "tests/support/await.h"
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

}  // namespace

BOOST_AUTO_TEST_SUITE(tokens)

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
