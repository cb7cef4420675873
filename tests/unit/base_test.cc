#include <boost/test/unit_test.hpp>
#include <limits>
#include <string>

#include "lib/base/crypto.h"
#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/base/text.h"

using namespace cvm::base;  // NOLINT: a test of this one namespace

BOOST_AUTO_TEST_SUITE(base)

BOOST_AUTO_TEST_CASE(PlainDecimalNumbersAreReadExactly) {
  BOOST_TEST((ParseU64("0") == 0u));
  BOOST_TEST((ParseU64("7") == 7u));
  BOOST_TEST((ParseU64("18446744073709551615") == std::numeric_limits<std::uint64_t>::max()));
}

BOOST_AUTO_TEST_CASE(AnythingButAPlainDecimalNumberIsRefused) {
  for (const char* text : {"", "00", "01", "+1", "-1", " 1", "1 ", "1.0", "1e3", "0x10", "abc", "1a",
                           "\xd9\xa1", "18446744073709551616", "99999999999999999999999"}) {
    BOOST_TEST(!ParseU64(text), "'" << text << "' was taken");
  }
  BOOST_TEST(!ParseU64(std::string_view("1\0", 2)));
}

BOOST_AUTO_TEST_CASE(SumsAndProductsStopAtTheLargestNumber) {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  BOOST_TEST(SaturatingAdd(1, 2) == 3u);
  BOOST_TEST(SaturatingAdd(kMost, 0) == kMost);
  BOOST_TEST(SaturatingAdd(kMost, 1) == kMost);
  BOOST_TEST(SaturatingAdd(kMost, kMost) == kMost);
  BOOST_TEST(SaturatingMultiply(3, 4096) == 12288u);
  BOOST_TEST(SaturatingMultiply(kMost / 4096 + 1, 4096) == kMost);
  BOOST_TEST(SaturatingMultiply(kMost, 0) == 0u);
}

BOOST_AUTO_TEST_CASE(Utf8IsRecognizedAndNothingElse) {
  for (const char* text :
       {"", "plain", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x92\xa9", "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}) {
    BOOST_TEST(IsUtf8(text));
  }
  for (const char* text : {"\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                           "\xf8\x88\x80\x80\x80", "a\xe2\x82", "\xff"}) {
    BOOST_TEST(!IsUtf8(text));
  }
}

BOOST_AUTO_TEST_CASE(ControlCharactersAreFoundWithTheOnesThatTurnTextAround) {
  for (const char* text : {"", "plain ~", "caf\xc3\xa9", "\xc2\xa0", "\xd8\x9b", "\xe2\x80\x8d",
                           "\xe2\x80\xaf", "\xe2\x81\xaa", "\xe3\x80\xae", "\xc2", "\xe2\x80"}) {
    BOOST_TEST(!HasControls(text), EscapeForLog(text));
  }
  for (const char* text :
       {"\x01", "a\n", "\x7f", "\xc2\x80", "\xc2\x9f", "a\xd8\x9c", "\xe2\x80\x8e", "a\xe2\x80\x8f",
        "\xe2\x80\xaa", "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x81\xa9z"}) {
    BOOST_TEST(HasControls(text), EscapeForLog(text));
  }
}

BOOST_AUTO_TEST_CASE(NothingInALogValueCanEndTheLine) {
  BOOST_TEST(EscapeForLog("a b") == "a b");
  BOOST_TEST(EscapeForLog("a\nb\x1b\"\\\xc3") == "a\\x0ab\\x1b\\x22\\x5c\\xc3");
}

BOOST_AUTO_TEST_CASE(AContainerIdIsANumberThatVzctlTakes) {
  BOOST_TEST((Ctid::Parse("101")->number() == 101u));
  BOOST_TEST((Ctid::Parse("2147483647")->text() == "2147483647"));
  for (const char* text :
       {"", "0", "-5", "2147483648", "0101", "web", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "101;reboot"}) {
    BOOST_TEST(!Ctid::Parse(text), "'" << text << "' was taken");
  }
}

BOOST_AUTO_TEST_CASE(ASecretMovesAndLeavesNothingBehind) {
  Secret first(std::string("swordfish"));
  Secret second = std::move(first);
  BOOST_TEST(first.empty());  // NOLINT: what is left of a moved-from secret is the point
  BOOST_TEST(second.Reveal() == "swordfish");
  static_assert(!std::is_copy_constructible_v<Secret>);
}

BOOST_AUTO_TEST_CASE(EqualityInConstantTimeIsEquality) {
  BOOST_TEST(EqualInConstantTime("", ""));
  BOOST_TEST(EqualInConstantTime("abc", "abc"));
  BOOST_TEST(!EqualInConstantTime("abc", "abd"));
  BOOST_TEST(!EqualInConstantTime("abc", "abcd"));
}

BOOST_AUTO_TEST_CASE(Sha256AndBase64AgreeWithTheirStandards) {
  BOOST_TEST(Hex(Sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  BOOST_TEST(Base64("foobar") == "Zm9vYmFy");
  BOOST_TEST(Base64("foob") == "Zm9vYg==");
  BOOST_TEST(Base64("") == "");
  BOOST_TEST(Base64Url("\xfb\xff\xfe") == "-__-");
  BOOST_TEST((DecodeBase64("Zm9vYg==") == "foob"));
}

BOOST_AUTO_TEST_CASE(MalformedBase64IsRefused) {
  for (const char* text :
       {"Zg", "Zg=", "Z===", "====", "Zm9v\n", " Zm9v", "Zm9v Zm9v", "Zh==", "Zm-_", "Zg==Zg=="}) {
    BOOST_TEST(!DecodeBase64(text), "'" << text << "' was taken");
  }
}

BOOST_AUTO_TEST_CASE(RandomBytesDiffer) {
  BOOST_TEST(RandomBytes(32).size() == 32u);
  BOOST_TEST(RandomBytes(32) != RandomBytes(32));
}

BOOST_AUTO_TEST_CASE(ADeadlineThatHasPassedLeavesNothing) {
  const auto past = Deadline::In(std::chrono::milliseconds(-5));
  BOOST_TEST(past.Passed());
  BOOST_TEST(past.Remaining().count() == 0);
  BOOST_TEST(past.Within(std::chrono::hours(1)).Passed());
  BOOST_TEST(!Deadline::In(std::chrono::hours(1)).Passed());
}

BOOST_AUTO_TEST_CASE(LinesAreBrokenAtBlanksAndALongWordStandsAlone) {
  BOOST_TEST(Wrapped("one two three", 7) == "one two\nthree\n");
  BOOST_TEST(Wrapped("a muchtoolong b", 5) == "a\nmuchtoolong\nb\n");
}

BOOST_AUTO_TEST_CASE(AResultIsAValueOrAnError) {
  const Result<int> good(7);
  const Result<int> bad(Error{ErrorCode::kNotFound, "gone"});
  BOOST_TEST(good.ok());
  BOOST_TEST(*good == 7);
  BOOST_TEST(!bad.ok());
  BOOST_TEST(bad.error().message == "gone");
  BOOST_TEST(Status().ok());
  BOOST_TEST(!Status(Error{ErrorCode::kInvalid, ""}).ok());
}

BOOST_AUTO_TEST_SUITE_END()
