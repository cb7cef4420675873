#include "lib/metrics/process.h"

#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

namespace cvm::metrics {
namespace {

// Fields of /proc/self/stat, counted from the state, which follows the name's closing bracket.
enum Field : std::size_t { kUserTime = 11, kSystemTime = 12, kThreads = 17, kStartTime = 19, kResident = 21 };

std::vector<std::uint64_t> StatFields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  std::istringstream rest(line.substr(line.rfind(')') + 1));
  std::vector<std::uint64_t> fields;
  // Words and negative numbers are of no interest here.
  for (std::string word; rest >> word;) fields.push_back(std::strtoull(word.c_str(), nullptr, 10));
  return fields;
}

double Now(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

std::uint64_t CountDescriptors() {
  std::error_code error;
  const std::filesystem::directory_iterator all("/proc/self/fd", error);
  const auto count = error ? 0 : std::distance(begin(all), end(all));
  return count > 0 ? static_cast<std::uint64_t>(count) - 1 : 0;  // without the one that reads the folder
}

}  // namespace

std::optional<ProcessFigures> ReadProcess() {
  const std::vector<std::uint64_t> fields = StatFields();
  if (fields.size() <= kResident) return std::nullopt;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  ProcessFigures figures;
  // Once: the two clocks drift against each other.
  static const double booted = Now(CLOCK_REALTIME) - Now(CLOCK_BOOTTIME);
  figures.started = booted + static_cast<double>(fields[kStartTime]) / ticks;
  figures.cpu_seconds = static_cast<double>(fields[kUserTime] + fields[kSystemTime]) / ticks;
  figures.resident = fields[kResident] * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  figures.threads = fields[kThreads];
  figures.descriptors = CountDescriptors();
  figures.most_descriptors = limit.rlim_cur;
  return figures;
}

}  // namespace cvm::metrics
