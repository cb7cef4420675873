// The corpus of the fuzz targets, replayed: what once broke a reader, and what each must read.
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <set>
#include <string>

#include "tests/fuzz/targets.h"
#include "tests/support/text.h"

using cvm::fuzz::Target;
using cvm::fuzz::Targets;

namespace {

const std::filesystem::path kCorpus = "tests/fuzz/corpus";

}  // namespace

BOOST_AUTO_TEST_SUITE(fuzz)

BOOST_AUTO_TEST_CASE(EveryTargetHoldsForItsWholeCorpus) {
  for (const Target& target : Targets()) {
    int files = 0;
    for (const auto& entry : std::filesystem::directory_iterator(kCorpus / target.name)) {
      const std::string path = entry.path().string();
      BOOST_TEST(target.complaint(cvm::test::ReadFile(path)) == "", path);
      ++files;
    }
    BOOST_TEST(files >= 5, target.name);
  }
}

BOOST_AUTO_TEST_CASE(EveryFolderOfTheCorpusIsATargets) {
  std::set<std::string> folders, targets;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpus)) {
    folders.insert(entry.path().filename().string());
  }
  for (const Target& target : Targets()) targets.insert(target.name);
  BOOST_TEST(folders == targets, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
