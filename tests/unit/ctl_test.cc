// cvmctl without servers: its command line, its answers, its refusals.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <map>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

#include "lib/ctl/command.h"
#include "lib/ctl/exit_status.h"
#include "lib/ctl/output.h"
#include "lib/ctl/parse.h"
#include "lib/ctl/rules.h"
#include "lib/ctl/run.h"
#include "lib/json/json.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/text.h"

namespace cvm::ctl {
namespace {

using Words = std::vector<std::string>;

const std::string kKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

using cvm::test::Holds;

template <class T>
std::string MessageOf(const base::Result<T>& result) {
  return result.ok() ? "" : result.error().message;
}

struct Result {
  int status;
  std::string out, err;
};

Result RunCtl(const Words& words) {
  std::istringstream in;
  std::ostringstream out, err;
  Console console{in, out, err, false};
  const int status = Run(words, console);
  return {status, out.str(), err.str()};
}

// A value that each rule accepts.
const std::map<Rule, std::string>& Samples() {
  static const std::map<Rule, std::string> samples = {
      {NameRule, "alpha"},
      {NewNameRule, "alpha"},
      {LabelRule, ""},
      {DescriptionRule, "a template"},
      {EmailRule, "a@example.org"},
      {HostRule, "10.0.0.3"},
      {PortRule, "22"},
      {LoginRule, "cvm"},
      {HostKeyRule, kKey},
      {HostKeyOrFingerprintRule, kKey},
      {CtidRule, "101"},
      {HostnameRule, "example.org"},
      {SizeRule, "18446744073709551615"},
      {BytesRule, "18446744073709551615"},
      {SignedBytesRule, "-18446744073709551615"},
      {BillingDayRule, "31"},
      {DaysRule, "30"},
      {ReasonRule, "a leap"},
      {DatabaseRule, "cvm-panel_1"},
      {PathRule, "/etc/cvm/salt"},
      {IdRule, "1"},
      {BytePairRule, "1:18446744073709551615"},
      {PublicTokenRule, "-0123abcd"},
      {NetworkRule, "2001:db8::/32"},
      {MomentRule, "2027-01-31 18:00"},
      {SpanRule, "90d"},
      {LimitRule, "5"},
  };
  return samples;
}

bool IsAlternative(const Command& command, const Argument& argument) {
  const auto is_it = [&](const char* name) { return std::string(name) == argument.name; };
  return std::any_of(command.exactly_one.begin(), command.exactly_one.end(), is_it) ||
         std::any_of(command.at_most_one.begin(), command.at_most_one.end(), is_it);
}

// A command line for `command`: what it requires, or everything that it takes.
Words WordsFor(const Command& command, bool all) {
  Words words = {command.group, command.name};
  Words behind;
  bool alternative_taken = false;
  if (command.IsGroup()) words.pop_back();
  for (const Argument& argument : command.arguments) {
    const bool alternative = IsAlternative(command, argument) && !alternative_taken;
    if (IsAlternative(command, argument) ? !alternative : argument.need == Need::kOptional && !all) continue;
    alternative_taken = alternative_taken || alternative;
    if (!argument.positional()) words.push_back(argument.name);
    if (argument.flag()) continue;
    (argument.positional() ? behind : words).push_back(Samples().at(argument.rule));
  }
  words.push_back("--json");
  words.push_back("--");
  words.insert(words.end(), behind.begin(), behind.end());
  return words;
}

BOOST_AUTO_TEST_SUITE(Ctl)

BOOST_AUTO_TEST_CASE(EveryCommandOfTheTableParsesWithTheLeastAndWithAllThatItTakes) {
  for (const Command& command : Commands()) {
    for (const bool all : {false, true}) {
      const auto parsed = Parse(WordsFor(command, all));
      BOOST_REQUIRE_MESSAGE(parsed.ok(), command.FullName() << ": " << MessageOf(parsed));
      const Parsed& found = std::get<Parsed>(*parsed);
      BOOST_TEST(found.command == &command);
      BOOST_TEST(found.json);
      for (const Argument& argument : command.arguments) {
        if (argument.need == Need::kRequired) BOOST_TEST(found.arguments.Has(argument.name));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(TheCommandsAreThoseOfTheDocumentation) {
  const Words kUsages = {
      "schema version",
      "schema migrate",
      "user add NAME [--email E]",
      "user list",
      "user disable NAME",
      "user enable NAME",
      "user purge NAME [--yes]",
      "token create USER [--label L] [--no-client-access] [--read-only] [--expires D] [--allow-from CIDR]…",
      "token list [USER]",
      "token revoke TOKEN",
      "token rotate TOKEN [--grace D]",
      "token show TOKEN",
      "node add NAME --host H [--port P] [--user U] [--location L] [--host-key KEY|SHA256:…]",
      "node list",
      "node check [NAME]",
      "node authorize NAME [--old-sshd]",
      "node pin NAME KEY [--replace]",
      "node remove NAME",
      "template add NAME [--description D]",
      "template list",
      "vps add --node N --user U --ctid C --hostname H --ram MB [--burst MB] --disk MB --cpus N [--template "
      "ID] "
      "(--traffic-split IN:OUT | --traffic-total BYTES)",
      "vps list",
      "vps set ID [--hostname H] [--ram MB] [--burst MB] [--disk MB] [--cpus N] [--traffic-split IN:OUT] "
      "[--traffic-total BYTES] [--billing-day N] [--node N] [--ctid C]",
      "vps suspend ID",
      "vps unsuspend ID",
      "vps terminate ID [--yes]",
      "vps purge ID [--yes]",
      "log [--vps ID] [--user NAME] [--token T] [--since D] [--limit N]",
      "tidy [--dry-run] [--timer]",
      "traffic collect [--node N]",
      "traffic show VPS [--days N]",
      "traffic adjust VPS BYTES --why TEXT [--in] [--out]",
      "import cvm --database NAME [--salt-file F] [--dry-run] [--allow-mass-end] [--final]",
      "config check",
  };
  Words usages;
  for (const Command& command : Commands()) usages.push_back(command.Usage());
  BOOST_TEST(usages == kUsages, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(HelpListsEveryCommandAndExitStatus) {
  const Result help = RunCtl({"--help"});
  BOOST_TEST(help.status == 0);
  BOOST_TEST(help.err.empty());
  for (const Command& command : Commands()) {
    BOOST_TEST(Holds(help.out, "  " + command.Usage() + "\n"));
    Words words = {command.group, command.name, "--help"};
    if (command.IsGroup()) words.erase(words.begin() + 1);
    const Result own = RunCtl(words);
    BOOST_TEST(own.status == 0);
    for (const Argument& argument : command.arguments) BOOST_TEST(Holds(own.out, argument.name));
  }
  for (const ExitStatusRow& row : ExitStatuses()) BOOST_TEST(Holds(help.out, row.meaning));
  for (const char* option : {"--config", "--json", "--version", kDefaultConfig}) {
    BOOST_TEST(Holds(help.out, option));
  }
}

BOOST_AUTO_TEST_CASE(VersionIsShown) {
  const Result version = RunCtl({"--version"});
  BOOST_TEST(version.status == 0);
  BOOST_TEST(version.out == std::string("cvmctl ") + CVM_VERSION + "\n");
}

BOOST_AUTO_TEST_CASE(GlobalOptionsAreTakenBeforeAndBehindTheCommand) {
  for (const Words& words :
       {Words{"--json", "--config", "/x", "user", "list"}, Words{"user", "--json", "--config", "/x", "list"},
        Words{"user", "list", "--json", "--config=/x"}}) {
    const auto parsed = Parse(words);
    BOOST_REQUIRE(parsed.ok());
    BOOST_TEST(std::get<Parsed>(*parsed).json);
    BOOST_TEST(std::get<Parsed>(*parsed).config_path == "/x");
  }
  const auto plain = Parse({"user", "list"});
  BOOST_REQUIRE(plain.ok());
  BOOST_TEST(!std::get<Parsed>(*plain).json);
  BOOST_TEST(std::get<Parsed>(*plain).config_path == kDefaultConfig);
}

BOOST_AUTO_TEST_CASE(ValuesThatLookLikeSomethingElseAreTakenAsTheyAre) {
  const struct {
    Words words;
    const char *name, *value;
  } kRows[] = {
      {{"user", "add", "list"}, "NAME", "list"},
      {{"user", "disable", "user"}, "NAME", "user"},
      {{"node", "check", "add"}, "NAME", "add"},
      {{"user", "add", "--", "--json"}, "NAME", "--json"},
      {{"user", "add", "--", "-x"}, "NAME", "-x"},
      {{"token", "create", "u", "--label", "--json"}, "--label", "--json"},
      {{"token", "create", "u", "--label", "-x y"}, "--label", "-x y"},
      {{"token", "create", "u", "--label=-x"}, "--label", "-x"},
      {{"token", "create", "u", "--label", ""}, "--label", ""},
      {{"token", "create", "--label=", "u"}, "--label", ""},
      {{"token", "create", "--label=", "u"}, "USER", "u"},
      {{"token", "revoke", "--", "--label="}, "TOKEN", "--label="},
      {{"token", "create", "u", "--label", "[a,b]"}, "--label", "[a,b]"},
      {{"token", "create", "u", "--label", "a,b"}, "--label", "a,b"},
      {{"token", "create", "u", "--label", "\"quoted\""}, "--label", "\"quoted\""},
      {{"token", "create", "u", "--label", "a=b"}, "--label", "a=b"},
      {{"user", "add", "caf\xc3\xa9 \xf0\x9f\x98\x80"}, "NAME", "caf\xc3\xa9 \xf0\x9f\x98\x80"},
      {{"node", "pin", "alpha", kKey + " root@alpha"}, "KEY", nullptr},
  };
  for (const auto& row : kRows) {
    const auto parsed = Parse(row.words);
    BOOST_REQUIRE_MESSAGE(parsed.ok(), row.words[1] << ": " << MessageOf(parsed));
    const std::string wanted = row.value == nullptr ? kKey + " root@alpha" : row.value;
    BOOST_TEST(std::get<Parsed>(*parsed).arguments.Text(row.name) == wanted);
    BOOST_TEST(!std::get<Parsed>(*parsed).json);
  }
}

BOOST_AUTO_TEST_CASE(WrongUsageIsExitTwoAndSaysWhatIsWrong) {
  const struct {
    Words words;
    const char* said;
  } kRows[] = {
      {{}, "see `cvmctl --help`"},
      {{"nonsense"}, "not expected: nonsense"},
      {{"user"}, "see `cvmctl --help`"},
      {{"user", "frob"}, "not expected: frob"},
      {{"user", "add"}, "NAME is required; see `cvmctl user add --help`"},
      {{"user", "add", "a", "b"}, "not expected: b"},
      {{"user", "list", "list"}, "not expected: list"},
      {{"user", "add", "a", "--bogus=1"}, "not expected: --bogus=1"},
      {{"token", "revoke", "-abc"}, "goes behind \"--\""},
      {{"user", "add", "a", "--email"}, "--email"},
      {{"user", "add", "a", "--email", "a@b", "--email", "c@d"}, "--email"},
      {{"user", "add", ""}, "NAME: \"\" must not be empty"},
      {{"user", "add", " a"}, "NAME: \" a\" begins or ends with a blank"},
      {{"user", "add", "a\nb"}, "NAME: \"a\\x0ab\" holds a control character"},
      {{"user", "add", "a\xe2\x80\xaez"}, "NAME: \"a\\xe2\\x80\\xaez\" holds a control character"},
      {{"user", "add", "a\xff"}, "is not UTF-8"},
      {{"user", "add", std::string(191, 'x')}, "is longer than 190 bytes"},
      {{"user", "add", "a", "--email", "nobody"}, "--email: \"nobody\" is no e-mail address"},
      {{"user", "add", "a", "--email", "@b"}, "is no e-mail address"},
      {{"user", "add", "a", "--email", "a@"}, "is no e-mail address"},
      {{"node", "add", "n"}, "--host is required"},
      {{"node", "add", "n", "--host", "-oProxyCommand=x"}, "--host: "},
      {{"node", "add", "n", "--host", "a b"}, "is no host name or address"},
      {{"node", "add", "n", "--host", "h", "--port", "0"}, "--port: \"0\" is no port"},
      {{"node", "add", "n", "--host", "h", "--port", "65536"}, "is no port"},
      {{"node", "add", "n", "--host", "h", "--port", "022"}, "is no port"},
      {{"node", "add", "n", "--host", "h", "--user", "a b"}, "--user: \"a b\" is no user name"},
      {{"node", "add", "n", "--host", "h", "--user", "-x"}, "is no user name"},
      {{"node", "add", "n", "--host", "h", "--host-key", "SHA256:short"}, "is no fingerprint"},
      {{"node", "add", "n", "--host", "h", "--host-key", "ssh-ed25519"}, "is no public host key"},
      {{"node", "pin", "n", "ssh-rsa " + kKey.substr(12)}, "KEY: "},
      {{"token", "revoke", "a b"}, "is no public token"},
      {{"vps", "suspend", "01"}, "ID: \"01\" is no ID"},
      {{"vps", "suspend", "18446744073709551616"}, "is no ID"},
      {{"vps", "suspend", "0x10"}, "is no ID"},
  };
  for (const auto& row : kRows) {
    const Result result = RunCtl(row.words);
    BOOST_TEST(result.status == 2, row.said);
    BOOST_TEST(result.out.empty());
    BOOST_TEST(Holds(result.err, row.said), result.err << " lacks " << row.said);
    BOOST_TEST(result.err.rfind("cvmctl: ", 0) == 0u);
  }
}

Words VpsAddWith(const std::string& name, const std::string& value) {
  Words words = {"vps", "add"};
  std::map<std::string, std::string> options = {
      {"--node", "n"}, {"--user", "u"}, {"--ctid", "1"}, {"--hostname", "h"},
      {"--ram", "1"},  {"--disk", "1"}, {"--cpus", "1"},
  };
  options[name] = value;
  for (const auto& [option, given] : options) words.insert(words.end(), {option, given});
  return words;
}

BOOST_AUTO_TEST_CASE(AReasonIsMoreThanBlanks) {
  for (const char* text : {"", " ", "   ", "\t"}) BOOST_TEST(ReasonRule(text) != nullptr);
  for (const char* text : {"x", " x "}) BOOST_TEST(ReasonRule(text) == nullptr);
  const auto refused = RunCtl({"traffic", "adjust", "1", "5", "--why", "   "});
  BOOST_TEST(refused.status == 2);
  BOOST_TEST(Holds(refused.err, "blanks"), refused.err);
}

BOOST_AUTO_TEST_CASE(BadFiguresOfAVpsAreRefusedByName) {
  const struct {
    const char *name, *value;
  } kRows[] = {
      {"--ctid", "0"},
      {"--ctid", "2147483648"},
      {"--ctid", "1;reboot"},
      {"--ctid", "+1"},
      {"--ctid", "-1"},
      {"--hostname", ""},
      {"--hostname", "a\tb"},
      {"--ram", "0"},
      {"--ram", "1.5"},
      {"--ram", "18446744073709551616"},
      {"--ram", "1 "},
      {"--burst", "0"},
      {"--disk", "ten"},
      {"--cpus", "0"},
      {"--template", "0"},
      {"--traffic-total", "-1"},
      {"--traffic-total", "1G"},
      {"--traffic-split", "1"},
      {"--traffic-split", "1:"},
      {"--traffic-split", ":1"},
      {"--traffic-split", "1:2:3"},
      {"--traffic-split", "1,2"},
  };
  for (const auto& row : kRows) {
    const Result result = RunCtl(VpsAddWith(row.name, row.value));
    BOOST_TEST(result.status == 2);
    BOOST_TEST(Holds(result.err, std::string(row.name) + ": \""), row.value << " gave " << result.err);
  }
}

BOOST_AUTO_TEST_CASE(AVpsTakesExactlyOneKindOfTrafficLimit) {
  const Result none = RunCtl(VpsAddWith("--ram", "1"));
  BOOST_TEST(none.status == 2);
  BOOST_TEST(Holds(none.err, "exactly one of --traffic-split, --traffic-total must be given"));
  Words both = VpsAddWith("--traffic-total", "0");
  both.insert(both.end(), {"--traffic-split", "0:0"});
  BOOST_TEST(RunCtl(both).status == 2);
  BOOST_TEST(Holds(RunCtl(both).err, "exactly one of"));
}

BOOST_AUTO_TEST_CASE(AnOptionThatMayBeRepeatedTakesTheWordsOfItsKindBehindIt) {
  const std::vector<Words> kSpellings = {
      {"token", "create", "jane", "--allow-from", "192.0.2.0/24", "2001:db8::/32", "--label", "192.0.2.1"},
      {"token", "create", "--label", "192.0.2.1", "--allow-from", "192.0.2.0/24", "2001:db8::/32", "jane"},
      {"token", "create", "--allow-from=192.0.2.0/24", "--allow-from", "2001:db8::/32", "jane",
       "--label=192.0.2.1"}};
  for (const Words& words : kSpellings) {
    const auto parsed = Parse(words);
    BOOST_REQUIRE_MESSAGE(parsed.ok(), MessageOf(parsed));
    const Arguments& arguments = std::get<Parsed>(*parsed).arguments;
    BOOST_TEST(arguments.All("--allow-from") == (Words{"192.0.2.0/24", "2001:db8::/32"}),
               boost::test_tools::per_element());
    BOOST_TEST(arguments.Text("USER") == "jane");
    BOOST_TEST(arguments.Text("--label") == "192.0.2.1");
  }
  BOOST_TEST(RunCtl({"token", "create", "--label", "a", "--label", "b", "jane"}).status == 2);
}

BOOST_AUTO_TEST_CASE(TheRecordsAreThoseOfOneThingAtMost) {
  const Result both = RunCtl({"log", "--vps", "1", "--user", "jane"});
  BOOST_TEST(both.status == 2);
  BOOST_TEST(Holds(both.err, "at most one of --vps, --user, --token"));
}

BOOST_AUTO_TEST_CASE(WithJsonAnErrorIsOneDocumentOnStandardOutputToo) {
  for (const Words& words : {Words{"user", "add", "a\nb", "--json"}, Words{"--json", "nonsense"},
                             Words{"--json", "--config", "/nowhere", "user", "list"}}) {
    const Result result = RunCtl(words);
    BOOST_TEST(result.status == 2);
    const auto document = json::Document::Parse(result.out);
    BOOST_REQUIRE_MESSAGE(document.ok(), result.out);
    const auto error = document->root().Member("error");
    BOOST_REQUIRE(error.has_value());
    BOOST_TEST(error->Member("code")->AsText().value() == "invalid");
    BOOST_TEST(error->Member("exit_status")->AsU64().value() == 2u);
    BOOST_TEST(!error->Member("message")->AsText()->empty());
    BOOST_TEST(!result.err.empty());
  }
}

BOOST_AUTO_TEST_CASE(EveryProblemOfTheSettingsIsALineOfItsOwn) {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.Write("cvmctl.toml", "[log]\nlevel = 3\ntarge = \"x\"\n");
  const Result result = RunCtl({"--config", path, "user", "list"});
  BOOST_TEST(result.status == 2);
  BOOST_TEST(result.err == "cvmctl: " + path + ":2: log.level must be a string\n" + path +
                               ":3: unknown setting log.targe\n");
}

BOOST_AUTO_TEST_CASE(AnUnreachableDatabaseIsExitFiveWithoutThePassword) {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.Write(
      "cvmctl.toml", "[database]\nservers = [\"/nowhere/db.sock\"]\npassword = \"hunter2\"\n");
  for (const Words& command :
       {Words{"user", "list"}, Words{"schema", "version"}, Words{"vps", "suspend", "1"},
        Words{"schema", "migrate"}, Words{"token", "create", "u"}}) {
    Words words = {"--config", path, "--json"};
    words.insert(words.end(), command.begin(), command.end());
    const Result result = RunCtl(words);
    BOOST_TEST(result.status == 5, result.err);
    BOOST_TEST(Holds(result.err, "/nowhere/db.sock"));
    BOOST_TEST(Holds(result.out, "\"unavailable\""));
    BOOST_TEST(!Holds(result.err + result.out, "hunter2"));
  }
}

BOOST_AUTO_TEST_CASE(ConfigCheckShowsEachStepAndNeedsNoDatabase) {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.Write(
      "cvmctl.toml", "[database]\nservers = [\"/nowhere/db.sock\"]\n[ssh]\nkey_directory = \"/nowhere\"\n");
  const Result result = RunCtl({"--config", path, "config", "check", "--json"});
  BOOST_TEST(result.status == 5);
  const auto document = json::Document::Parse(result.out);
  BOOST_REQUIRE_MESSAGE(document.ok(), result.out);
  std::vector<std::string> steps;
  const auto elements = *document->root().Elements();
  for (const auto& step : elements) steps.emplace_back(step.Member("step")->AsText().value());
  BOOST_TEST(steps == (std::vector<std::string>{"settings", "database", "key"}));
}

BOOST_AUTO_TEST_CASE(ConfigCheckOfABadFileEndsThere) {
  const Result result = RunCtl({"--config", "/nowhere", "config", "check"});
  BOOST_TEST(result.status == 2);
  BOOST_TEST(Holds(result.out, "settings  failed"));
  BOOST_TEST(!Holds(result.out, "database"));
}

BOOST_AUTO_TEST_CASE(ConfigCheckShowsEveryProblemOfTheFileOnALineOfItsOwn) {
  const tests::TemporaryDirectory directory;
  const std::string path = directory.Write("cvmctl.toml", "[log]\nlevel = 3\ntarge = \"x\"\n");
  const Result result = RunCtl({"--config", path, "config", "check"});
  BOOST_TEST(result.status == 2);
  BOOST_TEST(Holds(result.out, "settings  failed  " + path + ":2: log.level must be a string\n"));
  BOOST_TEST(Holds(result.out, "settings  failed  " + path + ":3: unknown setting log.targe\n"));
}

BOOST_AUTO_TEST_CASE(AnAnswerThatCannotBeWrittenIsAFailure) {
  std::istringstream in;
  std::ostringstream err;
  std::ostream full(nullptr);  // every write fails
  Console console{in, full, err, false};
  BOOST_TEST(Run({"--help"}, console) == 1);
  BOOST_TEST(Holds(err.str(), "standard output cannot be written"));
}

BOOST_AUTO_TEST_CASE(OnlyTheWordYesIsAgreement) {
  for (const auto& [typed, agreed] : std::map<std::string, bool>{
           {"yes\n", true}, {"y\n", false}, {"no\n", false}, {"", false}, {"YES\n", false}}) {
    std::istringstream in(typed);
    std::ostringstream out, err;
    Console console{in, out, err, true};
    BOOST_TEST(console.Ask("Sure?") == agreed, typed);
    BOOST_TEST(out.str().empty());
    BOOST_TEST(err.str() == "Sure? [yes/no] ");
  }
}

Record RecordOf(std::uint64_t id, const std::string& name, bool pending, std::uint64_t port,
                const Records& keys, const Cell& hidden) {
  Record record;
  record.emplace_back("id", Figure(id));
  record.emplace_back("name", name);
  record.emplace_back("stop_pending", pending);
  record.emplace_back("port", Small{port});
  record.emplace_back("keys", keys);
  record.emplace_back("hidden", hidden, Shown::kInJson);
  return record;
}

const std::string kHostile = "\x1b[31mx\n\xc2\x85\xe2\x80\xae\xe2\x81\xa6";

Records TwoRecords() {
  Record key;
  key.emplace_back("type", std::string("t"));
  key.emplace_back("fingerprint", std::string("f"));
  return {RecordOf(18446744073709551615u, "caf\xc3\xa9", true, 22, {key}, std::string("h")),
          RecordOf(1, kHostile, false, 2222, {}, nullptr)};
}

BOOST_AUTO_TEST_CASE(ALongNameIsCutInATableAndWholeInJsonAndAlone) {
  std::string umlauts;
  for (int i = 0; i < 95; ++i) umlauts += "\xc3\xbc";
  const std::string cut = umlauts.substr(0, 2 * 29) + "...";
  const std::string fits(32, 'x');
  const Records records = {{{"actor", umlauts, Shown::kShort}, {"detail", umlauts}},
                           {{"actor", fits, Shown::kShort}, {"detail", std::string("b")}}};
  std::ostringstream table, json, one;
  Output(table, false).List(records);
  BOOST_TEST(Holds(table.str(), "\n" + cut + "  " + umlauts + "\n"), table.str());
  BOOST_TEST(Holds(table.str(), "\n" + fits + "  b\n"), table.str());
  Output(json, true).List(records);
  BOOST_TEST(Holds(json.str(), "\"actor\": \"" + umlauts + "\""), json.str());
  Output(one, false).One(records[0]);
  BOOST_TEST(Holds(one.str(), umlauts), one.str());
}

BOOST_AUTO_TEST_CASE(AListIsAnAlignedTableWithoutControlCharacters) {
  std::ostringstream out;
  Output(out, false).List(TwoRecords());
  BOOST_TEST(
      out.str() ==
      "ID                    NAME                                           STOP PENDING  PORT  KEYS\n"
      "18446744073709551615  caf\xc3\xa9                                           yes           22    t f\n"
      "1                     \\x1b[31mx\\x0a\\xc2\\x85\\xe2\\x80\\xae\\xe2\\x81\\xa6  no            2222  "
      "-\n");
}

BOOST_AUTO_TEST_CASE(AListInJsonIsAnArrayWithIdsAsStrings) {
  std::ostringstream out;
  Output(out, true).List(TwoRecords());
  const auto document = json::Document::Parse(out.str());
  BOOST_REQUIRE(document.ok());
  const auto elements = *document->root().Elements();
  BOOST_REQUIRE(elements.size() == 2u);
  BOOST_TEST(elements[0].Member("id")->AsText().value() == "18446744073709551615");
  BOOST_TEST(elements[0].Member("port")->AsU64().value() == 22u);
  BOOST_TEST(elements[0].Member("hidden")->AsText().value() == "h");
  BOOST_TEST(elements[1].Member("hidden")->IsNull());
  BOOST_TEST(elements[1].Member("name")->AsText().value() == kHostile);
  BOOST_TEST(elements[0].Member("keys")->Elements()->front().Member("type")->AsText().value() == "t");
}

BOOST_AUTO_TEST_CASE(AnEmptyListIsNothingForAPersonAndAnEmptyArrayInJson) {
  std::ostringstream plain, machine;
  Output(plain, false).List({});
  Output(machine, true).List({});
  BOOST_TEST(plain.str().empty());
  BOOST_TEST(machine.str() == "[]\n");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::ctl
