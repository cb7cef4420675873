#include "tests/node/vzctl.h"

#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "tests/node/actions.h"
#include "tests/node/exit_status.h"
#include "tests/node/files.h"
#include "tests/node/lock.h"
#include "tests/node/switches.h"

namespace cvm::testnode {
namespace {

constexpr char kGlobalConfig[] = "/etc/vz/vz.conf";

struct Verb {
  std::string_view name;
  std::string_view options;  // the long options that it knows, with a blank around each
  bool needs_config;
  bool needs_lock;
  bool runs_command;
  int (*run)(const Call&);
};

constexpr Verb kVerbs[] = {
    {"start", " --force --wait ", true, true, false, Start},
    {"stop", " --fast ", true, true, false, Stop},
    {"restart", " --force --fast --wait ", true, true, false, Restart},
    {"mount", " ", true, true, false, Mount},
    {"umount", " ", true, true, false, Umount},
    {"status", " ", false, false, false, PrintStatus},
    {"exec", " ", true, false, true, Exec},
    {"exec2", " ", true, false, true, Exec2},
};

struct CommandLine {
  std::string program;
  bool quiet = false;
  bool skip_lock = false;
  bool version = false;
  std::vector<std::string> words;  // the verb, the CTID and what follows
};

const Verb* FindVerb(const std::string& name) {
  for (const Verb& verb : kVerbs) {
    if (verb.name == name) return &verb;
  }
  return nullptr;
}

CommandLine ReadCommandLine(int argc, char** argv) {
  CommandLine line;
  line.program = argv[0];
  int i = 1;
  for (; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--quiet") {
      line.quiet = true;
    } else if (word == "--skiplock") {
      line.skip_lock = true;
    } else if (word == "--version") {
      line.version = true;
    } else if (word != "--verbose") {
      break;
    }
  }
  line.words.assign(argv + i, argv + argc);
  return line;
}

// -1 for what is no CTID.
long ParseCtid(const std::string& text) {
  char* end = nullptr;
  errno = 0;
  const long value = std::strtol(text.c_str(), &end, 10);
  const bool is_number = end != text.c_str() && *end == '\0' && errno == 0;
  return is_number && value >= 0 && value <= INT_MAX ? value : -1;
}

int CheckCtid(const CommandLine& line, const Console& console) {
  if (line.words.size() < 2) {
    console.Err("CT ID missing");
    return kBadValue;
  }
  if (ParseCtid(line.words[1]) < 0) {
    console.Err("Bad CT ID " + line.words[1]);
    return kBadValue;
  }
  if (!Exists(kGlobalConfig)) {
    console.Err(std::string("Unable to open ") + kGlobalConfig + ": " + std::strerror(errno));
    return kNoGlobalConfig;
  }
  if (ParseCtid(line.words[1]) == 0) {
    console.Err("Only set actions are allowed for CT0");
    return kBadValue;
  }
  return kDone;
}

int ReadOptions(const Verb& verb, const CommandLine& line, Call* call) {
  std::string left;
  for (std::size_t i = 2; i < line.words.size(); ++i) {
    const std::string& word = line.words[i];
    if (word.compare(0, 2, "--") != 0) {
      left += word + " ";
    } else if (verb.options.find(" " + word + " ") == std::string_view::npos) {
      call->console.Err(line.program + ": unrecognized option '" + word + "'");
      return kBadParameter;
    }
    call->force = call->force || word == "--force";
    call->fast = call->fast || word == "--fast";
  }
  if (left.empty()) return kDone;
  call->console.Err("Invalid options: " + left);
  return kBadParameter;
}

int ReadArguments(const Verb& verb, const CommandLine& line, Call* call) {
  if (!verb.runs_command) return ReadOptions(verb, line, call);
  call->command.assign(line.words.begin() + 2, line.words.end());
  if (!call->command.empty()) return kDone;
  call->console.Err("No command line given for " + line.words[0]);
  return kBadParameter;
}

int ReadConfig(const Verb& verb, Call* call) {
  call->config = Config::Load(call->ctid);
  if (!call->config) {
    if (!verb.needs_config) return kDone;
    call->console.Err("Container config file does not exist");
    return kNoConfig;
  }
  for (const std::string& warning : call->config->warnings()) call->console.Err(warning);
  return kDone;
}

int CheckKernel(const Console& console) {
  const std::string kernel = SwitchText("kernel");
  if (kernel.empty()) return kDone;
  if (kernel == "no-vzdev") {
    console.Err("Unable to open /dev/vzctl: No such file or directory");
    console.Err(
        "Please check that vzdev kernel module is loaded and you have sufficient permissions to access the "
        "file.");
  } else {
    console.Err("No suitable kernel support compiled in");
  }
  return kNoKernel;
}

int RunVerb(const Verb& verb, const CommandLine& line, Call* call) {
  if (const int status = ReadArguments(verb, line, call); status != kDone) return status;
  if (const int status = ReadConfig(verb, call); status != kDone) return status;
  if (const int status = CheckKernel(call->console); status != kDone) return status;
  if (!verb.needs_lock || line.skip_lock) return verb.run(*call);
  Lock lock(call->ctid, &call->console);
  if (const int status = lock.Take(); status != kDone) return status;
  return verb.run(*call);
}

// The boot of the node starts its containers without leaving a trace in the records.
bool IsRecorded() {
  return std::getenv("CVM_NODE_BOOT") == nullptr;
}

void Record(const char* file, const CommandLine& line, const std::string& ending) {
  if (!IsRecorded() || line.words.size() < 2) return;
  Append(std::string("/var/lib/vzctl/") + file,
         line.words[1] + " " + line.words[0] + " " + std::to_string(getpid()) + ending + "\n");
}

int Run(const CommandLine& line, Call* call) {
  if (const int status = CheckCtid(line, call->console); status != kDone) return status;
  call->ctid = static_cast<unsigned>(ParseCtid(line.words[1]));
  const Verb* verb = FindVerb(line.words[0]);
  if (verb != nullptr) return RunVerb(*verb, line, call);
  call->console.Err("Bad command: " + line.words[0]);
  return kBadParameter;
}

}  // namespace

int VzctlMain(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);  // as OpenVZ's own does: it goes on where nobody hears it any more
  const CommandLine line = ReadCommandLine(argc, argv);
  Call call;
  if (line.quiet) call.console.Silence();
  if (line.version) {
    call.console.Out("vzctl version 4.11.1");
    return kDone;
  }
  if (line.words.empty()) {
    call.console.Err("Usage: vzctl [options] <command> <ctid> [parameters]");
    return kBadParameter;
  }
  Record("begun", line, "");
  const int status = Run(line, &call);
  Record("journal", line, " " + std::to_string(status));
  return status;
}

}  // namespace cvm::testnode
