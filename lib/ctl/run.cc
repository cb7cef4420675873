#include "lib/ctl/run.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <optional>
#include <utility>
#include <variant>

#include "lib/config/config.h"
#include "lib/ctl/command.h"
#include "lib/ctl/parse.h"
#include "lib/db/schema_version.h"
#include "lib/log/log.h"

namespace cvm::ctl {
namespace {

// The log for the length of a command.
class Logging {
 public:
  explicit Logging(const log::Settings& settings) : status_(log::Init(settings)) {}
  Logging(const Logging&) = delete;
  Logging& operator=(const Logging&) = delete;
  ~Logging() { log::Shutdown(); }
  const base::Status& status() const { return status_; }

 private:
  base::Status status_;
};

// What a command needs of the database beyond the settings: an ALTER may take long.
void Prepare(const Command& command, db::Settings& settings) {
  if (command.access != Access::kSchemaChange) return;
  settings.query_timeout = std::chrono::hours(24);
  settings.connections = std::max<std::size_t>(settings.connections, 2);
}

base::Status CheckSchema(const Command& command, Services& services) {
  if (command.access != Access::kServices) return {};
  return db::CheckProgram(services.pool, db::kSchemaVersion, DatabaseDeadline());
}

base::Result<ExitStatus> RunWithServices(const Parsed& parsed, Console& console, Output& output) {
  auto settings = config::Load(parsed.config_path, config::Program::kCtl);
  if (!settings) return settings.error();
  const Logging logging(settings->log);
  if (!logging.status()) return logging.status().error();
  Prepare(*parsed.command, settings->database);
  Services services(std::move(*settings));
  if (const auto schema = CheckSchema(*parsed.command, services); !schema) return schema.error();
  Invocation call{parsed.arguments, console, output, parsed.config_path, &services};
  return parsed.command->run(call);
}

base::Result<ExitStatus> RunCommand(const Parsed& parsed, Console& console, Output& output) {
  if (parsed.command->access != Access::kSettingsFile) return RunWithServices(parsed, console, output);
  Invocation call{parsed.arguments, console, output, parsed.config_path, nullptr};
  return parsed.command->run(call);
}

int Fail(const base::Error& error, Console& console, Output& output) {
  const ExitStatus status = StatusFor(error.code);
  std::string lines = error.message;
  console.err << "cvmctl: ";
  for (std::size_t end = lines.find('\n'); end != lines.npos; end = lines.find('\n')) {
    console.err << ForTerminal(lines.substr(0, end)) << '\n';
    lines.erase(0, end + 1);
  }
  console.err << ForTerminal(lines) << '\n';
  output.Error(error, status);
  output.Flush();
  return static_cast<int>(status);
}

// The answer has to arrive: a full disk or a reader that is gone is a failure even where the command was not.
int Finish(ExitStatus status, Console& console, Output& output) {
  if (output.Flush()) return static_cast<int>(status);
  console.err << "cvmctl: standard output cannot be written; the command itself "
              << (status == ExitStatus::kOk ? "was carried out" : "failed") << '\n';
  return static_cast<int>(ExitStatus::kFailed);
}

// Whether JSON was asked for by a command line that does not parse.
bool AsksForJson(const std::vector<std::string>& words) {
  const auto end = std::find(words.begin(), words.end(), "--");
  return std::find(words.begin(), end, "--json") != end;
}

int RunGuarded(const std::vector<std::string>& words, Console& console) {
  const auto parsed = Parse(words);
  if (!parsed) {
    Output output(console.out, AsksForJson(words));
    return Fail(parsed.error(), console, output);
  }
  if (const auto* text = std::get_if<Text>(&*parsed)) {
    Output output(console.out, false);
    console.out << text->text;
    return Finish(ExitStatus::kOk, console, output);
  }
  const Parsed& command = std::get<Parsed>(*parsed);
  Output output(console.out, command.json);
  const auto done = RunCommand(command, console, output);
  return done ? Finish(*done, console, output) : Fail(done.error(), console, output);
}

}  // namespace

int Run(const std::vector<std::string>& words, Console& console) {
  try {
    return RunGuarded(words, console);
  } catch (const std::exception& surprise) {
    console.err << "cvmctl: unexpected: " << ForTerminal(surprise.what()) << '\n';
    return static_cast<int>(ExitStatus::kFailed);
  }
}

}  // namespace cvm::ctl
