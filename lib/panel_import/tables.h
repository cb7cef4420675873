// The five tables of ours that an import fills: which fields the panel is the master of, and how they are
// read and written. Private to panel_import.
#ifndef CVM_LIB_PANEL_IMPORT_TABLES_H_
#define CVM_LIB_PANEL_IMPORT_TABLES_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "lib/db/db.h"
#include "lib/panel_import/import.h"
#include "lib/vps/vps.h"

namespace cvm::panel_import {

// In the order in which rows are written: each refers to earlier ones only.
enum Kind : std::size_t { kUsers, kTemplates, kNodes, kVpses, kTokens, kKinds };

struct Column {
  const char* name;
  bool secret = false;
  bool unique = false;  // alone or with others: no two rows may hold it, even for a moment
};

struct Table {
  const char* name;        // ours
  const char* panel_name;  // the panel's
  std::vector<Column> columns;
  // Of every row: ID, whether it came from the panel, whether it is out of force (2: an import ended it),
  // its mark, then the columns.
  db::Sql select;
  db::Sql insert;  // takes the ID twice, then the columns
  db::Sql update;  // takes the columns, then the ID
  db::Sql park;    // puts a value that no panel's row can have here into what is unique; takes the ID
};

const Table& TableOf(Kind kind);

// A row as it should be: the values of its table's columns.
struct Record {
  std::uint64_t id = 0;
  std::vector<Text> values;
};

namespace user {
enum : std::size_t { kName, kEmail };
}
namespace tmpl {
enum : std::size_t { kName, kDescription };
}
namespace node_row {
enum : std::size_t { kName, kHost, kPort, kUser, kKeyName, kLocation };
}
namespace vps_row {
enum : std::size_t {
  kUser,
  kNode,
  kTemplate,
  kCtid,
  kState,
  kHostname,
  kRam,
  kBurst,
  kDisk,
  kCpus,
  kAccounting,
  kInLimit,
  kOutLimit,
  kLimit
};
}
namespace token_row {
enum : std::size_t { kUser, kPublic, kHash, kScheme, kAccess };
}

// A row as it is.
struct Existing {
  bool imported = false;
  bool out_of_force = false;  // a revoked pair, a retired node, a terminated VPS
  std::vector<Text> values;
  bool ended_by_import = false;  // a pair that no longer stood in the panel, and nobody revoked here
  // Of a VPS: a stop is due. Of a user: its row was gone from the panel at an import before this one, which
  // our row shows by standing for none (source_id). Of a pair: an import revoked it, and none took that back.
  bool marked = false;
  // A pair that this was done to stays as it is, whatever the panel says.
  bool RevokedHere() const { return out_of_force && !ended_by_import; }
};
using Rows = std::map<std::uint64_t, Existing>;
using Ours = std::array<Rows, kKinds>;

// Of the values of a VPS.
bool IsIn(vps::State state, const std::vector<Text>& values);

Ours ReadOurs(db::Session& session);

}  // namespace cvm::panel_import

#endif  // CVM_LIB_PANEL_IMPORT_TABLES_H_
