#include "lib/panel_import/import.h"

#include <utility>

#include "lib/config/private_file.h"
#include "lib/ctl/commands.h"

namespace cvm::ctl {
namespace {

using panel_import::Change;
using panel_import::Difference;
using panel_import::Report;

base::Result<base::Secret> ReadSalt(const std::string& path) {
  auto file = config::ReadPrivateFile(path);
  if (!file) return base::Error{file.error().code, path + ": " + file.error().message};
  if (const auto problem = config::AccessProblem(*file, true, config::Program::kCtl)) {
    return base::Error{base::ErrorCode::kInvalid, path + ": " + *problem};
  }
  while (!file->text.empty() && (file->text.back() == '\n' || file->text.back() == '\r')) {
    file->text.pop_back();
  }
  return base::Secret(std::move(file->text));
}

std::string Line(const Difference& difference) {
  const std::string changes = TextOf(difference);
  return difference.table + " " + std::to_string(difference.id) + ": " + difference.what +
         (changes.empty() ? "" : ": " + changes);
}

Record RecordOf(const Difference& difference) {
  Records changes;
  for (const Change& change : difference.changes) {
    changes.push_back(
        {{"field", change.field}, {"before", Maybe(change.before)}, {"after", Maybe(change.after)}});
  }
  return {{"table", difference.table},
          {"id", Figure(difference.id)},
          {"what", difference.what},
          {"hint", difference.hint},
          {"changes", changes}};
}

Record RecordOf(const Report& report, const panel_import::Options& options) {
  Records differences, notes, keyless;
  for (const auto& difference : report.differences) differences.push_back(RecordOf(difference));
  for (const auto& note : report.notes) {
    notes.push_back({{"table", note.table}, {"id", note.id}, {"text", note.text}});
  }
  for (const auto& node : report.without_host_key) {
    keyless.push_back({{"id", Figure(node.id)}, {"name", node.name}});
  }
  return {{"dry_run", options.dry_run},
          {"ended", options.final && !options.dry_run},
          {"differences", differences},
          {"notes", notes},
          {"nodes_without_host_key", keyless}};
}

// What was done stands on standard output, so that it stays empty where nothing was; the rest beside it.
void Show(Invocation& call, const Report& report, const panel_import::Options& options) {
  for (const Difference& difference : report.differences) {
    call.console.out << ForTerminal(Line(difference)) << '\n';
  }
  for (const auto& note : report.notes) {
    call.console.err << ForTerminal(note.table + " " + note.id + ": " + note.text) << '\n';
  }
  for (const auto& node : report.without_host_key) {
    call.console.err << ForTerminal("nodes " + std::to_string(node.id) + ": \"" + node.name +
                                    "\" has no pinned host key and cannot be reached: cvmctl node pin")
                     << '\n';
  }
  if (options.final && !options.dry_run) {
    call.console.out << "the import from CVM is ended: its rows are ours now\n";
  }
}

}  // namespace

Done ImportCvm(Invocation& call) {
  panel_import::Options options;
  options.database = call.arguments.Text("--database");
  options.dry_run = call.arguments.Has("--dry-run");
  options.allow_mass_end = call.arguments.Has("--allow-mass-end");
  options.final = call.arguments.Has("--final");
  options.actor = call.services->actor;
  if (const auto path = call.arguments.Maybe("--salt-file")) {
    auto salt = ReadSalt(*path);
    if (!salt) return salt.error();
    options.salt = std::move(*salt);
  }
  db::Settings there = Services::Copy(call.services->server);
  there.name = options.database;
  db::Pool panel(std::move(there));
  const auto report = panel_import::Import(call.services->pool, panel, options, ImportDeadline());
  if (!report) return report.error();
  if (call.output.json()) {
    call.output.One(RecordOf(*report, options));
  } else {
    Show(call, *report, options);
  }
  return ExitStatus::kOk;
}

}  // namespace cvm::ctl
