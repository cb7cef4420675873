// What the SSH tests share: one node for all of them, the endpoint that leads to it, its log, and a watch
// over this process's descriptors.
#ifndef CVM_TESTS_SUPPORT_SSH_NODE_H_
#define CVM_TESTS_SUPPORT_SSH_NODE_H_

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string>

#include "lib/ssh/ssh.h"
#include "tests/node/test_node.h"

namespace cvm::tests {

inline std::string ReadWholeFile(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

// "ed25519", "ecdsa" or "rsa".
inline ssh::HostKey HostKeyOf(const testnode::TestNode& node, const std::string& type) {
  const auto key =
      ssh::HostKey::Parse(ReadWholeFile(node.dir() + "/host_keys/ssh_host_" + type + "_key.pub"));
  if (!key.ok()) throw std::runtime_error(key.error().message);
  return *key;
}

inline ssh::Endpoint EndpointOf(const testnode::TestNode& node) {
  ssh::Endpoint endpoint;
  endpoint.host = "127.0.0.1";
  endpoint.port = static_cast<std::uint16_t>(std::stoi(node.Port()));
  endpoint.host_keys = {HostKeyOf(node, "ed25519")};
  return endpoint;
}

inline ssh::Settings SettingsOf(const testnode::TestNode& node) {
  ssh::Settings settings;
  settings.key_directory = node.dir();
  return settings;
}

// How many logins the node has seen.
inline std::size_t Logins(const testnode::TestNode& node) {
  const std::string log = ReadWholeFile(node.dir() + "/sshd.log");
  std::size_t count = 0;
  for (std::size_t at = log.find("Accepted publickey"); at != std::string::npos;
       at = log.find("Accepted publickey", at + 1)) {
    ++count;
  }
  return count;
}

inline std::size_t OpenDescriptors() {
  using Iterator = std::filesystem::directory_iterator;
  return static_cast<std::size_t>(std::distance(Iterator("/proc/self/fd"), Iterator()));
}

}  // namespace cvm::tests

#endif  // CVM_TESTS_SUPPORT_SSH_NODE_H_
