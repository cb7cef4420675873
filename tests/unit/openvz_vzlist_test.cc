#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "lib/json/json.h"
#include "lib/node/vzlist.h"

using cvm::base::Ctid;
using cvm::node::ParseVzlist;

namespace {

// What each recorded answer holds: so many containers, or (-1) no answer.
const std::map<std::string, int> kRecorded = {
    {"f-j-o", 6},         {"f-j-o-101", 1},        {"f-j-o-102", 1},         {"f-j-o-103", 1},
    {"f-j-101", 1},       {"f-j-102", 1},          {"f-j-103", 1},           {"f-j-104", 0},
    {"f-j-106", 1},       {"f-j-108", 1},          {"f-j-999", 0},           {"f-j-101-999", 1},
    {"f-j-web", 1},       {"f-j-badname", -1},     {"f-j-suffix", -1},       {"f-a-j", 6},
    {"f-norunning-j", 0}, {"f-nofairsched-j", -1}, {"f-nofairsched-j-o", 1}, {"f-noquota-j", 1},
    {"f-nodisklimit", 1}, {"f-ploop", 1},          {"f-j-escape", -1},       {"n-vzlist-a-j", -1},
    {"k-j-o-101", 1},     {"k-j-o-102", 1},        {"k-j-101", 1},           {"k-j-999", 0},
};

// Those that were asked for other fields: the container that they name has no proper row.
const std::map<std::string, std::uint64_t> kOtherFields = {{"f-j-101-999", 101}, {"f-j-web", 106}};

std::string ReadRecordings() {
  const auto path = std::filesystem::absolute(__FILE__).parent_path() / "openvz_vzlist.json";
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

std::string Entry(const std::string& ctid, const std::string& rest) {
  return "[{\"ctid\":" + ctid + "," + rest + "}]";
}

Ctid Number(std::uint64_t number) {
  return *Ctid::FromNumber(number);
}

const std::string kRest = R"("status":"running","physpages":{"held":2},"diskspace":{"usage":3})";

}  // namespace

BOOST_AUTO_TEST_SUITE(openvz_vzlist)

BOOST_AUTO_TEST_CASE(EveryRecordedAnswerIsReadOrRefusedAsAWhole) {
  const auto document = cvm::json::Document::Parse(ReadRecordings());
  BOOST_REQUIRE(document.ok());
  const auto recordings = document->root().Elements();
  BOOST_REQUIRE(recordings);
  BOOST_TEST(recordings->size() == kRecorded.size());
  for (const auto& recording : *recordings) {
    const std::string name(*recording.Member("name")->AsText());
    BOOST_TEST_CONTEXT(name) {
      const auto rows = ParseVzlist(*recording.Member("stdout")->AsText());
      BOOST_TEST((rows.ok() ? static_cast<int>(rows->size()) : -1) == kRecorded.at(name));
      const auto other = kOtherFields.find(name);
      if (!rows.ok() || other == kOtherFields.end()) continue;
      const auto row = rows->Find(Number(other->second));
      BOOST_TEST((!row.ok() || !(**row).doubt.empty()));
    }
  }
}

BOOST_AUTO_TEST_CASE(FiguresAndStatesAreReadExactly) {
  const auto rows = ParseVzlist(R"([
    {"ctid": 101, "status": "running", "physpages": {"held": 18446744073709551615}, "diskspace": {"usage": 7}},
    {"ctid": 102, "status": "stopped", "physpages": null, "diskspace": null},
    {"ctid": 103, "status": "mounted", "physpages": {"held": 0}, "diskspace": {"usage": 402116}},
    {"ctid": 105, "status": "suspended", "physpages": {"held": 0}, "diskspace": {"usage": 0}}])");
  BOOST_REQUIRE(rows.ok());
  BOOST_TEST(rows->size() == 4U);
  const auto row = [&](std::uint64_t ctid) { return **rows->Find(Number(ctid)); };
  BOOST_TEST(row(101).running);
  BOOST_TEST(row(101).held_pages == 18446744073709551615U);
  BOOST_TEST(row(101).used_blocks == 7U);
  BOOST_TEST(!row(102).running);
  BOOST_TEST(!row(103).running);
  BOOST_TEST(row(103).used_blocks == 402116U);
  BOOST_TEST(!row(105).running);
}

BOOST_AUTO_TEST_CASE(NoContainersIsAnAnswer) {
  for (const char* text : {"[]", "[\n]\n"}) {
    const auto rows = ParseVzlist(text);
    BOOST_REQUIRE(rows.ok());
    BOOST_TEST(rows->empty());
  }
}

BOOST_AUTO_TEST_CASE(WhatIsNoListIsRefused) {
  BOOST_REQUIRE(ParseVzlist(Entry("1", kRest)).ok());
  const std::string bad[] = {
      "",
      " ",
      "null",
      "{}",
      "7",
      "\"running\"",
      "[",
      "[]]",
      "[] []",
      "[],",
      "Container(s) not found",
      std::string(100000, '['),
      std::string("[]\0", 3),
      "[" + kRest + "]",
      "warning\n" + Entry("1", kRest),
      Entry("1", kRest) + "warning\n",
      Entry("1", kRest).substr(0, 40),
  };
  for (const std::string& text : bad) {
    const auto rows = ParseVzlist(text);
    BOOST_TEST(!rows.ok(), text.substr(0, 200));
    if (!rows.ok()) BOOST_TEST((rows.error().code == cvm::base::ErrorCode::kInternal));
  }
}

