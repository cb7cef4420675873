#include <string>

#include "fcgi/options.h"
#include "lib/config/table.h"
#include "lib/ctl/command.h"
#include "lib/ctl/exit_status.h"
#include "lib/ctl/parse.h"
#include "lib/manual/manual.h"
#include "lib/manual/roff.h"

namespace cvm::manual {
namespace {

constexpr const char* kHandbook = "The handbook: /usr/share/doc/cvm-client-api/docs/operations.md";

std::string Term(const ctl::Argument& argument) {
  return argument.value == nullptr ? argument.name : std::string(argument.name) + " " + argument.value;
}

std::string Term(const fcgi::OptionRow& row) {
  return std::string("--") + row.name + (row.value == nullptr ? "" : std::string(" ") + row.value);
}

std::string Range(const config::Setting& setting) {
  if (setting.form == config::Form::kFlag) return " true or false.";
  if (setting.form != config::Form::kCount && setting.form != config::Form::kSeconds) return "";
  const char* const unit = setting.form == config::Form::kSeconds ? " seconds." : ".";
  return " " + std::to_string(setting.least) + " to " + std::to_string(setting.most) + unit;
}

void AddCommand(const ctl::Command& command, Roff& page) {
  page.Entry(command.Usage(), std::string(command.doc) + ".");
  if (command.arguments.empty()) return;
  page.Indent();
  for (const ctl::Argument& argument : command.arguments) page.Entry(Term(argument), argument.doc);
  page.Outdent();
}

void AddGroup(const ctl::Group& group, Roff& page) {
  page.Section("cvmctl " + std::string(group.name) + ": " + group.doc);
  for (const ctl::Command& command : ctl::Commands()) {
    if (std::string(command.group) == group.name) AddCommand(command, page);
  }
}

std::string SettingsPage(const std::string& name, const std::string& path, config::Program program) {
  const bool worker = program == config::Program::kWorker;
  const std::string of = worker ? "cvm-client-api" : "cvmctl";
  Roff page(name, 5, "settings of " + of);
  page.Section("DESCRIPTION");
  page.Paragraph(path +
                 " is a TOML file. Each setting is shown with its default. An unknown setting is "
                 "refused, and so is a value of the wrong type or out of range.");
  page.Paragraph(worker ? "Owned by root, mode 0640, in the group cvm-client-api."
                        : "Owned by root, mode 0600: it holds the password of the operator's account.");
  std::string table;
  for (const config::Setting& setting : config::AllSettings()) {
    if (!setting.UsedBy(program)) continue;
    if (table != setting.table) page.Section("[" + std::string(setting.table) + "]");
    table = setting.table;
    page.Entry(std::string(setting.name) + " = " + setting.Default(program), setting.doc + Range(setting));
  }
  page.Section("SEE ALSO");
  page.Paragraph((worker ? "cvm-client-api(8), cvmctl.toml(5). " : "cvmctl(8), cvm-client-api.toml(5). ") +
                 std::string(kHandbook));
  return page.text();
}

}  // namespace

std::string CtlPage() {
  Roff page("cvmctl", 8, "manage the CVM client API");
  page.Section("SYNOPSIS");
  page.Paragraph("cvmctl [--config FILE] [--json] GROUP COMMAND [ARGUMENT...]");
  page.Section("DESCRIPTION");
  page.Paragraph(std::string(ctl::Purpose()) + " " + ctl::AnswersDoc());
  page.Section("OPTIONS");
  for (const ctl::Argument& option : ctl::GlobalOptions()) page.Entry(Term(option), option.doc);
  for (const ctl::Group& group : ctl::Groups()) AddGroup(group, page);
  page.Section("EXIT STATUS");
  for (const ctl::ExitStatusRow& row : ctl::ExitStatuses()) {
    page.Entry(std::to_string(static_cast<int>(row.status)), row.meaning);
  }
  page.Section("FILES");
  page.Entry(ctl::kDefaultConfig, "the settings; see cvmctl.toml(5)");
  page.Section("SEE ALSO");
  page.Paragraph("cvm-client-api(8), cvmctl.toml(5). " + std::string(kHandbook));
  return page.text();
}

std::string CtlSettingsPage() {
  return SettingsPage("cvmctl.toml", ctl::kDefaultConfig, config::Program::kCtl);
}

std::string WorkerPage() {
  Roff page("cvm-client-api", 8, "the FastCGI worker of the CVM client API");
  page.Section("SYNOPSIS");
  page.Paragraph("cvm-client-api [--config FILE] [--check]");
  page.Section("DESCRIPTION");
  page.Paragraph(fcgi::Purpose());
  page.Section("OPTIONS");
  for (const fcgi::OptionRow& row : fcgi::OptionRows()) page.Entry(Term(row), row.doc);
  page.Section("SIGNALS");
  for (const fcgi::SignalRow& row : fcgi::SignalRows()) page.Entry(row.name, row.meaning);
  page.Section("EXIT STATUS");
  for (const fcgi::ExitStatusRow& row : fcgi::ExitStatusRows()) {
    page.Entry(std::to_string(row.status), row.meaning);
  }
  page.Section("FILES");
  page.Entry(fcgi::kDefaultConfig, "the settings; see cvm-client-api.toml(5)");
  page.Section("SEE ALSO");
  page.Paragraph("cvmctl(8), cvm-client-api.toml(5), spawn-fcgi(1), multiwatch(1). " +
                 std::string(kHandbook));
  return page.text();
}

std::string WorkerSettingsPage() {
  return SettingsPage("cvm-client-api.toml", fcgi::kDefaultConfig, config::Program::kWorker);
}

}  // namespace cvm::manual
