#include <stdexcept>

namespace {

[[noreturn]] void RefuseToml() {
  throw std::logic_error("an incomplete table header or key");
}

}  // namespace

// toml++ 3.3 asserts what some broken files violate ("[ = "): it must be an error of the file, not an abort.
#define TOML_ASSERT(condition) ((condition) ? static_cast<void>(0) : RefuseToml())

#include <toml++/toml.h>
#include <algorithm>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lib/config/config.h"
#include "lib/config/form.h"
#include "lib/config/private_file.h"
#include "lib/config/table.h"

namespace cvm::config {
namespace {

constexpr std::size_t kNoLine = 0;

std::size_t LineOf(const toml::source_region& source) {
  return source.begin.line;
}

// Everything that is wrong with one file.
class Problems {
 public:
  explicit Problems(const std::string& path) : path_(path) {}
  bool empty() const { return found_.empty(); }
  void Add(std::size_t line, const std::string& reason) { found_.emplace_back(line, reason); }

  base::Error AsError() {
    std::stable_sort(found_.begin(), found_.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::string message;
    for (const auto& [line, reason] : found_) {
      if (!message.empty()) message += '\n';
      message += path_ + ":" + (line == kNoLine ? "" : std::to_string(line) + ":") + " " + reason;
    }
    return {base::ErrorCode::kInvalid, message};
  }

 private:
  const std::string path_;
  std::vector<std::pair<std::size_t, std::string>> found_;
};

std::optional<Value> ExtractStrings(const toml::node& node) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (const toml::node& element : *array) {
    if (!element.is_string()) return std::nullopt;
    texts.push_back(element.as_string()->get());
  }
  return Value(std::move(texts));
}

// The node's value where it has the type of `kind`. A negative number becomes one that is out of every range.
std::optional<Value> Extract(const toml::node& node, Kind kind) {
  switch (kind) {
    case Kind::kString:
      if (const auto* text = node.as_string()) return Value(text->get());
      return std::nullopt;
    case Kind::kStrings:
      return ExtractStrings(node);
    case Kind::kInteger:
      if (const auto* number = node.as_integer()) return Value(static_cast<std::uint64_t>(number->get()));
      return std::nullopt;
    case Kind::kBoolean:
      if (const auto* flag = node.as_boolean()) return Value(flag->get());
      return std::nullopt;
  }
  std::abort();
}

const Setting* FindSetting(std::string_view table, std::string_view name) {
  const auto& all = AllSettings();
  const auto found = std::find_if(all.begin(), all.end(),
                                  [&](const Setting& s) { return s.table == table && s.name == name; });
  return found == all.end() ? nullptr : &*found;
}

bool IsTable(std::string_view name) {
  const auto& all = AllSettings();
  return std::any_of(all.begin(), all.end(), [&](const Setting& s) { return s.table == name; });
}

class Reader {
 public:
  Reader(const std::string& path, Program program) : path_(path), program_(program), problems_(path) {}

  base::Result<Settings> Read() {
    auto file = ReadPrivateFile(path_);
    if (!file) return Refused(file.error().message);
    if (!Parse(file->text)) return problems_.AsError();
    StoreDefaults();
    StoreFile();
    CheckAccess(*file, path_, !settings_.database.password.empty());
    for (const JointProblem& problem : JointProblems(settings_, program_)) {
      problems_.Add(LineOfSetting(problem.setting), problem.setting + " " + problem.reason);
    }
    ReadPasswordFile();
    if (!problems_.empty()) return problems_.AsError();
    return std::move(settings_);
  }

 private:
  base::Error Refused(const std::string& reason) {
    problems_.Add(kNoLine, reason);
    return problems_.AsError();
  }

  bool Parse(const std::string& text) {
    try {
      document_ = toml::parse(text);
      return true;
    } catch (const toml::parse_error& error) {
      problems_.Add(LineOf(error.source()), std::string(error.description()));
      return false;
    } catch (const std::logic_error& error) {
      problems_.Add(kNoLine, "is no TOML: " + std::string(error.what()));
      return false;
    }
  }

  void StoreDefaults() {
    for (const Setting& setting : AllSettings()) {
      const toml::table value = toml::parse(std::string("v = ") + setting.Default(program_));
      Store(setting, *value.get("v"), kNoLine);
    }
  }

  void StoreFile() {
    for (const auto& [key, node] : document_) {
      const toml::table* table = node.as_table();
      if (!IsTable(key.str())) {
        problems_.Add(LineOf(key.source()), "unknown " + std::string(table ? "table [" : "setting ") +
                                                std::string(key.str()) + (table ? "]" : ""));
      } else if (table == nullptr) {
        problems_.Add(LineOf(key.source()),
                      std::string(key.str()) + " must be a table: [" + std::string(key.str()) + "]");
      } else {
        StoreTable(key.str(), *table);
      }
    }
  }

  void StoreTable(std::string_view name, const toml::table& table) {
    for (const auto& [key, node] : table) {
      const std::size_t line = LineOf(key.source());
      if (const Setting* setting = FindSetting(name, key.str())) {
        Store(*setting, node, line);
      } else {
        problems_.Add(line, "unknown setting " + std::string(name) + "." + std::string(key.str()));
      }
    }
  }

  void Store(const Setting& setting, const toml::node& node, std::size_t line) {
    const Kind kind = KindOf(setting.form);
    const std::optional<Value> value = Extract(node, kind);
    if (!value) {
      problems_.Add(line, setting.FullName() + " must be " + KindName(kind));
    } else if (const auto problem = ValueProblem(setting, *value)) {
      problems_.Add(line, setting.FullName() + " " + *problem);
    } else {
      setting.store(settings_, *value);
    }
  }

  void CheckAccess(const PrivateFile& file, const std::string& path, bool secret) {
    const auto problem = AccessProblem(file, secret, program_);
    if (!problem) return;
    const std::size_t line = path == path_ ? LineOfSetting("database.password") : kNoLine;
    problems_.Add(line, (path == path_ ? "the file " : path + " ") + *problem + " " + path);
  }

  void ReadPasswordFile() {
    const std::string& path = settings_.database_file.password_file;
    if (path.empty()) return;
    const auto file = ReadPrivateFile(path);
    if (!file) {
      problems_.Add(LineOfSetting("database.password_file"), path + " " + file.error().message);
      return;
    }
    CheckAccess(*file, path, true);
    settings_.database.password = base::Secret(file->text.substr(0, file->text.find_first_of("\r\n")));
  }

  // Where the file sets it; kNoLine where it does not.
  std::size_t LineOfSetting(const std::string& full_name) const {
    const auto node = document_.at_path(full_name);
    return node ? LineOf(node.node()->source()) : kNoLine;
  }

  const std::string path_;
  const Program program_;
  Problems problems_;
  toml::table document_;
  Settings settings_;
};

}  // namespace

base::Result<Settings> Load(const std::string& path, Program program) {
  return Reader(path, program).Read();
}

}  // namespace cvm::config