// A row stands between two good ones: theirs are read all the same.
std::string Between(const std::string& list) {
  const auto good = [](const char* ctid) { return std::string(R"({"ctid":)") + ctid + "," + kRest + "}"; };
  return "[" + good("7") + "," + list.substr(1, list.size() - 2) + "," + good("8") + "]";
}

BOOST_AUTO_TEST_CASE(ARowThatIsNotAsItMustBeHarmsItsOwnContainerAlone) {
  const std::string bad[] = {
      Entry("1", R"("status":"Running","physpages":{"held":2},"diskspace":{"usage":3})"),
      Entry("1", R"("status":"running ","physpages":{"held":2},"diskspace":{"usage":3})"),
      Entry("1", R"("status":"","physpages":{"held":2},"diskspace":{"usage":3})"),
      Entry("1", R"("status":null,"physpages":{"held":2},"diskspace":{"usage":3})"),
      Entry("1", R"("status":1,"physpages":{"held":2},"diskspace":{"usage":3})"),
      Entry("1", R"("physpages":{"held":2},"diskspace":{"usage":3})"),
      Entry("1", kRest + R"(},{"ctid":1,)" + kRest),
  };
  for (const std::string& text : bad) {
    BOOST_TEST_CONTEXT(text) {
      const auto rows = ParseVzlist(Between(text));
      BOOST_REQUIRE(rows.ok());
      BOOST_TEST(rows->size() == 3U);
      for (const std::uint64_t good : {7U, 8U}) BOOST_TEST((**rows->Find(Number(good))).held_pages == 2U);
      const auto row = rows->Find(Number(1));
      BOOST_REQUIRE(!row.ok());
      BOOST_TEST((row.error().code == cvm::base::ErrorCode::kInternal));
      BOOST_TEST(!rows->Find(Number(9))->has_value());
    }
  }
}

BOOST_AUTO_TEST_CASE(ARowWithFiguresThatAreNotAsTheyMustBeSaysWhetherItRuns) {
  const std::string bad[] = {
      Entry("1", R"("status":"running","physpages":{"held":-1},"diskspace":{"usage":3})"),
      Entry("1", R"("status":"running","physpages":{"held":"2"},"diskspace":{"usage":3})"),
      Entry("1", R"("status":"running","physpages":{"held":2.5},"diskspace":{"usage":3})"),
      Entry("1", R"("status":"running","physpages":{"held":null},"diskspace":{"usage":3})"),
      Entry("1", R"("status":"running","physpages":{},"diskspace":{"usage":3})"),
      Entry("1", R"("status":"running","physpages":2,"diskspace":{"usage":3})"),
      Entry("1", R"("status":"running","physpages":[2],"diskspace":{"usage":3})"),
      Entry("1", R"("status":"running","diskspace":{"usage":3})"),
      Entry("1", R"("status":"running","physpages":{"held":2})"),
      Entry("1", R"("status":"running","physpages":{"held":2},"diskspace":{"softlimit":3})"),
      Entry("1", R"("status":"running","physpages":{"held":2},"diskspace":{"usage":18446744073709551616})"),
  };
  for (const std::string& text : bad) {
    BOOST_TEST_CONTEXT(text) {
      const auto rows = ParseVzlist(Between(text));
      BOOST_REQUIRE(rows.ok());
      for (const std::uint64_t good : {7U, 8U}) BOOST_TEST((**rows->Find(Number(good))).doubt.empty());
      const auto row = rows->Find(Number(1));
      BOOST_REQUIRE((row.ok() && row->has_value()));
      BOOST_TEST((**row).running);
      BOOST_TEST(!(**row).doubt.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(WhereARowIsOfNobodyKnownWhoHasNoneIsNotSaidToBeMissing) {
  const std::string bad[] = {
      "[7]",
      "[null]",
      "[[]]",
      "[{}]",
      Entry("\"101\"", kRest),
      Entry("0", kRest),
      Entry("-1", kRest),
      Entry("1.0", kRest),
      Entry("1e2", kRest),
      Entry("2147483648", kRest),
      Entry("18446744073709551617", kRest),
      Entry("null", kRest),
      "[" + Entry("1", kRest) + "]",
  };
  for (const std::string& text : bad) {
    BOOST_TEST_CONTEXT(text) {
      const auto rows = ParseVzlist(Between(text));
      BOOST_REQUIRE(rows.ok());
      for (const std::uint64_t good : {7U, 8U}) BOOST_TEST((**rows->Find(Number(good))).running);
      BOOST_TEST(!rows->Find(Number(1)).ok());
      BOOST_TEST(!ParseVzlist(text)->empty());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
