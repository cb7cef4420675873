#ifndef CVM_TESTS_NODE_FIELDS_H_
#define CVM_TESTS_NODE_FIELDS_H_

// The fields of vzlist, each with its name, its column and how it prints in text and in JSON.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/node/config.h"
#include "tests/node/container.h"

namespace cvm::testnode {

struct Row {
  unsigned ctid = 0;
  RunState state = RunState::kStopped;
  bool suspended = false;
  std::optional<Config> config;
  Usage usage;
};

struct Field {
  std::string_view name;
  std::string_view header;
  int width;                        // below 0: flush left
  std::string (*text)(const Row&);  // "" prints as "-"
  std::string (*json)(const Row&);  // null: vzlist has no such field in JSON
};

const Field* FindField(std::string_view name);

// Both end with a new line, and both are what vzlist prints for no rows at all too.
std::string TextTable(const std::vector<const Field*>& fields, const std::vector<Row>& rows, bool header);
std::string JsonArray(const std::vector<const Field*>& fields, const std::vector<Row>& rows);

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_FIELDS_H_
