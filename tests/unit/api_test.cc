#include <boost/test/unit_test.hpp>
#include <limits>
#include <string>

#include "lib/api/render.h"
#include "lib/api/router.h"
#include "lib/api/words.h"

using namespace cvm;       // NOLINT: tests
using namespace cvm::api;  // NOLINT: tests

namespace {

constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();

vps::Vps SampleVps() {
  vps::Vps vps;
  vps.id = 1;
  vps.node_id = 3;
  vps.node_location = "Paris";
  vps.ctid = "101";
  vps.hostname = "test-vz.cryto.net";
  vps.guaranteed_ram = 128;
  vps.disk_space = 5000;
  vps.cpu_count = 1;
  return vps;
}

const char* Header(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers) {
    if (key == name) return value.c_str();
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(api)

BOOST_AUTO_TEST_CASE(EveryRouteOfTheReferenceIsFound) {
  BOOST_TEST((FindRoute("/api/client/vps/list")->route->what == What::kList));
  BOOST_TEST((FindRoute("/api/client/vps/7")->route->what == What::kStatus));
  BOOST_TEST((FindRoute("/api/client/vps/7/status")->route->what == What::kStatus));
  BOOST_TEST((FindRoute("/api/client/vps/7/start")->route->what == What::kStart));
  BOOST_TEST((FindRoute("/api/client/vps/7/stop")->route->what == What::kStop));
  BOOST_TEST((FindRoute("/api/client/vps/7/restart")->route->what == What::kRestart));
  BOOST_TEST(FindRoute("/api/client/vps/18446744073709551615/start")->vps_id == kMost);
}

BOOST_AUTO_TEST_CASE(PathsThatOnlyResembleARouteAreNone) {
  for (const char* path : {"",
                           "/",
                           "/api/client",
                           "/api/client/",
                           "/api/client/vps",
                           "/api/client/vps/",
                           "/api/client/vps/list/",
                           "/api/client/vps//list",
                           "//api/client/vps/list",
                           "/api/client/vps/%6cist",
                           "/api/client/vps/LIST",
                           "/api/client/vps/list/status",
                           "/api/client/vps/7/",
                           "/api/client/vps/7//status",
                           "/api/client/vps/7/status/",
                           "/api/client/vps/07/status",
                           "/api/client/vps/+7/status",
                           "/api/client/vps/-7/status",
                           "/api/client/vps/7 /status",
                           "/api/client/vps/7.0/status",
                           "/api/client/vps/%37/status",
                           "/api/client/vps/18446744073709551616/status",
                           "/api/client/vps/7/destroy",
                           "/api/client/vps/7/status;x",
                           "/api/client/../client/vps/list",
                           "/api/client/vps/7/start/stop",
                           "/api/client/vps/status",
                           "/api/client/vps//status",
                           "/api/client/vps/list#x"}) {
    BOOST_TEST(!FindRoute(path), "'" << path << "' was taken");
  }
}

BOOST_AUTO_TEST_CASE(AQueryStringIsNoPartOfThePath) {
  BOOST_TEST(PathOf("/api/client/vps/list?x=1?y") == "/api/client/vps/list");
  BOOST_TEST(PathOf("/api/client/vps/list?") == "/api/client/vps/list");
  BOOST_TEST(PathOf("/api/client/vps/list") == "/api/client/vps/list");
}

BOOST_AUTO_TEST_CASE(LookingIsGetAndHeadAndActingIsPost) {
  const Route& list = *FindRoute("/api/client/vps/list")->route;
  const Route& start = *FindRoute("/api/client/vps/7/start")->route;
  BOOST_TEST((list.Allows("GET") && list.Allows("HEAD") && !list.Allows("POST") && !list.Allows("get")));
  BOOST_TEST((start.Allows("POST") && !start.Allows("GET") && !start.Allows("HEAD") && !start.Allows("")));
  BOOST_TEST(list.AllowedMethods() == "GET, HEAD");
  BOOST_TEST(start.AllowedMethods() == "POST");
}

BOOST_AUTO_TEST_CASE(TheAnswerToABadPairIsTheReferencesWordForWord) {
  const Response response = NotAuthorized();
  BOOST_TEST(response.status == 401);
  BOOST_TEST(response.reason == "Not Authorized");
  BOOST_TEST(response.body == R"({"errors": ["No valid API token pair was specified."]})");
  BOOST_TEST(Header(response, "WWW-Authenticate") != "");
  BOOST_TEST(Header(response, "Content-Type") == "application/json");
  BOOST_TEST(Header(response, "Cache-Control") == "no-store");
}

BOOST_AUTO_TEST_CASE(AnActionThatIsDoneHasAnEmptyResponse) {
  const Response response = ActionAnswer(vps::ActionResult::kDone, vps::Action::kStart);
  BOOST_TEST(response.status == 200);
  BOOST_TEST(response.body == R"({"response": {}})");
}

BOOST_AUTO_TEST_CASE(EachWayThatAnActionFailsHasItsStatus) {
  struct Case {
    vps::ActionResult result;
    int status;
  };
  for (const auto& [result, status] : {Case{vps::ActionResult::kSuspended, 500},
                                       {vps::ActionResult::kTerminated, 500},
                                       {vps::ActionResult::kFailed, 500},
                                       {vps::ActionResult::kMissing, 500},
                                       {vps::ActionResult::kLocked, 500},
                                       {vps::ActionResult::kDownAfterRestart, 500},
                                       {vps::ActionResult::kNotInTurn, 503},
                                       {vps::ActionResult::kUnreachable, 503},
                                       {vps::ActionResult::kOverloaded, 503},
                                       {vps::ActionResult::kOutcomeUnknown, 503}}) {
    const Response response = ActionAnswer(result, vps::Action::kStop);
    BOOST_TEST(response.status == status);
    BOOST_TEST((std::string(Header(response, "Retry-After")).empty() == (status == 500)));
    BOOST_TEST(response.body.find("{\"errors\": [\"") == 0u);
  }
}

BOOST_AUTO_TEST_CASE(EachRefusalHasItsStatus) {
  BOOST_TEST(NoClientAccess().status == 403);
  BOOST_TEST(ReadOnlyPair().status == 403);
  BOOST_TEST(UnknownPath().status == 404);
  BOOST_TEST(NoSuchVps().status == 404);
  BOOST_TEST(InternalError().status == 500);
  BOOST_TEST(DatabaseAway().status == 503);
  BOOST_TEST(Header(DatabaseAway(), "Retry-After") != "");
  BOOST_TEST(MethodNotAllowed("POST").status == 405);
  BOOST_TEST(Header(MethodNotAllowed("POST"), "Allow") == "POST");
}

BOOST_AUTO_TEST_CASE(AListOfNoVpsesIsAnEmptyArray) {
  BOOST_TEST(RenderList({}) == R"({"response": {"vpses": []}})");
}

BOOST_AUTO_TEST_CASE(SplitAccountingShowsBothDirectionsAndNoTotal) {
  vps::Vps vps = SampleVps();
  vps.template_id = 9;
  vps.burstable_ram = 256;
  vps.traffic = {vps::Accounting::kSplit, 500000000000, 0, 0, 912727849, 16923948};
  BOOST_TEST(
      RenderList({vps}) ==
      R"({"response": {"vpses": [{"id": "1", "node": "3", "location": "Paris", "template": "9", )"
      R"("virtualization_type": "1", "hostname": "test-vz.cryto.net", "guaranteed_ram": "128", "burstable_ram": "256", )"
      R"("disk_space": "5000", "cpu_count": "1", "traffic_in_limit": "500000000000", "traffic_out_limit": "0", )"
      R"("traffic_in_used": "912727849", "traffic_out_used": "16923948"}]}})");
}

BOOST_AUTO_TEST_CASE(CombinedAccountingShowsTheSaturatingSumAndVswapNoBurst) {
  vps::Vps vps = SampleVps();
  vps.traffic = {vps::Accounting::kCombined, 0, 0, kMost, kMost, 1};
  const std::string json = RenderList({vps});
  BOOST_TEST(
      json.find(R"("traffic_limit": "18446744073709551615", "traffic_used": "18446744073709551615"})") !=
      std::string::npos);
  for (const char* absent : {"burstable_ram", "template", "traffic_in", "traffic_out"}) {
    BOOST_TEST(json.find(absent) == std::string::npos, absent);
  }
}

BOOST_AUTO_TEST_CASE(StatusShowsTheFiveWords) {
  using vps::Condition;
  for (const auto& [condition, word] : {std::pair{Condition::kRunning, "running"},
                                        {Condition::kStopped, "stopped"},
                                        {Condition::kSuspended, "suspended"},
                                        {Condition::kTerminated, "terminated"},
                                        {Condition::kUnknown, "unknown"}}) {
    const std::string json = RenderStatus(SampleVps(), {condition, 4096, 1024});
    BOOST_TEST(
        json ==
        std::string(
            R"({"response": {"traffic_used": "0", "ram_used": "4096", "disk_used": "1024", "status": ")") +
            word + "\"}}");
  }
}

BOOST_AUTO_TEST_SUITE_END()
