#include <boost/test/unit_test.hpp>
#include <string>

#include "lib/json/json.h"

using cvm::json::Document;
using cvm::json::Writer;

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(DocumentsAreOnOneLineWithBlanksAfterColonsAndCommas) {
  Writer writer;
  writer.BeginObject().Key("a").BeginArray().Text("x,y:z").Number(1).Null().Bool(true).EndArray();
  writer.Member("b", std::uint64_t{18446744073709551615u}).EndObject();
  BOOST_TEST(writer.Take() == R"({"a": ["x,y:z", 1, null, true], "b": "18446744073709551615"})");
}

BOOST_AUTO_TEST_CASE(StringsOfAnyKindComeOutAsValidJson) {
  const std::string text("q\" b\\ n\n t\t nul\0 \xc3\xa9 \xf0\x9f\x92\xa9 \\\":,", 29);
  Writer writer;
  writer.BeginArray().Text(text).Text("after").EndArray();
  const std::string json = writer.Take();
  const auto document = Document::Parse(json);
  BOOST_REQUIRE(document.ok());
  const auto elements = document->root().Elements();
  BOOST_TEST(*(*elements)[0].AsText() == text);
  BOOST_TEST(*(*elements)[1].AsText() == "after");
}

BOOST_AUTO_TEST_CASE(BytesThatAreNoUtf8BecomeTheReplacementCharacter) {
  Writer writer;
  writer.Text("a\xff\xc3z\xe2\x82");
  BOOST_TEST(writer.Take() == "\"a\xef\xbf\xbd\xef\xbf\xbdz\xef\xbf\xbd\xef\xbf\xbd\"");
}

BOOST_AUTO_TEST_CASE(IntegersKeepEveryDigit) {
  const auto document = Document::Parse(R"({"limit": 9223372036854775807, "most": 18446744073709551615})");
  BOOST_REQUIRE(document.ok());
  BOOST_TEST((document->root().Member("limit")->AsU64() == 9223372036854775807u));
  BOOST_TEST((document->root().Member("most")->AsU64() == 18446744073709551615u));
}

BOOST_AUTO_TEST_CASE(AValueOfAnotherTypeSaysNothing) {
  const auto document =
      Document::Parse(R"({"a": -1, "b": 1.5, "c": "x", "d": null, "e": 18446744073709551616})");
  BOOST_REQUIRE(document.ok());
  const auto root = document->root();
  for (const char* name : {"a", "b", "c", "d", "e"}) BOOST_TEST(!root.Member(name)->AsU64(), name);
  BOOST_TEST(!root.AsText());
  BOOST_TEST(!root.Elements());
  BOOST_TEST(!root.Member("absent"));
  BOOST_TEST(!root.Member("c")->Member("x"));
  BOOST_TEST(root.Member("d")->IsNull());
}

BOOST_AUTO_TEST_CASE(WhatIsNotExactlyOneValueIsRefused) {
  for (const char* text :
       {"", " ", "{", "[1,]", "[1] [2]", "{\"a\" 1}", "nul", "[\"\xff\"]", "[\"say \"hi\"\"]", "\"open"}) {
    BOOST_TEST(!Document::Parse(text).ok(), "'" << text << "' was taken");
  }
}

BOOST_AUTO_TEST_CASE(DeepNestingCostsNoStack) {
  const std::size_t depth = 2000000;
  const std::string text = std::string(depth, '[') + std::string(depth, ']');
  BOOST_TEST(Document::Parse(text).ok());
  BOOST_TEST(!Document::Parse(std::string(depth, '[')).ok());
}

BOOST_AUTO_TEST_SUITE_END()
