// What must hold of each kind of argument, before anything is done. A rule says what is wrong with a value,
// in words that follow "is" or stand alone; nothing where it is good.
#ifndef CVM_LIB_CTL_RULES_H_
#define CVM_LIB_CTL_RULES_H_

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace cvm::ctl {

using Rule = const char* (*)(std::string_view);

const char* NameRule(std::string_view text);         // of a user, a node, a template
const char* NewNameRule(std::string_view text);      // the same, of one that is not there yet
const char* LabelRule(std::string_view text);        // free text in one line, may be empty
const char* DescriptionRule(std::string_view text);  // the same, longer
const char* EmailRule(std::string_view text);
const char* HostRule(std::string_view text);
const char* PortRule(std::string_view text);
const char* LoginRule(std::string_view text);  // a POSIX user name
const char* HostKeyRule(std::string_view text);
const char* HostKeyOrFingerprintRule(std::string_view text);
const char* CtidRule(std::string_view text);
const char* HostnameRule(std::string_view text);
const char* SizeRule(std::string_view text);         // a number of 1 or more
const char* BytesRule(std::string_view text);        // a number of 0 or more
const char* SignedBytesRule(std::string_view text);  // the same, with + or - in front or not, and not 0
const char* BillingDayRule(std::string_view text);
const char* DaysRule(std::string_view text);
const char* ReasonRule(std::string_view text);  // free text in one line, not empty
const char* IdRule(std::string_view text);
const char* BytePairRule(std::string_view text);  // IN:OUT
const char* DatabaseRule(std::string_view text);
const char* PathRule(std::string_view text);
const char* PublicTokenRule(std::string_view text);
const char* NetworkRule(std::string_view text);  // an address or CIDR, bits behind the prefix or not
const char* MomentRule(std::string_view text);   // as base::ParseMoment takes it
const char* SpanRule(std::string_view text);     // as base::ParseSpan takes it
const char* LimitRule(std::string_view text);    // how many rows

bool IsFingerprint(std::string_view text);  // SHA256:…
// The two numbers of IN:OUT.
std::optional<std::pair<std::uint64_t, std::uint64_t>> ParseBytePair(std::string_view text);

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_RULES_H_
