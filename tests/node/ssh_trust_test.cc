// Who is let in and who is believed: host keys, user keys, and peers that are no SSH servers.
#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

#include "tests/support/listener.h"
#include "tests/support/ssh_node.h"
#include "tests/support/temporary_directory.h"

using cvm::base::Deadline;
using cvm::base::ErrorCode;
using cvm::ssh::Command;
using cvm::testnode::TestNode;
using cvm::tests::HostKeyOf;
using cvm::tests::Listener;

namespace {

TestNode& SharedNode() {
  static TestNode node;
  return node;
}

struct Trusting {
  ~Trusting() { BOOST_TEST(cvm::tests::OpenDescriptors() == descriptors_before); }

  auto Run() {
    cvm::ssh::Pool pool(settings);
    return pool.Run(endpoint, Command({"echo", "in"}), Deadline::In(std::chrono::seconds(20)));
  }
  // The words of a run that must be unavailable.
  std::string Refusal() {
    const auto output = Run();
    if (output.ok()) return "not refused";
    BOOST_TEST((output.error().code == ErrorCode::kUnavailable));
    return output.error().message;
  }
  bool RefusedWith(const std::string& words) {
    const std::string message = Refusal();
    BOOST_TEST_MESSAGE(message);
    return message.find(words) != std::string::npos;
  }

