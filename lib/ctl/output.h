// What a command answers on standard output: records, shown as text to a person or as one JSON document with
// `--json`.
//
// In JSON a list is an array and a single record an object. IDs, sizes and other 64-bit figures are strings,
// as in the API, so that no reader rounds them; only small counts (a port, a version) are numbers.
#ifndef CVM_LIB_CTL_OUTPUT_H_
#define CVM_LIB_CTL_OUTPUT_H_

#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "lib/base/error.h"
#include "lib/ctl/exit_status.h"
#include "lib/json/json.h"

namespace cvm::ctl {

struct Field;
using Record = std::vector<Field>;
using Records = std::vector<Record>;

// A number that JSON shows as a number.
struct Small {
  std::uint64_t number;
};

using Cell = std::variant<std::nullptr_t, bool, Small, std::string, Records>;

enum class Shown {
  kAlways,
  kShort,  // in a table at most 32 characters, so that one long name does not make all lines long
  kInJson,
};

struct Field {
  Field(const char* field_name, Cell cell, Shown where = Shown::kAlways);
  const char* name;  // the JSON member; as a heading its underscores are blanks
  Cell value;
  Shown shown;
};

// 64-bit figures as the text that they are shown as.
inline Cell Figure(std::uint64_t number) {
  return std::to_string(number);
}
inline Cell Figure(const std::optional<std::uint64_t>& number) {
  return number ? Figure(*number) : Cell(nullptr);
}
inline Cell Maybe(const std::optional<std::string>& text) {
  return text ? Cell(*text) : Cell(nullptr);
}

class Output {
 public:
  Output(std::ostream& out, bool as_json) : out_(out), json_(as_json) {}
  bool json() const { return json_; }

  void List(const Records& records);
  void One(const Record& record);
  // Something that was done: the sentence for a person, the record for a script.
  void Done(const std::string& sentence, const Record& record);
  // {"error": {"code", "exit_status", "message"}}; nothing where the output is for a person.
  void Error(const base::Error& error, ExitStatus status);

  // Whether all of it reached whoever reads it: false on a full disk or a closed pipe.
  bool Flush();

 private:
  std::ostream& out_;
  bool json_;
};

// Text from outside made harmless on a terminal: control characters as \xHH. Other UTF-8 stays.
std::string ForTerminal(std::string_view text);

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_OUTPUT_H_
