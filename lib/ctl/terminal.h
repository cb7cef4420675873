// What is known of the terminal that a person reads on, and what is drawn for it.
#ifndef CVM_LIB_CTL_TERMINAL_H_
#define CVM_LIB_CTL_TERMINAL_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace cvm::ctl {

// Of standard output; else what COLUMNS says; else 80. At least 40.
std::size_t TerminalWidth();
// Whether the locale of the environment has UTF-8.
bool TerminalHasUtf8();

// "1.5 GB", in powers of 1000, as traffic is sold.
std::string HumanBytes(std::uint64_t bytes);

// Two parts of a whole, side by side: `most` is as long as `width` columns. A part that is not 0 may be too
// short to be seen; both together are not.
std::string Bar(std::uint64_t first, std::uint64_t second, std::uint64_t most, std::size_t width, bool utf8);

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_TERMINAL_H_
