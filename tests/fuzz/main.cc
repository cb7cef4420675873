// libFuzzer's way in: CVM_FUZZ names the target.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/fuzz/targets.h"

namespace {

const cvm::fuzz::Target& Chosen() {
  const char* name = std::getenv("CVM_FUZZ");
  for (const cvm::fuzz::Target& target : cvm::fuzz::Targets()) {
    if (name != nullptr && std::strcmp(target.name, name) == 0) return target;
  }
  std::fputs("CVM_FUZZ must name one of:\n", stderr);
  for (const cvm::fuzz::Target& target : cvm::fuzz::Targets()) std::fprintf(stderr, "  %s\n", target.name);
  std::exit(2);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const cvm::fuzz::Target& target = Chosen();
  const std::string complaint = target.complaint({reinterpret_cast<const char*>(data), size});
  if (complaint.empty()) return 0;
  std::fprintf(stderr, "%s: %s\n", target.name, complaint.c_str());
  std::abort();
}
