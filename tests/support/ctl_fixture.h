// cvmctl on a migrated database of a test's own, with one user: for tests of what its commands do to rows.
#ifndef CVM_TESTS_SUPPORT_CTL_FIXTURE_H_
#define CVM_TESTS_SUPPORT_CTL_FIXTURE_H_

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "lib/auth/auth.h"
#include "lib/auth/crypt.h"
#include "lib/ctl/run.h"
#include "lib/db/db.h"
#include "lib/json/json.h"
#include "tests/support/temporary_directory.h"
#include "tests/support/test_database.h"
#include "tests/support/text.h"

namespace cvm::test {

struct CtlFixture {
  using Words = std::vector<std::string>;
  struct Answer {
    int status;
    std::string out, err;
  };

  static constexpr const char* kKey =
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

  CtlFixture() {
    Configure("");
    setenv("SUDO_USER", "olga", 1);
    Must({"schema", "migrate"});
    Must({"user", "add", "jane"});
  }
  ~CtlFixture() { unsetenv("SUDO_USER"); }

  // The settings file, with these lines at its end.
  void Configure(const std::string& more) {
    config = directory.Write("cvmctl.toml", "[database]\nservers = [\"" + database.socket() +
                                                "\"]\nname = \"" + database.name() +
                                                "\"\nuser = \"root\"\n[ssh]\nkey_directory = \"/nowhere\"\n" +
                                                "connect_timeout = 1\n" + more);
  }

  Answer Ctl(Words words, const char* typed = nullptr) {
    words.insert(words.begin(), {"--config", config});
    std::istringstream in(typed == nullptr ? "" : typed);
    std::ostringstream out, err;
    ctl::Console console{in, out, err, typed != nullptr};
    const int status = ctl::Run(words, console);
    return {status, out.str(), err.str()};
  }
  std::string Must(const Words& words) {
    const Answer answer = Ctl(words);
    BOOST_REQUIRE_MESSAGE(answer.status == 0, words.front() << " … " << words.back() << ": " << answer.err);
    return answer.out;
  }
  void Fails(const Words& words, int status, const std::string& said) {
    const Answer answer = Ctl(words);
    BOOST_TEST(answer.status == status, answer.err);
    BOOST_TEST(Holds(answer.err, said), answer.err << " lacks " << said);
  }
  json::Document Json(Words words) {
    words.emplace_back("--json");
    auto document = json::Document::Parse(Must(words));
    BOOST_REQUIRE(document.ok());
    return std::move(*document);
  }
  static std::string Text(const json::Value& value, const char* member) {
    const auto found = value.Member(member);
    BOOST_REQUIRE_MESSAGE(found, "no " << member);
    return std::string(found->AsText().value_or("null"));
  }

  struct Made {
    std::string id, public_token, private_token;
  };
  Made Make(const Words& words) {
    const auto pair = Json(words);
    return {Text(pair.root(), "id"), Text(pair.root(), "public_token"), Text(pair.root(), "private_token")};
  }
  // The verdict on the pair where it comes from that address.
  auth::Verdict Judge(const Made& pair, const char* address = "192.0.2.1") {
    const auth::Presented presented{{pair.public_token}, {pair.private_token}, address};
    const auto found = pool.Run(Patience(), [&](db::Session& session) {
      auth::Token token;
      session.Query("SELECT " CVM_TOKEN_COLUMNS
                    " FROM api_tokens t JOIN users u ON u.id = t.user_id WHERE t.public_token = ?",
                    {pair.public_token}, [&](const db::Row& row) { token = auth::ReadToken(row, 0); });
      auth::LoadNetworks(session, token);
      return token;
    });
    BOOST_REQUIRE_MESSAGE(found.ok(), Why(found));
    auth::CryptCheck crypt;
    return *auth::Judge(*found, presented, crypt, Patience());
  }
  std::string AddVps(const std::string& ctid) {
    return Text(Json({"vps", "add", "--node", "alpha", "--user", "jane", "--ctid", ctid, "--hostname",
                      "h" + ctid, "--ram", "128", "--disk", "5000", "--cpus", "1", "--traffic-total", "0"})
                    .root(),
                "id");
  }
  void AddNode() { Must({"node", "add", "alpha", "--host", "127.0.0.1", "--port", "1", "--host-key", kKey}); }

  TestDatabase database;
  db::Pool pool{database.Root()};
  tests::TemporaryDirectory directory;
  std::string config;
};

}  // namespace cvm::test

#endif  // CVM_TESTS_SUPPORT_CTL_FIXTURE_H_
