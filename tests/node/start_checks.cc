#include "tests/node/start_checks.h"

#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cctype>

#include "tests/node/container.h"
#include "tests/node/exit_status.h"
#include "tests/node/files.h"

namespace cvm::testnode {
namespace {

constexpr char kStartFailed[] =
    R"(Container start failed (try to check kernel messages, e.g. "dmesg | tail"))";
constexpr int kScriptDidNotRun = 255;

// Without vSwap, that is without both PHYSPAGES and SWAPPAGES, vzctl wants every one of these.
constexpr const char* kBeanCounters[] = {
    "kmemsize",     "lockedpages", "privvmpages",  "shmpages", "numproc",    "physpages", "vmguarpages",
    "oomguarpages", "numtcpsock",  "numflock",     "numpty",   "numsiginfo", "tcpsndbuf", "tcprcvbuf",
    "othersockbuf", "dgramrcvbuf", "numothersock", "numfile",  "dcachesize", "numiptent"};

// With SIGPIPE as a program expects it, which vzctl itself ignores.
int Spawn(pid_t* pid, const char* path, char* const* arguments, char* const* environment) {
  sigset_t heard;
  sigemptyset(&heard);
  sigaddset(&heard, SIGPIPE);
  posix_spawnattr_t attributes;
  if (const int problem = posix_spawnattr_init(&attributes); problem != 0) return problem;
  posix_spawnattr_setsigdefault(&attributes, &heard);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
  const int problem = posix_spawn(pid, path, nullptr, &attributes, arguments, environment);
  posix_spawnattr_destroy(&attributes);
  return problem;
}

std::string UpperCase(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

std::optional<StartProblem> CheckLimits(const Config& config) {
  if (config.Has("PHYSPAGES") && config.Has("SWAPPAGES")) return std::nullopt;
  StartProblem problem{kNoUbcParameters, {}};
  for (const char* name : kBeanCounters) {
    if (config.Has(UpperCase(name))) continue;
    problem.words.push_back(std::string("Error: required UB parameter ") + name + " not set");
  }
  if (problem.words.empty()) return std::nullopt;
  return problem;
}

std::string Owner(const std::string& uid, const std::string& gid) {
  return uid + ":" + gid;
}

std::optional<StartProblem> CheckOwner(unsigned ctid, const Config& config) {
  if (!config.Has("LOCAL_UID")) return std::nullopt;
  struct stat area = {};
  if (stat(PrivateArea(ctid).c_str(), &area) != 0) return std::nullopt;
  const std::string is = Owner(std::to_string(area.st_uid), std::to_string(area.st_gid));
  const std::string wanted = Owner(config.Get("LOCAL_UID"), config.Get("LOCAL_GID"));
  if (is == wanted) return std::nullopt;
  return StartProblem{kBrokenContainer,
                      {"Container private area is owned by " + is +
                           ", but configuration file says we should run with " + wanted + ".",
                       "Refusing to run."}};
}

bool HasOneOf(const std::string& area, const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    if (Exists(area + file)) return true;
  }
  return false;
}

}  // namespace

std::optional<StartProblem> CheckBeforeMount(unsigned ctid, const Config& config) {
  if (auto problem = CheckLimits(config)) return problem;
  return CheckOwner(ctid, config);
}

std::optional<StartProblem> CheckMounted(unsigned ctid) {
  const std::string area = PrivateArea(ctid);
  if (!Exists(area + "/dev")) {
    return StartProblem{kNoResources,
                        {"Can not mount devtmpfs: No such file or directory",
                         "Not enough resources to start environment", kStartFailed}};
  }
  if (!HasOneOf(area, {"/sbin/init", "/etc/init", "/bin/init"})) {
    return StartProblem{kBrokenContainer,
                        {"Unable to start init, probably incorrect template", "Container start failed"}};
  }
  if (!HasOneOf(area, {"/bin/bash", "/bin/sh"})) return ScriptProblem();
  return std::nullopt;
}

StartProblem ScriptProblem() {
  return {kActionScriptFailed, {kStartFailed}};
}

std::string ScriptPath(unsigned ctid, const std::string& verb) {
  return "/etc/vz/conf/" + std::to_string(ctid) + "." + verb;
}

int RunScript(unsigned ctid, const std::string& verb) {
  std::string path = ScriptPath(ctid, verb);
  if (!Exists(path)) return 0;
  std::string id = "VEID=" + std::to_string(ctid);
  std::string search = "PATH=/usr/sbin:/usr/bin:/sbin:/bin";
  char* const arguments[] = {path.data(), nullptr};
  char* const environment[] = {id.data(), search.data(), nullptr};
  pid_t pid = 0;
  int status = 0;
  if (Spawn(&pid, path.c_str(), arguments, environment) != 0) return kScriptDidNotRun;
  if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return kScriptDidNotRun;
  return WEXITSTATUS(status);
}

std::string VethNames(const Config& config) {
  static const std::string kKey = "host_ifname=";
  const std::string interfaces = config.Get("NETIF");
  std::string names;
  for (std::size_t at = interfaces.find(kKey); at != std::string::npos; at = interfaces.find(kKey, at)) {
    at += kKey.size();
    names += interfaces.substr(at, interfaces.find_first_of(",;", at) - at) + " ";
  }
  return names;
}

std::optional<std::string> DistributionWarning(const Config& config) {
  const std::string whole = config.Get("OSTEMPLATE");
  for (std::string name = whole; !name.empty();) {
    if (Exists("/etc/vz/dists/" + name + ".conf")) return std::nullopt;
    const std::size_t dash = name.rfind('-');
    if (dash == std::string::npos) break;
    name.resize(dash);
  }
  if (whole.empty()) return std::nullopt;
  return "Warning: configuration file for distribution " + whole +
         " not found, using defaults from /etc/vz/dists/default";
}

}  // namespace cvm::testnode
