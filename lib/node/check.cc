#include "lib/node/check.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <string_view>

#include "lib/base/ctid.h"
#include "lib/base/text.h"
#include "lib/node/asking.h"
#include "lib/node/commands.h"
#include "lib/node/reading.h"

namespace cvm::node {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kLongestDetail = 600;
constexpr std::size_t kExcerpt = 100;
constexpr std::int64_t kTolerableSkew = 5;  // seconds
constexpr std::size_t kLatencySamples = 5;
constexpr std::chrono::milliseconds kTolerableLatency{250};

std::string OneLine(std::string_view text) {
  return base::EscapeForLog(base::Shorten(base::WithoutEnd(text), kLongestDetail));
}

CheckStep Failed(const std::string& name, const base::Error& error) {
  return {name, StepState::kFailed, OneLine(error.message)};
}

CheckStep NotTried(const std::string& name, const std::string& why) {
  return {name, StepState::kNotTried, "not tried: " + why};
}

// Where no command was sent nothing is known of what the step is about.
CheckStep Unanswered(const std::string& name, const base::Error& error) {
  return ssh::NotSent(error) ? NotTried(name, OneLine(error.message)) : Failed(name, error);
}

struct Question {
  ssh::Runner& runner;
  const Node& node;
  base::Deadline deadline;
  base::Result<ssh::Output> Run(const ssh::Command& command) const {
    return runner.Run(node.endpoint, command, deadline);
  }
};

std::string SuccessOf(ssh::SessionStep step, const Node& node) {
  switch (step) {
    case ssh::SessionStep::kResolve:
      return node.endpoint.host;
    case ssh::SessionStep::kConnect:
      return "sshd answers at port " + std::to_string(node.endpoint.port);
    case ssh::SessionStep::kHostKey:
      return "it is a pinned one";
    case ssh::SessionStep::kLogin:
      return "logged in as " + node.endpoint.Where();
  }
  std::abort();
}

struct SessionStepName {
  ssh::SessionStep step;
  const char* name;
};
constexpr SessionStepName kSessionSteps[] = {{ssh::SessionStep::kResolve, "resolve"},
                                             {ssh::SessionStep::kConnect, "connect"},
                                             {ssh::SessionStep::kHostKey, "host key"},
                                             {ssh::SessionStep::kLogin, "login"}};

// The steps up to the one that failed.
std::vector<CheckStep> SessionSteps(const ssh::SessionTrial& trial, const Node& node) {
  std::vector<CheckStep> steps;
  for (const auto& [step, name] : kSessionSteps) {
    if (step == trial.reached && !trial.status) {
      steps.push_back(Failed(name, trial.status.error()));
      break;
    }
    steps.push_back({name, StepState::kOk, SuccessOf(step, node)});
  }
  return steps;
}

// That a command runs at all belongs to the login, and that nothing stands before its answer.
base::Status TryCommand(const Question& ask) {
  const auto output = ask.Run(LoginCommand());
  if (!output) return output.error();
  if (output->exit_status != 0) {
    return base::Error{base::ErrorCode::kInternal,
                       "the login works, but a command does not run " + HowItEnded(*output)};
  }
  if (output->out.empty()) return {};
  return base::Error{base::ErrorCode::kInternal, "the start-up files of user " + ask.node.endpoint.user +
                                                     "'s shell print '" +
                                                     base::Shorten(base::WithoutEnd(output->out), kExcerpt) +
                                                     "': they must print nothing"};
}

CheckStep Sudo(const Question& ask) {
  const auto output = ask.Run(PageSizeCommand(ask.node, ask.deadline));
  if (!output) return Unanswered("sudo", output.error());
  if (output->exit_status == 0) return {"sudo", StepState::kOk, "sudo -n works"};
  return {"sudo", StepState::kFailed,
          OneLine("what user " + ask.node.endpoint.user + " needs is refused by sudo -n or fails " +
                  HowItEnded(*output))};
}

CheckStep Gate(const Question& ask) {
  const auto output = ask.Run(GateVersionCommand());
  if (!output) return Unanswered("gate", output.error());
  std::string_view answer = output->out;
  if (!answer.empty() && answer.back() == '\n') answer.remove_suffix(1);
  if (output->exit_status == 0 && answer == kGateAnswer) {
    return {"gate", StepState::kOk, std::string(answer)};
  }
  if (output->exit_status == 0 && answer.substr(0, kGateName.size()) == kGateName) {
    return {"gate", StepState::kWarning,
            "it says " + OneLine(answer) + ", and should be " + std::string(kGateAnswer) +
                ": copy it to the node anew"};
  }
  return {"gate", StepState::kWarning,
          "there is none: whoever has our key can run everything there. See cvmctl node authorize"};
}

CheckStep Vzctl(const Question& ask) {
  const auto output = ask.Run(VzctlVersionCommand(ask.node));
  if (!output) return Unanswered("vzctl", output.error());
  if (output->exit_status == 0) return {"vzctl", StepState::kOk, OneLine(output->out)};
  const std::string how = ask.node.endpoint.user == "root" ? "" : " by sudo -n";
  return {"vzctl", StepState::kFailed,
          OneLine("vzctl cannot be run as " + ask.node.endpoint.user + how +
                  WhyNeverRan(ask.node, output->exit_status) + " " + HowItEnded(*output))};
}

// The question that every status asks. Whether there is a container 1 does not matter.
CheckStep Vzlist(const Question& ask) {
  const auto rows = AskVzlist(ask.runner, ask.node, {*base::Ctid::FromNumber(1)}, ask.deadline);
  if (!rows) return Unanswered("vzlist", rows.error());
  return {"vzlist", StepState::kOk, "it answers"};
}

CheckStep PageSize(const Question& ask) {
  const auto size = AskPageSize(ask.runner, ask.node, ask.deadline);
  if (!size) return Unanswered("page size", size.error());
  return {"page size", StepState::kOk, std::to_string(*size) + " bytes"};
}

CheckStep ReadingOf(const Question& ask) {
  const auto reading = AskReading(ask.runner, ask.node, {}, ask.deadline);
  if (!reading) return Unanswered("reading", reading.error());
  const std::string run = std::to_string(reading->size()) + " containers run";
  for (const auto& [ctid, container] : *reading) {
    if (container.ok()) continue;
    return {"reading", StepState::kWarning, run + "; of " + ctid.text() + ": " + container.error().message};
  }
  return {"reading", StepState::kOk, run};
}

std::int64_t Now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

CheckStep ClockOf(const Question& ask) {
  const std::int64_t before = Now();
  const auto output = ask.Run(ClockCommand());
  const std::int64_t after = Now();
  if (!output) return Unanswered("clock", output.error());
  std::string_view text = output->out;
  if (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const auto said = base::ParseU64(text);
  if (output->exit_status != 0 || !said || *said > INT64_MAX) {
    return {"clock", StepState::kFailed, OneLine("date +%s gives no time " + HowItEnded(*output))};
  }
  const auto theirs = static_cast<std::int64_t>(*said);
  // Anything between the question and the answer is right.
  const std::int64_t skew = theirs < before ? theirs - before : std::max<std::int64_t>(theirs - after, 0);
  const std::string detail =
      std::to_string(std::abs(skew)) + " s " + (skew < 0 ? "behind" : "ahead of") + " ours";
  if (std::abs(skew) <= kTolerableSkew) return {"clock", StepState::kOk, skew == 0 ? "as ours" : detail};
  return {"clock", StepState::kWarning, detail + ": is NTP at work on both?"};
}

CheckStep Latency(const Question& ask) {
  std::array<Clock::duration, kLatencySamples> samples{};
  for (auto& sample : samples) {
    const auto begun = Clock::now();
    const auto output = ask.Run(LoginCommand());
    if (!output) return Unanswered("latency", output.error());
    sample = Clock::now() - begun;
  }
  std::sort(samples.begin(), samples.end());
  const auto median = samples[kLatencySamples / 2];
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.1f ms a command",
                std::chrono::duration<double, std::milli>(median).count());
  if (median <= kTolerableLatency) return {"latency", StepState::kOk, text.data()};
  return {"latency", StepState::kWarning,
          std::string(text.data()) + ": the user's shell start-up files run before each"};
}

struct CommandStep {
  const char* name;
  CheckStep (*take)(const Question& ask);
};
constexpr CommandStep kCommandSteps[] = {{"gate", Gate},          {"vzctl", Vzctl},       {"vzlist", Vzlist},
                                         {"page size", PageSize}, {"reading", ReadingOf}, {"clock", ClockOf},
                                         {"latency", Latency}};

}  // namespace