  TestNode& node = SharedNode();
  std::size_t descriptors_before = cvm::tests::OpenDescriptors();
  cvm::ssh::Settings settings = cvm::tests::SettingsOf(node);
  cvm::ssh::Endpoint endpoint = cvm::tests::EndpointOf(node);
};

bool MakeKey(const std::string& path, const std::string& options) {
  return std::system(("ssh-keygen -q " + options + " -f " + path + " >/dev/null").c_str()) == 0;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(ssh_trust)

BOOST_FIXTURE_TEST_CASE(AnyOfThePinnedKeysWillDo, Trusting) {
  for (const char* type : {"ed25519", "ecdsa"}) {
    endpoint.host_keys = {HostKeyOf(node, type)};
    BOOST_TEST(Run().ok(), type);
  }
  endpoint.host_keys = {HostKeyOf(node, "rsa"), HostKeyOf(node, "ecdsa"), HostKeyOf(node, "ed25519")};
  BOOST_TEST(Run().ok());
}

BOOST_FIXTURE_TEST_CASE(AHostKeyThatIsNotPinnedIsRefusedBeforeTheLogin, Trusting) {
  const cvm::tests::TemporaryDirectory directory;
  BOOST_REQUIRE(MakeKey(directory.Path("other"), "-t ed25519 -N ''"));
  const auto other = cvm::ssh::HostKey::Parse(directory.Read("other.pub"));
  const std::string shown = endpoint.host_keys[0].Fingerprint();
  endpoint.host_keys = {*other};
  const std::size_t logins = cvm::tests::Logins(node);
  const std::string message = Refusal();
  BOOST_TEST(message.find(other->Fingerprint()) != std::string::npos);
  BOOST_TEST(message.find(shown) != std::string::npos);
  BOOST_TEST(message.find("cvmctl node pin NAME KEY --replace") != std::string::npos);
  BOOST_TEST(cvm::tests::Logins(node) == logins);
}

BOOST_FIXTURE_TEST_CASE(AKeyOfThePinnedTypeIsAskedFor, Trusting) {
  const std::string blob = endpoint.host_keys[0].blob;
  endpoint.host_keys = {HostKeyOf(node, "ecdsa")};
  endpoint.host_keys[0].blob = blob;
  BOOST_TEST(RefusedWith("the host key is not the pinned one"));
}

BOOST_FIXTURE_TEST_CASE(WithoutAPinNothingIsContacted, Trusting) {
  endpoint.host_keys.clear();
  BOOST_TEST(RefusedWith("no host key is pinned"));
}

BOOST_FIXTURE_TEST_CASE(AUserKeyThatTheNodeDoesNotKnowIsRefused, Trusting) {
  const cvm::tests::TemporaryDirectory directory;
  BOOST_REQUIRE(MakeKey(directory.Path("stranger"), "-t ed25519 -N ''"));
  settings.key_directory = std::filesystem::path(directory.Path("x")).parent_path();
  endpoint.key_name = "stranger";
  BOOST_TEST(RefusedWith("login as root with key stranger"));
  BOOST_TEST(RefusedWith("is the line that `cvmctl node authorize NAME` prints in authorized_keys there?"));
}

BOOST_FIXTURE_TEST_CASE(AUserKeyThatCannotBeReadIsSaid, Trusting) {
  endpoint.key_name = "not_there";
  BOOST_TEST(RefusedWith("make one with: ssh-keygen -t ed25519 -N '' -f " + node.dir() + "/not_there"));
  endpoint.key_name = "../id_ed25519";
  BOOST_TEST(RefusedWith("not a key's file name"));
}

BOOST_FIXTURE_TEST_CASE(AUserKeyWithAPassphraseOrNoneAtAllIsSaid, Trusting) {
  const cvm::tests::TemporaryDirectory directory;
  settings.key_directory = std::filesystem::path(directory.Path("x")).parent_path();
  BOOST_REQUIRE(MakeKey(directory.Path("locked"), "-t ed25519 -N secret"));
  directory.Write("empty", "", 0600);
  for (const char* name : {"locked", "empty"}) {
    endpoint.key_name = name;
    BOOST_TEST(RefusedWith("`cvmctl config check` says what is wrong with it"), name);
  }
}

BOOST_FIXTURE_TEST_CASE(AnEcdsaUserKeyWorksToo, Trusting) {
  // As PEM: libssh2 1.10 loses a few bytes at each login with an ECDSA key in OpenSSH's own format.
  BOOST_REQUIRE(MakeKey(node.dir() + "/id_ecdsa", "-t ecdsa -m PEM -N ''"));
  const std::string authorized = node.Read("/root/.ssh/authorized_keys");
  node.Write("/root/.ssh/authorized_keys",
             authorized + cvm::tests::ReadWholeFile(node.dir() + "/id_ecdsa.pub"));
  endpoint.key_name = "id_ecdsa";
  const auto output = Run();
  BOOST_TEST(output.ok(), (output.ok() ? "" : output.error().message));
  node.Write("/root/.ssh/authorized_keys", authorized);
}

BOOST_FIXTURE_TEST_CASE(AnotherUserOfTheNodeWorksToo, Trusting) {
  endpoint.user = "cvm";
  BOOST_TEST(Run().ok());
  endpoint.user = "nobody";
  BOOST_TEST(RefusedWith("login as nobody"));
}

BOOST_FIXTURE_TEST_CASE(KeysAreCheckedBeforeTheyAreNeeded, Trusting) {
  const cvm::tests::TemporaryDirectory directory;
  settings.key_directory = std::filesystem::path(directory.Path("x")).parent_path();
  const auto code = [&](const std::string& name) {
    const auto status = cvm::ssh::CheckKey(settings, name);
    if (!status.ok()) BOOST_TEST_MESSAGE(status.error().message);
    return status.ok() ? "good" : cvm::base::CodeName(status.error().code);
  };
  BOOST_REQUIRE(MakeKey(directory.Path("ed25519"), "-t ed25519 -N ''"));
  BOOST_REQUIRE(MakeKey(directory.Path("ecdsa"), "-t ecdsa -m PEM -N ''"));
  BOOST_REQUIRE(MakeKey(directory.Path("locked"), "-t ed25519 -N secret"));
  const std::string text = directory.Read("ed25519");
  directory.Write("group", text, 0640);
  directory.Write("others", text, 0644);
  directory.Write("group_writes", text, 0660);
  directory.Write("public", directory.Read("ed25519.pub"));
  directory.Write("empty", "");
  directory.Write("cut", text.substr(0, text.size() / 2));
  directory.Write("long", std::string(100000, 'x'));
  std::filesystem::create_directory(directory.Path("folder"));
  for (const char* good : {"ed25519", "ecdsa", "group"}) BOOST_TEST(code(good) == std::string("good"), good);
  for (const char* bad : {"locked", "others", "group_writes", "public", "empty", "cut", "long", "folder", "",
                          ".hidden", "a/b"}) {
    BOOST_TEST(code(bad) == std::string("invalid"), bad);
  }
  BOOST_TEST(code("missing") == std::string("not-found"));
}

BOOST_FIXTURE_TEST_CASE(HostKeysAreFetchedByType, Trusting) {
  const auto fetch = [&](const std::string& type) {
    return cvm::ssh::FetchHostKey("127.0.0.1", endpoint.port, type, Deadline::In(std::chrono::seconds(20)));
  };
  for (const char* type : {"ed25519", "ecdsa"}) {
    const auto expected = HostKeyOf(node, type);
    const auto shown = fetch(expected.type);
    BOOST_REQUIRE(shown.ok());
    BOOST_TEST((*shown == expected));
  }
  const auto missing = fetch("ecdsa-sha2-nistp521");
  BOOST_TEST((!missing.ok() && missing.error().code == ErrorCode::kUnavailable));
  const auto unknown = fetch("ssh-dss");
  BOOST_TEST((!unknown.ok() && unknown.error().code == ErrorCode::kInvalid));
}

BOOST_FIXTURE_TEST_CASE(ARefusedConnectIsSaid, Trusting) {
  { endpoint.port = Listener().port(); }
  BOOST_TEST(RefusedWith("Connection refused: is the port right, does sshd run, does a firewall reject it?"));
}

BOOST_FIXTURE_TEST_CASE(EachAddressOfANameIsTried, Trusting) {
  endpoint.host = "localhost";
  BOOST_TEST(Run().ok());
}

BOOST_FIXTURE_TEST_CASE(ANameWithoutAddressIsUnavailable, Trusting) {
  endpoint.host = "node.invalid";
  settings.connect_timeout = std::chrono::seconds(1);
  BOOST_TEST(RefusedWith("cannot resolve node.invalid"));
  // A look-up that was left behind may hold a socket for a while.
  BOOST_TEST(TestNode::Await([this] { return cvm::tests::OpenDescriptors() == descriptors_before; }));
}

BOOST_FIXTURE_TEST_CASE(AListenerThatNeverAnswersIsGivenUp, Trusting) {
  {
    const Listener silent;
    endpoint.port = silent.port();
    settings.connect_timeout = std::chrono::milliseconds(300);
    BOOST_TEST(RefusedWith("the deadline passed"));
  }
}

BOOST_FIXTURE_TEST_CASE(APeerThatNeverStopsSendingIsGivenUp, Trusting) {
  {
    const Listener flood;
    endpoint.port = flood.port();
    settings.connect_timeout = std::chrono::milliseconds(500);
    std::thread sender([&] {
      const int peer = flood.Accept();
      const std::string lines = "no banner yet\r\nno banner yet\r\nno banner yet\r\n";
      while (send(peer, lines.data(), lines.size(), MSG_NOSIGNAL) > 0) {
      }
      close(peer);
    });
    BOOST_TEST(RefusedWith("the deadline passed"));
    sender.join();
  }
}

BOOST_FIXTURE_TEST_CASE(APeerThatSpeaksSomethingElseIsUnavailable, Trusting) {
  {
    const Listener web;
    endpoint.port = web.port();
    bool sent = false;
    std::thread sender([&] {
      const int peer = web.Accept();
      const std::string answer = "HTTP/1.1 400 Bad Request\r\n\r\n";
      sent = send(peer, answer.data(), answer.size(), MSG_NOSIGNAL) > 0;
      close(peer);
    });
    BOOST_TEST(RefusedWith("handshake"));
    sender.join();
    BOOST_TEST(sent);
  }
}

BOOST_AUTO_TEST_SUITE_END()
