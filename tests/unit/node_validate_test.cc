#include "lib/node/validate.h"

#include <boost/test/unit_test.hpp>
#include <functional>
#include <string>

#include "lib/node/vzctl.h"

using cvm::node::Node;

namespace {

Node GoodNode() {
  Node node;
  node.name = "n\xc3\xb6rd 1";
  node.location = "";
  node.endpoint.host = "node-1.example";
  return node;
}

bool Accepts(const std::function<void(Node&)>& change) {
  Node node = GoodNode();
  change(node);
  return cvm::node::ValidateNode(node).ok();
}

}  // namespace

BOOST_AUTO_TEST_SUITE(node_validate)

BOOST_AUTO_TEST_CASE(WhatANodeMayBeCalledIsAccepted) {
  BOOST_TEST(Accepts([](Node&) {}));
  BOOST_TEST(Accepts([](Node& n) { n.name = std::string(190, 'x'); }));
  BOOST_TEST(Accepts([](Node& n) { n.location = "Z\xc3\xbcrich"; }));
  for (const char* host : {"10.0.0.1", "2001:db8::1", "a", "node_1"}) {
    BOOST_TEST(Accepts([&](Node& n) { n.endpoint.host = host; }), host);
  }
  for (const char* user : {"root", "_cvm", "c.v-m", "cvm1"}) {
    BOOST_TEST(Accepts([&](Node& n) { n.endpoint.user = user; }), user);
  }
}

BOOST_AUTO_TEST_CASE(EveryFieldIsChecked) {
  for (const std::string& name :
       {std::string(), std::string(191, 'x'), std::string("a\nb"), std::string("\xff")}) {
    BOOST_TEST(!Accepts([&](Node& n) { n.name = name; }));
  }
  for (const std::string& location : {std::string(191, 'x'), std::string("a\tb"), std::string("\xc3")}) {
    BOOST_TEST(!Accepts([&](Node& n) { n.location = location; }));
  }
  for (const char* host : {"", "-oProxyCommand=x", "a b", "a/b", "a@b", "[::1]", "n\xc3\xb6"}) {
    BOOST_TEST(!Accepts([&](Node& n) { n.endpoint.host = host; }), host);
  }
  for (const char* user : {"", "-l", "1a", "a b", ".a", "a:b", "r$(id)"}) {
    BOOST_TEST(!Accepts([&](Node& n) { n.endpoint.user = user; }), user);
  }
  for (const char* key : {"", ".ssh", "../x", "a/b", "-i", "a b"}) {
    BOOST_TEST(!Accepts([&](Node& n) { n.endpoint.key_name = key; }), key);
  }
  BOOST_TEST(!Accepts([](Node& n) { n.endpoint.port = 0; }));
  BOOST_TEST(!Accepts([](Node& n) { n.endpoint.host = std::string(254, 'h'); }));
  BOOST_TEST(!Accepts([](Node& n) { n.endpoint.user = std::string(33, 'u'); }));
}

BOOST_AUTO_TEST_CASE(ExitStatusesHaveNamesForTheLog) {
  BOOST_TEST(cvm::node::VzctlStatusName(9) == std::string("locked by another vzctl"));
  BOOST_TEST(cvm::node::VzctlStatusName(105) == std::string("starting is disabled for this container"));
  BOOST_TEST(cvm::node::VzctlStatusName(77) == std::string("unknown exit status"));
}

BOOST_AUTO_TEST_SUITE_END()
