#include "fcgi/options.h"

#include <cstddef>

#include "lib/base/text.h"

namespace cvm::fcgi {
namespace {

constexpr std::size_t kWidth = 16;

std::string Row(const std::string& term, const char* meaning) {
  return "  " + term + std::string(term.size() < kWidth ? kWidth - term.size() : 1, ' ') + meaning + "\n";
}

std::string Term(const OptionRow& row) {
  return std::string("--") + row.name + (row.value == nullptr ? "" : std::string(" ") + row.value);
}

}  // namespace

const std::vector<OptionRow>& OptionRows() {
  static const std::vector<OptionRow> rows = {
      {"config", "FILE", 'c', "the settings (default: /etc/cvm-client-api/cvm-client-api.toml)"},
      {"check", nullptr, 'k', "check the settings, the database, its schema and the SSH key, and exit"},
      {"version", nullptr, 'V', "print the version and exit"},
      {"help", nullptr, 'h', "print this and exit"},
  };
  return rows;
}

const char* Purpose() {
  return "The CVM client API as a FastCGI worker: serves the listening socket on descriptor 0 (spawn-fcgi or "
         "systemd gives it) until it is told to stop, then finishes what is in flight.";
}

const std::vector<SignalRow>& SignalRows() {
  static const std::vector<SignalRow> rows = {
      {"TERM, INT", "stop, once what is in flight is answered"},
      {"QUIT, USR1", "the same: multiwatch sends them in TERM's place"},
      {"HUP", "open the log file again"},
  };
  return rows;
}

const std::vector<ExitStatusRow>& ExitStatusRows() {
  static const std::vector<ExitStatusRow> rows = {
      {0, "ended as told, or checked and good"},
      {1, "could not start, or checked and not good"},
      {2, "wrong usage"},
  };
  return rows;
}

std::string Usage() {
  std::string text =
      "usage: cvm-client-api [--config FILE] [--check]\n\n" + base::Wrapped(Purpose(), 80) + "\n";
  for (const OptionRow& row : OptionRows()) text += Row(Term(row), row.doc);
  text += "\nSignals:\n";
  for (const SignalRow& row : SignalRows()) text += Row(row.name, row.meaning);
  text += "\nExit status:\n";
  for (const ExitStatusRow& row : ExitStatusRows()) text += Row(std::to_string(row.status), row.meaning);
  return text;
}

}  // namespace cvm::fcgi
