#include <boost/test/unit_test.hpp>
#include <chrono>
#include <set>
#include <string>
#include <utility>

#include "lib/auth/auth.h"
#include "lib/auth/crypt.h"

using namespace cvm::auth;  // NOLINT: a test of this one namespace

namespace {

constexpr char kPublic[] = "0123456789abcdef0123456789abcdef";
constexpr char kPrivate[] = "a-private-token-of-some-forty-characters";

Token GoodToken() {
  Token token;
  token.id = 5;
  token.public_token = kPublic;
  token.private_hash = HashPrivateToken(kPrivate);
  token.hash_scheme = "sha256";
  token.client_access = true;
  return token;
}

Presented GoodPair() {
  return {{kPublic}, {kPrivate}, "192.0.2.7"};
}

Verdict VerdictOf(const Token& token, const Presented& presented) {
  CryptCheck check;
  const auto verdict = Judge(token, presented, check, cvm::base::Deadline::In(std::chrono::seconds(60)));
  BOOST_REQUIRE(verdict.ok());
  return *verdict;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(auth)

BOOST_AUTO_TEST_CASE(TheRightPairHasFullAccess) {
  BOOST_TEST((VerdictOf(GoodToken(), GoodPair()) == Verdict::kFull));
}

BOOST_AUTO_TEST_CASE(APairGivenTwiceOrNotAtAllIsNotLookedUp) {
  const std::string_view good = kPublic;
  const std::vector<std::vector<std::string_view>> bad = {
      {}, {""}, {good, good}, {"a,b"}, {"a b"}, {" a"}, {"a\t"}, {"\xc3\xa9"}, {std::string_view("a\0b", 3)}};
  for (const auto& values : bad) {
    BOOST_TEST(!LookupToken({values, {kPrivate}, ""}));
    BOOST_TEST(!LookupToken({{kPublic}, values, ""}));
  }
  const std::string longest(64, 'a');
  const std::string too_long(65, 'a');
  BOOST_TEST((LookupToken({{longest}, {longest}, ""}) == longest));
  BOOST_TEST(!LookupToken({{too_long}, {longest}, ""}));
  BOOST_TEST(!LookupToken({{longest}, {too_long}, ""}));
}

BOOST_AUTO_TEST_CASE(WhateverIsWrongWithAPairItIsNotValid) {
  const auto spoilt = [](auto spoil) {
    Token token = GoodToken();
    spoil(token);
    return VerdictOf(token, GoodPair());
  };
  BOOST_TEST((spoilt([](Token& t) { t.public_token += " "; }) == Verdict::kNotValid));
  BOOST_TEST((spoilt([](Token& t) { t.public_token[0] = 'X'; }) == Verdict::kNotValid));
  BOOST_TEST((spoilt([](Token& t) { t.private_hash = HashPrivateToken("another"); }) == Verdict::kNotValid));
  BOOST_TEST((spoilt([](Token& t) { t.private_hash = kPrivate; }) == Verdict::kNotValid));
  BOOST_TEST((spoilt([](Token& t) { t.private_hash = ""; }) == Verdict::kNotValid));
  BOOST_TEST((spoilt([](Token& t) { t.hash_scheme = "md5"; }) == Verdict::kNotValid));
  BOOST_TEST((spoilt([](Token& t) { t.expired = true; }) == Verdict::kNotValid));
  BOOST_TEST((spoilt([](Token& t) { t.revoked = true; }) == Verdict::kNotValid));
  BOOST_TEST((spoilt([](Token& t) { t.user_disabled = true; }) == Verdict::kNotValid));
  BOOST_TEST((spoilt([](Token& t) { t.has_networks = true; }) == Verdict::kNotValid));
}

BOOST_AUTO_TEST_CASE(APairIsGoodFromItsNetworksOnly) {
  Token token = GoodToken();
  token.has_networks = true;
  token.networks = {"198.51.100.0/24", "2001:db8::/32"};
  Presented pair = GoodPair();
  for (const auto& [address, verdict] : {std::pair{"198.51.100.9", Verdict::kFull},
                                         {"2001:db8::1", Verdict::kFull},
                                         {"::ffff:198.51.100.9", Verdict::kFull},
                                         {"198.51.101.9", Verdict::kNotValid},
                                         {"2001:db9::1", Verdict::kNotValid},
                                         {"", Verdict::kNotValid},
                                         {"unix:", Verdict::kNotValid}}) {
    pair.client_address = address;
    BOOST_TEST((VerdictOf(token, pair) == verdict), address);
  }
}

BOOST_AUTO_TEST_CASE(AValidPairMayLackAccessOrBeReadOnly) {
  Token token = GoodToken();
  token.read_only = true;
  BOOST_TEST((VerdictOf(token, GoodPair()) == Verdict::kReadOnly));
  token.client_access = false;
  BOOST_TEST((VerdictOf(token, GoodPair()) == Verdict::kNoAccess));
}

BOOST_AUTO_TEST_CASE(AddressesLieInNetworksByTheirLeadingBits) {
  struct Case {
    const char *address, *cidr;
    bool inside;
  };
  for (const Case& c : {Case{"10.0.0.1", "10.0.0.1", true},
                        {"10.0.0.1", "10.0.0.2", false},
                        {"10.1.2.3", "0.0.0.0/0", true},
                        {"10.0.0.127", "10.0.0.0/25", true},
                        {"10.0.0.128", "10.0.0.0/25", false},
                        {"10.0.0.1", "10.0.0.0/33", false},
                        {"10.0.0.1", "10.0.0.0/", false},
                        {"10.0.0.1", "10.0.0.0/08", false},
                        {"10.0.0.1", "/8", false},
                        {"10.0.0.1", "ten/8", false},
                        {"::1", "::/0", true},
                        {"::1", "::1/128", true},
                        {"::1", "::1/129", false},
                        {"10.0.0.1", "::ffff:10.0.0.0/104", true},
                        {"2001:db8::1", "0.0.0.0/0", false},
                        {"junk", "0.0.0.0/0", false}}) {
    BOOST_TEST(AddressInNetwork(c.address, c.cidr) == c.inside, c.address << " in " << c.cidr);
  }
}

BOOST_AUTO_TEST_CASE(NetworksAreStoredInOneForm) {
  struct Case {
    const char *cidr, *stored;
  };
  for (const Case& c : {Case{"192.0.2.0/24", "192.0.2.0/24"},
                        {"192.0.2.7", "192.0.2.7"},
                        {"192.0.2.7/32", "192.0.2.7"},
                        {"0.0.0.0/0", "0.0.0.0/0"},
                        {"2001:DB8:0::/32", "2001:db8::/32"},
                        {"2001:db8::1/128", "2001:db8::1"},
                        {"::ffff:192.0.2.0/120", "192.0.2.0/24"},
                        {"::/0", "::/0"}}) {
    const auto network = NormalNetwork(c.cidr);
    BOOST_REQUIRE_MESSAGE(network.ok(), c.cidr);
    BOOST_TEST(*network == c.stored);
  }
}

BOOST_AUTO_TEST_CASE(ANetworkWithBitsBehindItsPrefixIsRefusedAndTheOneMeantIsNamed) {
  for (const auto& [cidr, meant] : {std::pair("192.0.2.7/24", "192.0.2.0/24"),
                                    {"10.0.0.129/25", "10.0.0.128/25"},
                                    {"2001:db8::1/64", "2001:db8::/64"},
                                    {"192.0.2.7/0", "0.0.0.0/0"}}) {
    const auto network = NormalNetwork(cidr);
    BOOST_REQUIRE_MESSAGE(!network.ok(), cidr);
    BOOST_TEST(network.error().message.find(std::string("the network is ") + meant) != std::string::npos,
               network.error().message);
  }
  for (const char* cidr : {"", "ten", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/8/8", "10.0.0.0/-1"}) {
    BOOST_TEST(!NormalNetwork(cidr).ok(), cidr);
  }
}

BOOST_AUTO_TEST_CASE(MadePairsAreLongAndDiffer) {
  const NewPair a = MakePair();
  const NewPair b = MakePair();
  BOOST_TEST(a.public_token.size() == 32u);
  BOOST_TEST(a.private_token.Reveal().size() == 43u);
  BOOST_TEST(a.public_token != b.public_token);
  BOOST_TEST(a.private_token.Reveal() != b.private_token.Reveal());
  BOOST_TEST(LookupToken({{a.public_token}, {a.private_token.Reveal()}, ""}).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
