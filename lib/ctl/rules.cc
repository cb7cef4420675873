#include "lib/ctl/rules.h"

#include <algorithm>
#include <initializer_list>
#include <string>

#include "lib/auth/auth.h"
#include "lib/base/crypto.h"
#include "lib/base/ctid.h"
#include "lib/base/moment.h"
#include "lib/base/text.h"
#include "lib/panel_import/import.h"
#include "lib/ssh/ssh.h"

namespace cvm::ctl {
namespace {

constexpr std::string_view kLower = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view kUpper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
constexpr std::string_view kDigits = "0123456789";
constexpr std::string_view kSha256 = "SHA256:";

bool HoldsOnly(std::string_view text, std::initializer_list<std::string_view> sets) {
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return std::any_of(sets.begin(), sets.end(),
                       [&](std::string_view set) { return set.find(c) != set.npos; });
  });
}

const char* LineProblem(std::string_view text) {
  if (!base::IsUtf8(text)) return "is not UTF-8";
  return base::HasControls(text) ? "holds a control character" : nullptr;
}

}  // namespace

const char* NameRule(std::string_view text) {
  if (text.empty()) return "must not be empty";
  if (text.size() > 190) return "is longer than 190 bytes";
  if (text.front() == ' ' || text.back() == ' ') return "begins or ends with a blank";
  return LineProblem(text);
}

const char* NewNameRule(std::string_view text) {
  return base::IsPlainNumber(text) ? "is a plain number, and would be taken for an ID" : NameRule(text);
}

const char* LabelRule(std::string_view text) {
  return text.size() > 190 ? "is longer than 190 bytes" : LineProblem(text);
}

const char* DescriptionRule(std::string_view text) {
  return text.size() > 1000 ? "is longer than 1000 bytes" : LineProblem(text);
}

const char* EmailRule(std::string_view text) {
  if (text.size() > 254) return "is longer than 254 bytes";
  const std::size_t at = text.rfind('@');
  const bool plausible = at != text.npos && at > 0 && at + 1 < text.size() && text.find(' ') == text.npos;
  return plausible ? LineProblem(text) : "is no e-mail address";
}

const char* HostRule(std::string_view text) {
  const bool good = !text.empty() && text.size() <= 253 && text.front() != '-' &&
                    HoldsOnly(text, {kLower, kUpper, kDigits, ".:_-"});
  return good ? nullptr : "is no host name or address";
}

const char* PortRule(std::string_view text) {
  const auto number = base::ParseU64(text);
  return number && *number >= 1 && *number <= 65535 ? nullptr : "is no port: 1 to 65535";
}

const char* LoginRule(std::string_view text) {
  const bool good = !text.empty() && text.size() <= 32 &&
                    HoldsOnly(text.substr(0, 1), {kLower, kUpper, "_"}) &&
                    HoldsOnly(text, {kLower, kUpper, kDigits, "._-"});
  return good ? nullptr : "is no user name";
}

const char* HostKeyRule(std::string_view text) {
  return ssh::HostKey::Parse(text) ? nullptr
                                   : "is no public host key: one argument such as \"ssh-ed25519 AAAA…\", as "
                                     "in the node's /etc/ssh/ssh_host_ed25519_key.pub";
}

bool IsFingerprint(std::string_view text) {
  if (text.substr(0, kSha256.size()) != kSha256) return false;
  const auto hash = base::DecodeBase64(std::string(text.substr(kSha256.size())) + "=");
  return hash && hash->size() == 32;
}

const char* HostKeyOrFingerprintRule(std::string_view text) {
  if (text.substr(0, kSha256.size()) != kSha256) return HostKeyRule(text);
  return IsFingerprint(text) ? nullptr
                             : "is no fingerprint: SHA256: and 43 characters, as ssh-keygen -l prints";
}

const char* CtidRule(std::string_view text) {
  return base::Ctid::Parse(text) ? nullptr : "is no CTID: 1 to 2147483647";
}

const char* HostnameRule(std::string_view text) {
  if (text.empty()) return "must not be empty";
  return text.size() > 253 ? "is longer than 253 bytes" : LineProblem(text);
}

const char* SizeRule(std::string_view text) {
  const auto number = base::ParseU64(text);
  return number && *number >= 1 ? nullptr : "is no whole number of 1 or more";
}

const char* BytesRule(std::string_view text) {
  return base::ParseU64(text) ? nullptr : "is no whole number below 2^64";
}

const char* SignedBytesRule(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  const auto number = base::ParseU64(text);
  return number && *number > 0 ? nullptr : "is no whole number other than 0 and below 2^64";
}

const char* BillingDayRule(std::string_view text) {
  const auto number = base::ParseU64(text);
  return number && *number >= 1 && *number <= 31 ? nullptr : "is no day of a month: 1 to 31";
}

const char* DaysRule(std::string_view text) {
  const auto number = base::ParseU64(text);
  return number && *number >= 1 && *number <= 3660 ? nullptr : "is no number of days: 1 to 3660";
}

const char* ReasonRule(std::string_view text) {
  if (text.empty()) return "must not be empty";
  return text.find_first_not_of(' ') == text.npos ? "holds nothing but blanks" : DescriptionRule(text);
}

const char* IdRule(std::string_view text) {
  const auto number = base::ParseU64(text);
  return number && *number >= 1 ? nullptr : "is no ID: a whole number, as `list` shows it";
}

std::optional<std::pair<std::uint64_t, std::uint64_t>> ParseBytePair(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == text.npos) return std::nullopt;
  const auto in = base::ParseU64(text.substr(0, colon)), out = base::ParseU64(text.substr(colon + 1));
  if (!in || !out) return std::nullopt;
  return std::make_pair(*in, *out);
}

const char* BytePairRule(std::string_view text) {
  return ParseBytePair(text) ? nullptr : "is not IN:OUT, two whole numbers below 2^64";
}

const char* DatabaseRule(std::string_view text) {
  return panel_import::IsDatabaseName(text) ? nullptr : "is no database name: letters, digits and _$-";
}

const char* PathRule(std::string_view text) {
  return text.empty() ? "must not be empty" : LineProblem(text);
}

const char* PublicTokenRule(std::string_view text) {
  const auto printable = [](char c) { return c > ' ' && c <= '~'; };
  const bool good = !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), printable);
  return good ? nullptr : "is no public token";
}

const char* NetworkRule(std::string_view text) {
  const bool good = auth::AddressInNetwork(text.substr(0, text.find('/')), text);
  return good ? nullptr : "is no IPv4 or IPv6 network such as 192.0.2.0/24 or 2001:db8::/32";
}

const char* MomentRule(std::string_view text) {
  return base::ParseMoment(text) ? nullptr
                                 : "is no time: 2027-01-31 or \"2027-01-31 18:00\" (UTC), or a span such as "
                                   "90d, 12h or 30m";
}

const char* SpanRule(std::string_view text) {
  return base::ParseSpan(text) ? nullptr : "is no span of time such as 7d, 12h or 30m";
}

const char* LimitRule(std::string_view text) {
  const auto number = base::ParseU64(text);
  return number && *number >= 1 && *number <= 1000000 ? nullptr : "is no number from 1 to 1000000";
}

}  // namespace cvm::ctl
