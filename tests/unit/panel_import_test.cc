// A panel's values and rows as ours, without a database.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

#include "lib/panel_import/import.h"
#include "lib/panel_import/mapping.h"
#include "lib/panel_import/plan.h"
#include "lib/panel_import/values.h"

using namespace cvm::panel_import;  // NOLINT: a test of this one namespace

namespace {

const std::string kHash(43, 'a');

PanelContainer Container(const std::string& id) {
  PanelContainer c;
  c.id = id;
  c.type = "1";
  c.ctid = id;
  c.node = "1";
  c.user = "1";
  c.hostname = "h";
  c.disk = c.ram = c.cpus = "1";
  c.status = "4";
  return c;
}

Panel SmallPanel() {
  Panel panel;
  panel.shows_terminated = true;
  panel.users = {{"1", "jane", std::nullopt}};
  panel.nodes = {{"1", "alpha", "h", "22", "root", "0", std::nullopt, std::nullopt}};
  return panel;
}

Wanted MapOf(const Panel& panel, const std::string& salt = "salt") {
  return Map(panel, cvm::base::Secret(salt), Ours(), true);
}

// The values of the one container of a panel; nothing where it was not taken over.
std::optional<std::vector<Text>> MappedContainer(const PanelContainer& container) {
  Panel panel = SmallPanel();
  panel.containers = {container};
  const Wanted wanted = MapOf(panel);
  if (wanted.records[kVpses].empty()) {
    BOOST_TEST(wanted.notes.size() == 1u);
    return std::nullopt;
  }
  return wanted.records[kVpses].front().values;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(panel_import)

BOOST_AUTO_TEST_CASE(NumbersAreWholeAndInRangeAndNullIsNone) {
  BOOST_TEST(NumberOf(std::nullopt, 9).value() == 0u);
  BOOST_TEST(NumberOf("", 9).value() == 0u);
  BOOST_TEST(NumberOf("9", 9).value() == 9u);
  for (const char* bad : {"10", "-1", "1.5", " 1", "01", "x", "1e3", "99999999999999999999999"}) {
    BOOST_TEST(!NumberOf(bad, 9), bad);
  }
}

BOOST_AUTO_TEST_CASE(LinesAreMadeCleanAndCutBetweenCharacters) {
  BOOST_TEST(LineOf(std::nullopt, 9) == "");
  BOOST_TEST(LineOf("  a\tb\n ", 9) == "a b");
  BOOST_TEST(LineOf("   ", 9) == "");
  BOOST_TEST(LineOf("\xc3\xa9\xc3\xa9", 3) == "\xc3\xa9");
  BOOST_TEST(LineOf("a\xff", 9) == "a");
  BOOST_TEST(LineOf("a\xe2\x80\xaez", 9) == "a z");
  BOOST_TEST(LineOf("abcd", 3) == "abc");
}

BOOST_AUTO_TEST_CASE(AKeysNameIsTheLastPartOfItsPathWhereThatCanBeOne) {
  BOOST_TEST(KeyNameOf("/etc/cvm/node.key").value() == "node.key");
  BOOST_TEST(KeyNameOf("id_rsa").value() == "id_rsa");
  for (const char* bad : {"", "/etc/cvm/", "/etc/.hidden", "/etc/-x", "/etc/a b", "/etc/a;b"}) {
    BOOST_TEST(!KeyNameOf(bad), bad);
  }
  BOOST_TEST(!KeyNameOf(std::nullopt));
}

BOOST_AUTO_TEST_CASE(EachStatusHasItsState) {
  const struct {
    const char* status;
    Text terminated;
    const char* state;  // nullptr: not taken over
  } rows[] = {{"1", "0", "active"},     {"2", "0", "active"},     {"3", std::nullopt, "active"},
              {"4", "0", "active"},     {"5", "0", "active"},     {"6", "0", "suspended"},
              {"7", "0", "terminated"}, {"4", "1", "terminated"}, {"6", "1", "terminated"},
              {"0", "0", nullptr},      {"8", "0", nullptr},      {"-1", "0", nullptr},
              {"4", "2", nullptr}};
  for (const auto& row : rows) {
    PanelContainer container = Container("5");
    container.status = row.status;
    container.terminated = row.terminated;
    const auto values = MappedContainer(container);
    BOOST_TEST(values.has_value() == (row.state != nullptr), row.status);
    if (values) BOOST_TEST(*values->at(vps_row::kState) == row.state);
  }
}

BOOST_AUTO_TEST_CASE(ATotalLimitMeansCombinedAccountingAndNoneSplit) {
  PanelContainer container = Container("5");
  container.in_limit = "7";
  container.out_limit = "8";
  auto values = MappedContainer(container);
  BOOST_REQUIRE(values);
  BOOST_TEST(*values->at(vps_row::kAccounting) == "split");
  BOOST_TEST((*values->at(vps_row::kInLimit) == "7" && *values->at(vps_row::kOutLimit) == "8"));
  container.total_limit = "9";
  values = MappedContainer(container);
  BOOST_REQUIRE(values);
  BOOST_TEST(*values->at(vps_row::kAccounting) == "combined");
  BOOST_TEST((*values->at(vps_row::kLimit) == "9" && *values->at(vps_row::kInLimit) == "0"));
}

BOOST_AUTO_TEST_CASE(ImpossibleSizesAreNotTakenOver) {
  const struct {
    Text PanelContainer::*member;
    const char* bad;
  } rows[] = {{&PanelContainer::ram, "-1"},       {&PanelContainer::ram, "1073741825"},
              {&PanelContainer::disk, "x"},       {&PanelContainer::burst, "-5"},
              {&PanelContainer::cpus, "65537"},   {&PanelContainer::in_used, "-1"},
              {&PanelContainer::out_limit, "-1"}, {&PanelContainer::total_limit, "9223372036854775808"},
              {&PanelContainer::ctid, "0"},       {&PanelContainer::ctid, "2147483648"},
              {&PanelContainer::ctid, "101 "},    {&PanelContainer::ctid, "../1"},
              {&PanelContainer::type, "2"},       {&PanelContainer::user, "2"},
              {&PanelContainer::node, "-1"}};
  for (const auto& row : rows) {
    PanelContainer container = Container("5");
    container.*row.member = row.bad;
    BOOST_TEST(!MappedContainer(container), row.bad);
  }
}

BOOST_AUTO_TEST_CASE(OfTwoEqualContainersOrTokensNeitherIsTakenOver) {
  Panel panel = SmallPanel();
  panel.containers = {Container("5"), Container("6"), Container("7")};
  panel.containers[1].ctid = "5";
  panel.containers.push_back(Container("8"));
  panel.containers[3].ctid = "7";
  panel.containers[3].status = "7";  // a terminated one holds no container
  panel.keys = {{"1", "1", "1", "same", kHash, "x"},
                {"2", "1", "1", "same", kHash, "x"},
                {"3", "1", "1", "Same", kHash, "x"}};
  const Wanted wanted = MapOf(panel);
  BOOST_TEST(wanted.records[kVpses].size() == 2u);
  BOOST_TEST(wanted.records[kTokens].size() == 1u);
  BOOST_TEST(wanted.notes.size() == 4u);
}

BOOST_AUTO_TEST_CASE(ThePlanIsEmptyWhereEverythingIsAsItShouldBe) {
  Panel panel = SmallPanel();
  panel.containers = {Container("5")};
  const Wanted wanted = MapOf(panel);
  Ours ours;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (const Record& record : wanted.records[kind]) ours[kind][record.id] = {true, false, record.values};
  }
  const Plan plan = MakePlan(wanted, ours, Periods());
  BOOST_TEST(plan.steps.empty());
  BOOST_TEST(plan.differences.empty());
  BOOST_TEST(plan.held.empty());
}

BOOST_AUTO_TEST_SUITE_END()
