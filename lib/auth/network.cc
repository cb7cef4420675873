#include <arpa/inet.h>

#include <algorithm>
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

bool IsMapped(const Bytes& bytes) {
  constexpr Bytes kPrefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return SameLeadingBits(bytes, kPrefix, kMappedBits);
}

Bytes Masked(Bytes bytes, unsigned bits) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const unsigned kept = bits > 8 * i ? std::min(bits - 8 * static_cast<unsigned>(i), 8U) : 0;
    bytes[i] = static_cast<unsigned char>(bytes[i] & (0xffU << (8 - kept)));
  }
  return bytes;
}

// `bits` of the 16-byte form.
std::string NetworkText(const Bytes& bytes, unsigned bits) {
  const bool v4 = bits >= kMappedBits && IsMapped(bytes);
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? &bytes[12] : bytes.data(), text.data(), text.size());
  return std::string(text.data()) + (bits == 128 ? "" : "/" + std::to_string(v4 ? bits - kMappedBits : bits));
}

struct Network {
  Bytes bytes;
  unsigned bits;
};

std::optional<Network> ParseNetwork(std::string_view cidr) {
  const std::size_t slash = cidr.find('/');
  const auto address = ParseAddress(cidr.substr(0, slash));
  if (!address) return std::nullopt;
  const auto length = slash == std::string_view::npos ? std::nullopt : std::optional(cidr.substr(slash + 1));
  const auto bits = PrefixBits(*address, length);
  if (!bits) return std::nullopt;
  return Network{address->bytes, *bits};
}

}  // namespace

base::Result<std::string> NormalNetwork(std::string_view cidr) {
  const auto network = ParseNetwork(cidr);
  if (!network) {
    return base::Error{base::ErrorCode::kInvalid, "is no IPv4 or IPv6 network such as 192.0.2.0/24"};
  }
  const Bytes masked = Masked(network->bytes, network->bits);
  if (masked != network->bytes) {
    return base::Error{base::ErrorCode::kInvalid, "has bits set behind its prefix: the network is " +
                                                      NetworkText(masked, network->bits)};
  }
  return NetworkText(masked, network->bits);
}

bool AddressInNetwork(std::string_view address, std::string_view cidr) {
  const auto host = ParseAddress(address);
  const auto network = ParseNetwork(cidr);
  return host && network && SameLeadingBits(host->bytes, network->bytes, network->bits);
}

}  // namespace cvm::auth
