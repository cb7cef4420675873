// The rows of a panel as they stand there, unjudged: every value is text or NULL. Private to panel_import.
#ifndef CVM_LIB_PANEL_IMPORT_PANEL_H_
#define CVM_LIB_PANEL_IMPORT_PANEL_H_

#include <string>
#include <vector>

#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/db/db.h"
#include "lib/panel_import/import.h"

namespace cvm::panel_import {

struct PanelUser {
  Text id, name, email;
};
struct PanelTemplate {
  Text id, name, description, file;
};
struct PanelNode {
  Text id, name, host, port, user, has_own_key, key_path, location;
};
struct PanelContainer {
  Text id, type, ctid, node, hostname, disk, ram, burst, template_id, cpus, status, terminated, user;
  Text in_used, out_used, in_limit, out_limit, total_limit;
};
struct PanelKey {
  Text id, type, user, public_token, hash, salt;
};

struct PanelSalt {
  std::string id;  // of its row
  base::Secret value;
};

// Each in order of the IDs.
struct Panel {
  std::vector<PanelUser> users;
  std::vector<PanelTemplate> templates;
  std::vector<PanelNode> nodes;
  std::vector<PanelContainer> containers;
  std::vector<PanelKey> keys;
  bool shows_terminated = false;  // containers have a column Terminated that the account may read
  std::vector<PanelSalt> salts;   // those that differ; none: they are not in the database
};

// All of it as it was at one moment. kInvalid: the database lacks a table or column of a panel.
base::Result<Panel> ReadPanel(db::Pool& pool, base::Deadline deadline);

}  // namespace cvm::panel_import

#endif  // CVM_LIB_PANEL_IMPORT_PANEL_H_
