#include "tests/node/container.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include "tests/node/files.h"
#include "tests/node/init.h"
#include "tests/node/switches.h"

namespace cvm::testnode {
namespace {

using Values = std::map<std::string, std::string>;

constexpr char kStateFolder[] = "/var/lib/vzctl/state/";
constexpr std::uint64_t kCycle = 1000;  // after so many readings the figures begin again

std::string StatePath(unsigned ctid) {
  return kStateFolder + std::to_string(ctid);
}
std::string ReadingsPath(unsigned ctid) {
  return "/var/lib/vzctl/readings/" + std::to_string(ctid);
}

Values ParseValues(const std::string& text) {
  Values values;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) values[word.substr(0, equals)] = word.substr(equals + 1);
  }
  return values;
}

void Override(const Values& values, const std::string& name, std::uint64_t* figure) {
  const auto found = values.find(name);
  if (found != values.end()) *figure = std::strtoull(found->second.c_str(), nullptr, 10);
}

bool SaysNull(const Values& values, const std::string& name) {
  const auto found = values.find(name);
  return found != values.end() && found->second == "null";
}

std::string LimitsLine(const char* soft, const char* hard, const std::optional<Limits>& limits) {
  if (!limits) return "";
  return std::string(soft) + "=" + std::to_string(limits->soft) + " " + hard + "=" +
         std::to_string(limits->hard) + "\n";
}

std::uint64_t CountReading(unsigned ctid, RunState state) {
  if (state != RunState::kRunning) return 0;
  return Append(ReadingsPath(ctid), ".").value_or(0) % kCycle;
}

std::optional<Pages> ReadPages(RunState state, std::uint64_t reading, const std::optional<Config>& config,
                               const Values& kernel, const Values& set) {
  const bool running = state == RunState::kRunning;
  const auto limits = config ? config->GetLimits("PHYSPAGES", kBytesPerPage) : std::nullopt;
  if (SaysNull(set, "physpages") || (!running && !limits)) return std::nullopt;
  Pages pages;
  if (limits) pages.barrier = limits->soft, pages.limit = limits->hard;
  if (!running) return pages;
  pages.held = 1000 + 7 * reading;
  Override(kernel, "barrier", &pages.barrier);
  Override(kernel, "limit", &pages.limit);
  Override(set, "held", &pages.held);
  pages.maxheld = pages.held;
  Override(set, "maxheld", &pages.maxheld);
  Override(set, "barrier", &pages.barrier);
  Override(set, "limit", &pages.limit);
  Override(set, "failcnt", &pages.failcnt);
  return pages;
}

std::optional<Blocks> ReadBlocks(RunState state, std::uint64_t reading, const std::optional<Config>& config,
                                 const Values& set) {
  const auto limits = config ? config->GetLimits("DISKSPACE", kBytesPerBlock) : std::nullopt;
  if (SaysNull(set, "diskspace") || !limits) return std::nullopt;
  Blocks blocks;
  blocks.usage = state == RunState::kStopped ? 0 : 6000 + 4 * reading;
  blocks.softlimit = limits->soft;
  blocks.hardlimit = limits->hard;
  Override(set, "usage", &blocks.usage);
  return blocks;
}

void AddNumbers(const std::string& folder, const std::string& ending, std::set<unsigned>* ctids) {
  DIR* dir = opendir(folder.c_str());
  if (dir == nullptr) return;
  while (const dirent* entry = readdir(dir)) {
    char* end = nullptr;
    const unsigned long ctid = std::strtoul(entry->d_name, &end, 10);
    if (ctid != 0 && ending == end) ctids->insert(static_cast<unsigned>(ctid));
  }
  closedir(dir);
}

}  // namespace

std::string PrivateArea(unsigned ctid) {
  return "/vz/private/" + std::to_string(ctid);
}
std::string RootArea(unsigned ctid) {
  return "/vz/root/" + std::to_string(ctid);
}
std::string DumpFile(unsigned ctid) {
  return "/vz/dump/Dump." + std::to_string(ctid);
}

RunState GetRunState(unsigned ctid) {
  const std::string text = ReadFile(StatePath(ctid)).value_or("");
  if (text.compare(0, 7, "running") == 0) return InitHasDied(ctid) ? RunState::kMounted : RunState::kRunning;
  if (text.compare(0, 7, "mounted") == 0) return RunState::kMounted;
  return RunState::kStopped;
}

std::string StartInit(unsigned ctid, const Config& config) {
  unlink(ReadingsPath(ctid).c_str());
  std::string problem = BeginInit(ctid, config);
  if (!problem.empty()) return problem;
  const auto limits = LimitsLine("barrier", "limit", config.GetLimits("PHYSPAGES", kBytesPerPage));
  if (!WriteFile(StatePath(ctid), "running\n" + limits)) problem = "the state cannot be written";
  return problem;
}

bool EndInit(unsigned ctid) {
  return KillInit(ctid) && MarkMounted(ctid);
}

bool MarkMounted(unsigned ctid) {
  mkdir(RootArea(ctid).c_str(), 0755);
  return WriteFile(StatePath(ctid), "mounted\n");
}

bool MarkUnmounted(unsigned ctid) {
  return unlink(StatePath(ctid).c_str()) == 0;
}

Usage ReadUsage(unsigned ctid, RunState state, const std::optional<Config>& config) {
  const Values kernel = ParseValues(ReadFile(StatePath(ctid)).value_or(""));
  const Values set = ParseValues(SwitchText(ContainerSwitch(ctid, "usage")));
  const std::uint64_t reading = CountReading(ctid, state);
  Usage usage;
  usage.pages = ReadPages(state, reading, config, kernel, set);
  usage.blocks = ReadBlocks(state, reading, config, set);
  usage.processes = state == RunState::kRunning ? 3 : 0;
  Override(set, "numproc", &usage.processes);
  return usage;
}

std::vector<unsigned> ListContainers() {
  std::set<unsigned> ctids;
  AddNumbers("/etc/vz/conf", ".conf", &ctids);
  AddNumbers(kStateFolder, "", &ctids);
  return {ctids.begin(), ctids.end()};
}

}  // namespace cvm::testnode
