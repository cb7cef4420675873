#include "lib/config/form.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "lib/base/text.h"
#include "lib/config/threads.h"
#include "lib/node/acting.h"

namespace cvm::config {
namespace {

// Two months: what a billing period and the one before it need of the days that prove them.
constexpr std::uint64_t kLongestPeriodDays = 62;

const std::string& Text(const Value& value) {
  return std::get<std::string>(value);
}

const char* TextProblem(const std::string& text) {
  if (text.empty()) return "must not be empty";
  return base::HasControls(text) ? "must not hold control characters" : nullptr;
}

const char* PathProblem(const std::string& text) {
  if (text.empty() || text[0] != '/') return "must be an absolute path";
  return TextProblem(text);
}

const char* TargetProblem(const std::string& text) {
  if (text == "stderr" || text == "syslog") return nullptr;
  return PathProblem(text) ? "must be \"stderr\", \"syslog\" or an absolute path" : nullptr;
}

const char* ServersProblem(const std::vector<std::string>& servers) {
  if (servers.empty()) return "must name one server at least";
  for (const std::string& server : servers) {
    if (const char* problem = TextProblem(server)) return problem;
    if (server.find_first_of(" ,") != server.npos) return "each server is a string of its own";
  }
  return nullptr;
}

std::optional<std::string> RangeProblem(const Setting& setting, std::uint64_t number) {
  if (number >= setting.least && number <= setting.most) return std::nullopt;
  return "is out of range: " + std::to_string(setting.least) + " to " + std::to_string(setting.most);
}

std::optional<std::string> Maybe(const char* problem) {
  return problem == nullptr ? std::nullopt : std::optional<std::string>(problem);
}

bool StartsWith(const std::string& text, std::string_view start) {
  return text.compare(0, start.size(), start) == 0;
}

// Whether what is sent to this server stays on the machine.
bool IsLocal(const std::string& server) {
  const std::string host = server.substr(0, server.find(':'));
  const bool is_number = host.find_first_not_of("0123456789.") == host.npos;
  return StartsWith(server, "/") || host == "localhost" || (is_number && StartsWith(host, "127.")) ||
         server == "::1" || StartsWith(server, "[::1]");
}

void CheckEncryption(const Settings& settings, std::vector<JointProblem>& problems) {
  if (!settings.database.tls_ca.empty() || settings.database_file.allow_plain_text) return;
  for (const std::string& server : settings.database.servers) {
    if (IsLocal(server)) continue;
    problems.push_back({"database.servers", "the password would go to " + server +
                                                " in plain text: set database.tls_ca, or "
                                                "database.allow_plain_text = true if that is meant"});
  }
}

void CheckTimeouts(const Settings& settings, std::vector<JointProblem>& problems) {
  const struct {
    const char* name;
    std::chrono::milliseconds span;
  } kParts[] = {
      {"database.connect_timeout", settings.database.connect_timeout},
      {"database.query_timeout", settings.database.query_timeout},
      {"ssh.connect_timeout", settings.ssh.connect_timeout},
      {"worker.io_timeout", settings.worker.io_timeout},
      {"worker.status_timeout", settings.worker.status_timeout},
  };
  for (const auto& part : kParts) {
    if (part.span <= settings.worker.request_timeout) continue;
    problems.push_back({part.name, "is longer than worker.request_timeout, of which it is a part"});
  }
}

// An action's longest way: its turn, the container's lock, the command and the look at what came of it.
void CheckActionTime(const WorkerSettings& worker, std::vector<JointProblem>& problems) {
  const auto needed = worker.turn_wait + worker.lock_wait + std::chrono::seconds(kStopSeconds) +
                      std::chrono::ceil<std::chrono::seconds>(node::ActingSettings().reserve);
  if (worker.request_timeout >= needed) return;
  problems.push_back({"worker.request_timeout", "must be " + std::to_string(needed.count()) +
                                                    " at least: worker.turn_wait + worker.lock_wait + " +
                                                    std::to_string(kStopSeconds) +
                                                    " for a stop + the look at its result"});
}

// Whoever opens a session with less time than half of what that may take does not tell a node that is gone
// from one that had too little: with such settings no status would ever find out.
void CheckConnecting(const Settings& settings, std::vector<JointProblem>& problems) {
  if (settings.ssh.connect_timeout <= settings.worker.status_timeout) return;
  problems.push_back({"ssh.connect_timeout",
                      "is longer than worker.status_timeout: a status could never tell that a node is gone"});
}

void CheckThreads(const Settings& settings, std::vector<JointProblem>& problems) {
  const WorkerSettings& worker = settings.worker;
  if (ShareThreads(worker).waits == 0) {
    problems.push_back({"worker.reserved_threads",
                        "leaves none of worker.threads to wait for nodes: an eighth is for imported pairs"});
  }
  if (worker.actions_per_node > 0 && worker.actions_per_node >= settings.ssh.sessions_per_endpoint) {
    problems.push_back({"worker.actions_per_node",
                        "must be below ssh.sessions_per_node, or actions keep statuses from the node"});
  }
}

}  // namespace

Kind KindOf(Form form) {
  switch (form) {
    case Form::kText:
    case Form::kSecret:
    case Form::kPath:
    case Form::kOptionalPath:
    case Form::kTarget:
    case Form::kLevel:
      return Kind::kString;
    case Form::kServers:
      return Kind::kStrings;
    case Form::kCount:
    case Form::kSeconds:
      return Kind::kInteger;
    case Form::kFlag:
      return Kind::kBoolean;
  }
  std::abort();
}

const char* KindName(Kind kind) {
  switch (kind) {
    case Kind::kString:
      return "a string";
    case Kind::kStrings:
      return "a list of strings";
    case Kind::kInteger:
      return "a whole number";
    case Kind::kBoolean:
      return "true or false";
  }
  std::abort();
}

std::optional<std::string> ValueProblem(const Setting& setting, const Value& value) {
  switch (setting.form) {
    case Form::kText:
      return Maybe(TextProblem(Text(value)));
    case Form::kSecret:
      return Maybe(base::HasControls(Text(value)) ? "must not hold control characters" : nullptr);
    case Form::kPath:
      return Maybe(PathProblem(Text(value)));
    case Form::kOptionalPath:
      return Maybe(Text(value).empty() ? nullptr : PathProblem(Text(value)));
    case Form::kTarget:
      return Maybe(TargetProblem(Text(value)));
    case Form::kLevel:
      return Maybe(IsLevel(Text(value)) ? nullptr : "must be \"debug\", \"info\", \"warning\" or \"error\"");
    case Form::kServers:
      return Maybe(ServersProblem(std::get<std::vector<std::string>>(value)));
    case Form::kCount:
    case Form::kSeconds:
      return RangeProblem(setting, std::get<std::uint64_t>(value));
    case Form::kFlag:
      return std::nullopt;
  }
  std::abort();
}

std::vector<JointProblem> JointProblems(const Settings& settings, Program program) {
  std::vector<JointProblem> problems;
  CheckEncryption(settings, problems);
  CheckTimeouts(settings, problems);
  if (program == Program::kWorker) {
    CheckActionTime(settings.worker, problems);
    CheckConnecting(settings, problems);
    CheckThreads(settings, problems);
  }
  const std::uint64_t daily = settings.retention.traffic_daily_days;
  if (daily > 0 && daily < kLongestPeriodDays) {
    problems.push_back({"retention.traffic_daily_days",
                        "must be " + std::to_string(kLongestPeriodDays) + " at least, or 0 for ever"});
  }
  if (!settings.database.password.empty() && !settings.database_file.password_file.empty()) {
    problems.push_back({"database.password_file", "stands beside database.password: set one of them"});
  }
  return problems;
}

}  // namespace cvm::config
