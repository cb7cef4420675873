#include "lib/config/check.h"

#include <chrono>
#include <utility>

#include "lib/base/deadline.h"
#include "lib/db/db.h"
#include "lib/db/schema_version.h"
#include "lib/ssh/ssh.h"

namespace cvm::config {
namespace {

base::Deadline Soon() {
  return base::Deadline::In(std::chrono::seconds(30));
}

// Notes a step and gives whether it is ok.
template <class T>
bool Note(std::vector<Step>& steps, const char* name, const base::Result<T>& result,
          const std::string& found) {
  if (result.ok()) {
    steps.push_back({name, true, found, std::nullopt});
  } else {
    steps.push_back({name, false, result.error().message, result.error().code});
  }
  return result.ok();
}

void CheckDatabase(db::Settings settings, std::vector<Step>& steps) {
  const std::string found = "logged in to " + settings.name + " as " + settings.user;
  db::Pool pool(std::move(settings));
  const auto version = db::CurrentVersion(pool, Soon());
  const bool reached = version.ok() || version.error().code == base::ErrorCode::kConflict;
  if (!reached) {
    Note(steps, "database", version, "");
    return;
  }
  Note(steps, "database", base::Status(), found);
  Note(steps, "schema", db::CheckProgram(pool, db::kSchemaVersion, Soon()),
       "version " + std::to_string(version.ok() ? *version : 0));
}

}  // namespace

std::vector<Step> Check(const std::string& path, Program program) {
  std::vector<Step> steps;
  auto settings = Load(path, program);
  if (!Note(steps, "settings", settings, path)) return steps;
  const std::string key_name = ssh::Endpoint().key_name;
  CheckDatabase(std::move(settings->database), steps);
  Note(steps, "key", ssh::CheckKey(settings->ssh, key_name), settings->ssh.key_directory + "/" + key_name);
  return steps;
}

}  // namespace cvm::config
