// The text of a log line, without its time and level.
#ifndef CVM_LIB_LOG_LINE_H_
#define CVM_LIB_LOG_LINE_H_

#include <initializer_list>
#include <string>
#include <string_view>

#include "lib/log/log.h"

namespace cvm::log {

// `event name=value name="escaped value"`: a value stands bare where it holds only letters, digits and
// _.:/@,+- and is not empty. Never holds a line's end.
std::string FormatLine(std::string_view event, std::initializer_list<Field> fields);

}  // namespace cvm::log

#endif  // CVM_LIB_LOG_LINE_H_
