#include <arpa/inet.h>

#include <array>
#include <cstring>

#include "lib/auth/auth.h"
#include "lib/base/text.h"

namespace cvm::auth {
namespace {

// Every address as 16 bytes, IPv4 in its v4-mapped form, so that both ways of writing one are equal.
using Bytes = std::array<unsigned char, 16>;
constexpr unsigned kMappedBits = 96;

struct Address {
  Bytes bytes{};
  bool v4 = false;  // written as IPv4: a prefix length counts from bit 96
};

std::optional<Address> ParseAddress(std::string_view text) {
  const std::string c_text(text);
  if (c_text.size() != std::strlen(c_text.c_str())) return std::nullopt;
  Address address;
  if (inet_pton(AF_INET6, c_text.c_str(), address.bytes.data()) == 1) return address;
  address.v4 = true;
  address.bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (inet_pton(AF_INET, c_text.c_str(), &address.bytes[12]) == 1) return address;
  return std::nullopt;
}

bool SameLeadingBits(const Bytes& a, const Bytes& b, unsigned bits) {
  const std::size_t whole = bits / 8;
  if (std::memcmp(a.data(), b.data(), whole) != 0) return false;
  if (bits % 8 == 0) return true;
  const unsigned mask = 0xffu << (8 - bits % 8);
  return ((a[whole] ^ b[whole]) & mask & 0xffu) == 0;
}

// The prefix length in bits of the 16-byte form; without one the whole address counts.
std::optional<unsigned> PrefixBits(const Address& network, std::optional<std::string_view> length) {
  if (!length) return 128;
  const auto bits = base::ParseU64(*length);
  const unsigned most = network.v4 ? 32 : 128;
  if (!bits || *bits > most) return std::nullopt;
  return static_cast<unsigned>(*bits) + (network.v4 ? kMappedBits : 0);
}

}  // namespace

bool AddressInNetwork(std::string_view address, std::string_view cidr) {
  const std::size_t slash = cidr.find('/');
  const auto host = ParseAddress(address);
  const auto network = ParseAddress(cidr.substr(0, slash));
  if (!host || !network) return false;
  const auto length = slash == std::string_view::npos ? std::nullopt : std::optional(cidr.substr(slash + 1));
  const auto bits = PrefixBits(*network, length);
  return bits && SameLeadingBits(host->bytes, network->bytes, *bits);
}

}  // namespace cvm::auth
