// manual NAME: prints one of the files of the table. A tool of the build.
#include <algorithm>
#include <cstdio>
#include <string>

#include "lib/manual/manual.h"

int main(int argc, char** argv) {
  const auto& files = cvm::manual::Files();
  const std::string name = argc == 2 ? argv[1] : "";
  const auto found =
      std::find_if(files.begin(), files.end(), [&](const auto& file) { return name == file.name; });
  if (found == files.end()) {
    std::fputs("usage: manual NAME, where NAME is one of:\n", stderr);
    for (const auto& file : files) std::fprintf(stderr, "  %s\n", file.name);
    return 2;
  }
  std::fputs(found->text().c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}
