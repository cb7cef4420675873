// The manual pages and completions name what the tables hold, in the form that man and bash read.
#include "lib/manual/manual.h"

#include <boost/test/unit_test.hpp>
#include <string>

#include "fcgi/options.h"
#include "lib/config/table.h"
#include "lib/ctl/command.h"
#include "lib/manual/roff.h"
#include "tests/support/text.h"

namespace cvm::manual {
namespace {

using cvm::test::Holds;

// As a page shows it.
std::string Shown(const std::string& text) {
  Roff page("x", 1, "x");
  const std::size_t before = page.text().size();
  page.Verbatim(text);
  const std::string escaped = page.text().substr(before + std::string(".PP\n.nf\n").size());
  return escaped.substr(0, escaped.size() - std::string(".fi\n").size());
}

BOOST_AUTO_TEST_SUITE(Manual)

BOOST_AUTO_TEST_CASE(PageOfCvmctlNamesEveryCommandWithItsArguments) {
  const std::string page = CtlPage();
  for (const ctl::Command& command : ctl::Commands()) {
    BOOST_TEST(Holds(page, Shown(command.Usage())), command.FullName());
    for (const ctl::Argument& argument : command.arguments) BOOST_TEST(Holds(page, Shown(argument.doc)));
  }
  for (const ctl::Argument& option : ctl::GlobalOptions()) BOOST_TEST(Holds(page, Shown(option.name)));
}

BOOST_AUTO_TEST_CASE(PageOfTheWorkerNamesEveryOptionThatItsHelpShows) {
  for (const fcgi::OptionRow& row : fcgi::OptionRows()) {
    BOOST_TEST(Holds(WorkerPage(), Shown(row.doc)), row.name);
    BOOST_TEST(Holds(fcgi::Usage(), row.doc), row.name);
  }
}

BOOST_AUTO_TEST_CASE(PagesOfTheSettingsNameEachWithItsDefault) {
  for (const config::Setting& setting : config::AllSettings()) {
    const std::string name = std::string(setting.name) + " = ";
    using config::Program;
    for (const Program program : {Program::kWorker, Program::kCtl}) {
      const std::string page = program == Program::kWorker ? WorkerSettingsPage() : CtlSettingsPage();
      if (!setting.UsedBy(program)) continue;
      BOOST_TEST(Holds(page, Shown(name + setting.Default(program))), setting.FullName());
    }
  }
}

BOOST_AUTO_TEST_CASE(TextThatLooksLikeRoffIsShownAsItStands) {
  BOOST_TEST(Shown(".TH\n'a\\-b\n") == "\\&.TH\n\\(aqa\\e\\-b\n");
}

BOOST_AUTO_TEST_CASE(CompletionOffersEveryGroupCommandAndOption) {
  const std::string script = CtlCompletion();
  for (const ctl::Command& command : ctl::Commands()) {
    const std::string position = std::string(command.group) + " " + command.name;
    BOOST_TEST(Holds(script, "'" + position + "') words="), position);
    for (const ctl::Argument& argument : command.arguments) {
      if (argument.positional()) continue;
      BOOST_TEST(Holds(script, argument.name), command.FullName());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::manual
