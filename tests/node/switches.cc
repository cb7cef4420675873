#include "tests/node/switches.h"

#include <chrono>
#include <cstdlib>
#include <thread>

#include "tests/node/files.h"

namespace cvm::testnode {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kGlance{5};
constexpr char kWhiteSpace[] = " \t\r\n";

std::string Path(const std::string& name) {
  return "/var/lib/vzctl/switch/" + name;
}

milliseconds Second() {
  const std::string text = SwitchText("second");
  return milliseconds(text.empty() ? 1000 : std::strtol(text.c_str(), nullptr, 10));
}

}  // namespace

std::string SwitchText(const std::string& name) {
  const std::string text = ReadFile(Path(name)).value_or("");
  const std::size_t begin = text.find_first_not_of(kWhiteSpace);
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find_last_not_of(kWhiteSpace) - begin + 1);
}

bool SwitchIsOn(const std::string& name) {
  return Exists(Path(name));
}

std::string ContainerSwitch(unsigned ctid, const std::string& name) {
  return std::to_string(ctid) + "." + name;
}

bool WaitFor(double seconds, const std::function<bool()>& done) {
  const auto end = steady_clock::now() + std::chrono::duration_cast<milliseconds>(Second() * seconds);
  while (!done()) {
    if (steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(kGlance);
  }
  return true;
}

void Pause(unsigned ctid, const std::string& place) {
  while (SwitchIsOn(ContainerSwitch(ctid, "hold-" + place))) std::this_thread::sleep_for(kGlance);
  DelayMilliseconds(SwitchText(ContainerSwitch(ctid, "delay-" + place)));
}

void DelayMilliseconds(const std::string& text) {
  const long delay = std::strtol(text.c_str(), nullptr, 10);
  if (delay > 0) std::this_thread::sleep_for(milliseconds(delay));
}

}  // namespace cvm::testnode
