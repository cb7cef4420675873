// Who is kept from a database that the worker was not built for, or that is away.
#include "fcgi/schema_gate.h"

#include <boost/test/unit_test.hpp>
#include <chrono>

namespace cvm::fcgi {
namespace {

api::Response WithStatus(int status) {
  api::Response response;
  response.status = status;
  return response;
}

struct Fixture {
  int Ask(const auth::Presented& presented) {
    const api::Request request{"GET", "/", "id", presented, base::Deadline::In(std::chrono::minutes(1))};
    return gate.Handle(request).status;
  }

  base::Status schema = base::Error{base::ErrorCode::kUnavailable, "away"};
  int checks = 0;
  SchemaGate gate{[this](base::Deadline) {
                    ++checks;
                    return schema;
                  },
                  [](const api::Request&) { return WithStatus(401); }, [] { return WithStatus(503); }};
};

const auth::Presented kPair{{"public"}, {"private"}, "192.0.2.1"};

BOOST_FIXTURE_TEST_SUITE(SchemaGates, Fixture)

BOOST_AUTO_TEST_CASE(ARequestWithAPairWaitsForAGoodAnswerAndThenNobodyAsksAgain) {
  BOOST_TEST(Ask(kPair) == 503);
  BOOST_TEST(Ask(kPair) == 503);
  schema = base::Status();
  BOOST_TEST(Ask(kPair) == 401);
  BOOST_TEST(Ask(kPair) == 401);
  BOOST_TEST(checks == 3);
}

BOOST_AUTO_TEST_CASE(ARequestWithoutAPairIsServedAndAsksNobody) {
  const auth::Presented kNone[] = {
      {{}, {}, "192.0.2.1"},
      {{"public"}, {}, "192.0.2.1"},
      {{}, {"private"}, "192.0.2.1"},
      {{"public", "public"}, {"private"}, "192.0.2.1"},
      {{"public"}, {"with blank"}, "192.0.2.1"},
  };
  for (const auth::Presented& presented : kNone) BOOST_TEST(Ask(presented) == 401);
  BOOST_TEST(checks == 0);
  BOOST_TEST(Ask(kPair) == 503);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::fcgi
