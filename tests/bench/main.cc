// Measures what it is asked for (all, without arguments) and prints the table. Exit status: 0 every goal met;
// 1 one was missed, or could not be measured; 2 wrong usage.
#include <curl/curl.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iterator>
#include <string>
#include <vector>

#include "tests/bench/bench.h"

namespace {

using cvm::bench::Line;
using cvm::bench::Stack;

constexpr struct {
  const char* name;
  std::vector<Line> (*measure)(const Stack&);
} kParts[] = {
    {"status", cvm::bench::MeasureStatus},          {"start", cvm::bench::MeasureStart},
    {"batches", cvm::bench::MeasureBatches},        {"list", cvm::bench::MeasureList},
    {"thousand", cvm::bench::MeasureThousandNodes},
};

void Print(const Line& line) {
  std::printf("%-6s %s\n       goal %s, measured %s\n", line.met ? "met" : "MISSED", line.what.c_str(),
              line.goal.c_str(), line.measured.c_str());
  std::fflush(stdout);
}

bool Measure(const Stack& stack, const std::vector<std::string>& wanted) {
  bool good = true;
  for (const auto& part : kParts) {
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), part.name) == wanted.end()) continue;
    try {
      for (const Line& line : part.measure(stack)) {
        Print(line);
        good = good && line.met;
      }
    } catch (const std::exception& failure) {
      std::printf("FAILED %s: %s\n", part.name, failure.what());
      good = false;
    }
  }
  return good;
}

bool IsPart(const std::string& name) {
  return std::any_of(std::begin(kParts), std::end(kParts),
                     [&](const auto& part) { return part.name == name; });
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> wanted(argv + 1, argv + argc);
  if (!std::all_of(wanted.begin(), wanted.end(), IsPart)) {
    std::fputs("usage: bench [PART...]; the parts:", stderr);
    for (const auto& part : kParts) std::fprintf(stderr, " %s", part.name);
    std::fputs("\n", stderr);
    return 2;
  }
  curl_global_init(CURL_GLOBAL_DEFAULT);
  bool good = false;
  try {
    good = Measure(Stack(), wanted);
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "bench: %s\n", failure.what());
  }
  curl_global_cleanup();
  return good ? 0 : 1;
}
