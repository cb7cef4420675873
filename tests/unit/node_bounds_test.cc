#include "lib/node/bounds.h"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

using cvm::node::Bounds;
using cvm::node::BoundsSettings;

namespace {

// Waits in all, looks at one node, actions in all, actions on one node.
BoundsSettings Some() {
  return {10, 4, 5, 2};
}

BoundsSettings AsTheWorkerComes() {
  return {96, 64, 64, 8};
}

// Takes places until there is none and gives how many there were.
template <class Enter>
std::size_t Fill(std::vector<Bounds::Place>& places, Enter enter) {
  for (std::size_t count = 0;; ++count) {
    auto place = enter();
    if (!place) return count;
    places.push_back(std::move(place));
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(bounds)

BOOST_AUTO_TEST_CASE(OneNodeTakesNoMoreThanItsShareAndLeavesTheRestToOthers) {
  Bounds bounds(Some());
  std::vector<Bounds::Place> places;
  BOOST_TEST(Fill(places, [&] { return bounds.ToLook(1); }) == 4U);
  BOOST_TEST(Fill(places, [&] { return bounds.ToAct(1); }) == 2U);
  BOOST_TEST(Fill(places, [&] { return bounds.ToLook(2); }) == 3U);
  places.push_back(bounds.ToLook(3));
  BOOST_TEST(!!places.back());
  BOOST_TEST(!bounds.ToLook(5));
  BOOST_TEST(!bounds.ToAct(5));
}

// As the worker has them at 64 and 128 threads.
BOOST_AUTO_TEST_CASE(CrowdsAtSomeNodesLeaveRoomForThoseWhoAskTheOthers) {
  for (const std::size_t waits : {48U, 96U}) {
    BoundsSettings settings;
    settings.waits = waits;
    settings.looks_per_node = 64;
    Bounds bounds(settings);
    std::vector<Bounds::Place> places;
    for (std::uint64_t hanging = 1; hanging <= 3; ++hanging) {
      Fill(places, [&] { return bounds.ToLook(hanging); });
      const auto refused = bounds.ToLook(hanging);
      BOOST_TEST((!refused && refused.nodes_share()));
    }
    BOOST_TEST(!!bounds.ToLook(99));
    BOOST_TEST(!!bounds.ToAct(99));
  }
}

// One hangs with all that it may have; a second one is asked by many, who get their answers at once.
BOOST_AUTO_TEST_CASE(BesideANodeThatHangsAnotherOneHasRoomForMany) {
  Bounds bounds(AsTheWorkerComes());
  std::vector<Bounds::Place> places;
  Fill(places, [&] { return bounds.ToLook(1); });
  BOOST_TEST(Fill(places, [&] { return bounds.ToAct(1); }) == 8U);
  BOOST_TEST(Fill(places, [&] { return bounds.ToLook(2); }) == 16U);
  BOOST_TEST(!!bounds.ToLook(3));
}

BOOST_AUTO_TEST_CASE(NodesThatAreSlowHoweverManyShareHalfOfAllWaits) {
  for (const bool one_each : {false, true}) {
    Bounds bounds(AsTheWorkerComes());
    for (std::uint64_t slow = 1; slow <= 150; ++slow) bounds.Found(slow, false);
    std::vector<Bounds::Place> places;
    for (std::uint64_t slow = 1; slow <= 150; ++slow) {
      if (!one_each) Fill(places, [&] { return bounds.ToLook(slow); });
      auto place = bounds.ToLook(slow);
      if (place) places.push_back(std::move(place));
    }
    BOOST_TEST(places.size() == 48U);
    BOOST_TEST(Fill(places, [&] { return bounds.ToLook(200); }) == 32U);
    BOOST_TEST(!!bounds.ToLook(201));
  }
}

BOOST_AUTO_TEST_CASE(ASlowNodeThatAnswersPromptlyIsOneOfTheOthersAgain) {
  Bounds bounds(AsTheWorkerComes());
  std::vector<Bounds::Place> places;
  bounds.Found(1, false);
  BOOST_TEST(Fill(places, [&] { return bounds.ToLook(1); }) == 36U);
  bounds.Found(1, true);
  BOOST_TEST(Fill(places, [&] { return bounds.ToLook(1); }) == 28U);
}

BOOST_AUTO_TEST_CASE(SixtyFourWhoAskOneNodeAllHaveAPlaceAsTheWorkerComes) {
  Bounds bounds(AsTheWorkerComes());
  std::vector<Bounds::Place> places;
  BOOST_TEST(Fill(places, [&] { return bounds.ToLook(1); }) == 64U);
}

BOOST_AUTO_TEST_CASE(WhoIsRefusedLearnsWhetherTheNodeIsFullOrAll) {
  Bounds bounds(Some());
  std::vector<Bounds::Place> places;
  for (std::uint64_t node = 1; node <= 10; ++node) places.push_back(bounds.ToLook(node));
  for (const auto& place : places) BOOST_TEST(!!place);
  BOOST_TEST(!bounds.ToLook(11).nodes_share());
}

BOOST_AUTO_TEST_CASE(ActionsOfAllNodesTogetherAreBounded) {
  Bounds bounds(Some());
  std::vector<Bounds::Place> places;
  std::size_t actions = 0;
  for (std::uint64_t node = 1; node <= 5; ++node) {
    actions += Fill(places, [&] { return bounds.ToAct(node); });
  }
  BOOST_TEST(actions == 5U);
  BOOST_TEST(!!bounds.ToLook(1));
}

BOOST_AUTO_TEST_CASE(APlaceThatWasLeftIsToBeHadAgain) {
  Bounds bounds(Some());
  for (int i = 0; i < 3; ++i) {
    std::vector<Bounds::Place> places;
    BOOST_TEST(Fill(places, [&] { return bounds.ToLook(1); }) == 4U);
    BOOST_TEST(Fill(places, [&] { return bounds.ToAct(1); }) == 2U);
  }
}

BOOST_AUTO_TEST_CASE(ThoseWhoWaitAreCountedByNodeUntilTheyLeave) {
  Bounds bounds(Some());
  {
    const auto look = bounds.ToLook(1), act = bounds.ToAct(1), other = bounds.ToAct(2);
    const auto waiting = bounds.Waiting();
    BOOST_REQUIRE(waiting.size() == 2U);
    BOOST_TEST(waiting.at(1).looks == 1U);
    BOOST_TEST(waiting.at(1).actions == 1U);
    BOOST_TEST(waiting.at(2).looks == 0U);
  }
  BOOST_TEST(bounds.Waiting().empty());
}

BOOST_AUTO_TEST_CASE(WithoutSettingsThereIsNoBound) {
  Bounds bounds{BoundsSettings()};
  std::vector<Bounds::Place> places;
  for (int i = 0; i < 1000; ++i) places.push_back(i % 2 == 0 ? bounds.ToLook(1) : bounds.ToAct(1));
  for (const auto& place : places) BOOST_REQUIRE(!!place);
}

BOOST_AUTO_TEST_SUITE_END()
