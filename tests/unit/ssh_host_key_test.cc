#include <boost/test/unit_test.hpp>
#include <string>

#include "lib/base/crypto.h"
#include "lib/ssh/ssh.h"

using cvm::ssh::HostKey;

namespace {

// Keys made by ssh-keygen, with the fingerprints that it prints.
struct Sample {
  std::string type, blob;
  const char* fingerprint;
};
const Sample kSamples[] = {
    {"ssh-ed25519", "AAAAC3NzaC1lZDI1NTE5AAAAIAR79wSZYILDc40Fl7d3l+WzU1vGw95FHW4HT8oR7DYR",
     "SHA256:8smfqRpFWL1JVTbozUV3bvi+GvkbHv6F8MCpYAySDXY"},
    {"ecdsa-sha2-nistp256",
     "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBCE1Bq+6m9BOrRa2ibp5TAUnr/pCF71bv7GUfh"
     "AMhkOEnfkcKJ9wWOy4YZWkwIsZX2nHkX9wL6Ghr2wc/U4W+P4=",
     "SHA256:3fK4pNDOK37gyqxjoyJUL0V7eAR7IeE+qbeTOqz4jnY"},
    {"ecdsa-sha2-nistp384",
     "AAAAE2VjZHNhLXNoYTItbmlzdHAzODQAAAAIbmlzdHAzODQAAABhBPPTC0yh35B5wSCLDgdkgMDbKdjx6EJmF8puo+"
     "vICccJVUH/FuwI4IseGyNbvk4geoIV83zer5Fmy64dcjuHwS5Ij6WtuK22O2A4lzDQ6Z1DXf1ceDV9L101OT7v2pqB"
     "pA==",
     "SHA256:Y6Og1xFD8a34fs0ai+bJON+C5O1IzX0sWd2xuauqXaA"},
    {"ecdsa-sha2-nistp521",
     "AAAAE2VjZHNhLXNoYTItbmlzdHA1MjEAAAAIbmlzdHA1MjEAAACFBAHlA/sfQmQPYyZvvtT4oc+8f6CA4l6FI/SOIH"
     "Nh16VK8Xna1lXlQAjmZlFyatjVkFFJR9W+M0saRFIFM4jMPfsMiQBjOVTQf8pg5Woi3WsIUhXXTTWc7WX4o4sIYYKx"
     "6jvMrHCZjcThaYvIw1B44eDaFUF2ytiubGo9YFJOcKtzPmKbKA==",
     "SHA256:lPxgVC4Ex6rVCPwBEzxJ1MNk7JHIqjpOy18qbEaSiVI"},
    {"ssh-rsa",
     "AAAAB3NzaC1yc2EAAAADAQABAAABAQDBvp2tu1yg6o4GXR+Q++d0+8wgudyBdgWjB0TOOx5QwlU9jFOzRxOuasHgio"
     "q1uvlVyU24ZXJoOcqrVHWsg0SRkRsoy+wesu0DpWaau/IJ0/XK9moenKEeWT6b/mXHLSNuiqQyUhhZ2HuQj8RB9quX"
     "Cp/k+czM7Th7d5fPJTeDuWZJOBdlubZP5ExXMvSPj9EZ9bQpimCttuZRuW85nsD7RI82/QTSnaHtCFMal0qdERHBHS"
     "rxDx6f82ZS0JD0PR1UCLOKh/z2Ey1LrI7Z6P/3g02S4jJiMikK9GL3BA37hw87GJGK12NZAnk2GjcpyjdcENzBb0zy"
     "Lkcy8YqtTJs9",
     "SHA256:nEvHnXDTvKst0J3wMCG06guc+n2FYPm6oRM9i67lzZI"},
};

// A string of the wire form.
std::string Field(const std::string& text) {
  std::string field(4, '\0');
  field[2] = static_cast<char>(text.size() >> 8);
  field[3] = static_cast<char>(text.size() & 255);
  return field + text;
}

std::string Line(const std::string& type, const std::string& wire) {
  return type + " " + cvm::base::Base64(wire);
}

const std::string kEd25519 = "ssh-ed25519";
const std::string kKey32(32, 'k');

}  // namespace

BOOST_AUTO_TEST_SUITE(ssh_host_key)

BOOST_AUTO_TEST_CASE(KeysOfEveryAcceptedTypeAreReadAndHaveTheFingerprintOfSshKeygen) {
  BOOST_TEST(std::size(kSamples) == cvm::ssh::HostKeyTypes().size());
  for (const Sample& sample : kSamples) {
    const auto key = HostKey::Parse(sample.type + " " + sample.blob);
    BOOST_REQUIRE(key.ok());
    BOOST_TEST(key->type == sample.type);
    BOOST_TEST(key->blob == sample.blob);
    BOOST_TEST(key->Fingerprint() == sample.fingerprint);
  }
}

BOOST_AUTO_TEST_CASE(CommentsAndTheLinesEndAreLeftOut) {
  const std::string line = kSamples[0].type + " " + kSamples[0].blob;
  for (const char* tail : {" root@node", "\n", " a longer comment\r\n", "  "}) {
    const auto key = HostKey::Parse(line + tail);
    BOOST_REQUIRE(key.ok());
    BOOST_TEST(key->Line() == line);
  }
}

BOOST_AUTO_TEST_CASE(WhatIsNoHostKeyIsRefused) {
  const std::string good = kSamples[0].type + " " + kSamples[0].blob;
  const std::string wire = Field(kEd25519) + Field(kKey32);
  BOOST_REQUIRE(HostKey::Parse(Line(kEd25519, wire)).ok());
  const std::string bad[] = {
      "",
      " ",
      "ssh-ed25519",
      "ssh-ed25519 ",
      kSamples[0].blob,
      "node1.example " + good,
      "ssh-dss " + kSamples[0].blob,
      "ssh-ed25519-cert-v01@openssh.com " + kSamples[0].blob,
      "-" + good,
      "restrict " + good,
      "SSH-ED25519 " + kSamples[0].blob,
      good + "\n" + good,
      "ssh-ed25519 " + kSamples[0].blob.substr(1),
      "ssh-ed25519 " + kSamples[0].blob.substr(4),
      "ssh-ed25519 " + kSamples[0].blob + "=",
      "ssh-ed25519 " + kSamples[0].blob + "AAAA",
      "ssh-ed25519 " + kSamples[1].blob,
      "ecdsa-sha2-nistp384 " + kSamples[1].blob,
      "ssh-ed25519 " + std::string("\0", 1),
      "ssh-ed25519 \x1b[31m",
      "ssh-ed25519 " + std::string(4096, 'A'),
      Line(kEd25519, ""),
      Line(kEd25519, "\xff\xff\xff\xff"),
      Line(kEd25519, Field(kEd25519)),
      Line(kEd25519, Field(kEd25519) + Field(kKey32.substr(1))),
      Line(kEd25519, Field(kEd25519) + Field(kKey32) + "x"),
      Line(kEd25519, wire.substr(0, wire.size() - 1)),
      Line("ssh-rsa", Field("ssh-rsa") + Field("") + Field("n")),
      Line("ssh-rsa", Field("ssh-rsa") + Field("e")),
      Line("ecdsa-sha2-nistp256",
           Field("ecdsa-sha2-nistp256") + Field("nistp384") + Field(std::string(65, 'p'))),
  };
  for (const std::string& line : bad) {
    const auto key = HostKey::Parse(line);
    BOOST_TEST(!key.ok(), line);
    if (!key.ok()) BOOST_TEST((key.error().code == cvm::base::ErrorCode::kInvalid));
  }
}

BOOST_AUTO_TEST_SUITE_END()
