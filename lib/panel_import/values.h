// Single values of a panel, made into ours. Private to panel_import.
#ifndef CVM_LIB_PANEL_IMPORT_VALUES_H_
#define CVM_LIB_PANEL_IMPORT_VALUES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "lib/panel_import/import.h"

namespace cvm::panel_import {

// A number of at most `most`; NULL and "" count as 0. Nothing: negative, beyond it, or none.
std::optional<std::uint64_t> NumberOf(const Text& text, std::uint64_t most);

// One line of at most `most` bytes: control characters and bytes that are no UTF-8 become blanks, blanks at
// the ends go, what is too long is cut between characters. NULL is "".
std::string LineOf(const Text& text, std::size_t most);

// The file's name in a path that a panel holds, where it can be a key's name in our key directory.
std::optional<std::string> KeyNameOf(const Text& path);

}  // namespace cvm::panel_import

#endif  // CVM_LIB_PANEL_IMPORT_VALUES_H_