const char* StepStateName(StepState state) {
  switch (state) {
    case StepState::kOk:
      return "ok";
    case StepState::kWarning:
      return "warning";
    case StepState::kFailed:
      return "failed";
    case StepState::kNotTried:
      return "not tried";
  }
  std::abort();
}

std::vector<CheckStep> CheckNode(const ssh::SessionTrial& trial, ssh::Runner& runner, const Node& node,
                                 std::chrono::milliseconds each) {
  std::vector<CheckStep> steps = SessionSteps(trial, node);
  if (!trial.status) return steps;
  const auto ask = [&] { return Question{runner, node, base::Deadline::In(each)}; };
  if (const auto tried = TryCommand(ask()); !tried) {
    steps.back() = Failed("login", tried.error());
    return steps;
  }
  if (node.endpoint.user != "root") steps.push_back(Sudo(ask()));
  for (const auto& [name, take] : kCommandSteps) {
    // Each of the others would wait in vain for as long.
    const bool lost = steps.back().state == StepState::kNotTried;
    steps.push_back(lost ? NotTried(name, "no session could be had any more") : take(ask()));
  }
  return steps;
}

std::string AuthorizedKeysLine(const ssh::HostKey& key, bool old_sshd) {
  const std::string options =
      old_sshd ? "no-port-forwarding,no-agent-forwarding,no-X11-forwarding,no-pty,no-user-rc" : "restrict";
  return options + ",command=\"" + kGatePath + "\" " + key.Line() + " cvm-client-api";
}

}  // namespace cvm::node
