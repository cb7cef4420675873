#include "tests/fuzz/targets.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fcgi/adaptor.h"
#include "lib/api/router.h"
#include "lib/auth/auth.h"
#include "lib/auth/crypt.h"
#include "lib/base/ctid.h"
#include "lib/base/moment.h"
#include "lib/base/text.h"
#include "lib/config/config.h"
#include "lib/ctl/parse.h"
#include "lib/json/json.h"
#include "lib/node/reading.h"
#include "lib/node/vzlist.h"
#include "lib/panel_import/mapping.h"
#include "lib/panel_import/values.h"
#include "lib/ssh/ssh.h"

namespace cvm::fuzz {
namespace {

const std::string kHolds;

std::vector<std::string> Split(std::string_view text, char at) {
  std::vector<std::string> parts;
  for (;;) {
    const std::size_t end = text.find(at);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// An error's message goes to a log and to terminals: it must neither be empty nor carry the whole input.
std::string ErrorComplaint(const base::Error& error) {
  if (error.message.empty()) return "an error without a message";
  return error.message.size() > 1000 ? "a message without a bound" : kHolds;
}

std::string Vzlist(std::string_view text) {
  const auto rows = node::ParseVzlist(text);
  return rows ? kHolds : ErrorComplaint(rows.error());
}

std::string NodeReading(std::string_view text) {
  const auto reading = node::ParseReading(text);
  if (!reading) return ErrorComplaint(reading.error());
  for (const auto& [ctid, container] : *reading) {
    if (!container.ok()) {
      if (std::string complaint = ErrorComplaint(container.error()); complaint != kHolds) return complaint;
      continue;
    }
    for (const node::Interface& one : container->inside) {
      if (one.name.empty() || one.name.find_first_of(" \n") != std::string::npos)
        return "a name that is none";
    }
  }
  return kHolds;
}

// Every value of a document can be asked for everything.
void Walk(const json::Value& value) {
  value.AsU64();
  value.AsText();
  value.Member("ctid");
  const auto elements = value.Elements();
  if (!elements) return;
  for (const json::Value& element : *elements) element.AsU64();
}

std::string JsonRead(std::string_view text) {
  const auto document = json::Document::Parse(text);
  if (!document) return ErrorComplaint(document.error());
  Walk(document->root());
  return kHolds;
}

std::string JsonWritten(std::string_view text) {
  json::Writer writer;
  const std::string written = writer.BeginArray().Text(text).EndArray().Take();
  const auto read = json::Document::Parse(written);
  if (!read || !base::IsUtf8(written)) return "what was written is no JSON";
  const auto elements = read->root().Elements();
  return base::IsUtf8(text) && elements->front().AsText() != text ? "another text came back" : kHolds;
}

std::string HostKey(std::string_view text) {
  const auto key = ssh::HostKey::Parse(text);
  if (!key) return ErrorComplaint(key.error());
  const auto again = ssh::HostKey::Parse(key->Line());
  return again && *again == *key ? kHolds : "its own line is another key";
}

std::string Moment(std::string_view text) {
  const auto moment = base::ParseMoment(text);
  if (!moment || moment->at.empty()) return kHolds;
  const auto again = base::ParseMoment(moment->at);
  return again && again->at == moment->at ? kHolds : "its own form is another moment";
}

std::string Number(std::string_view text) {
  const auto number = base::ParseU64(text);
  if (number && std::to_string(*number) != text) return "a number in another form";
  const auto ctid = base::Ctid::Parse(text);
  return ctid && ctid->text() != text ? "a CTID in another form" : kHolds;
}

std::string Network(std::string_view text) {
  const auto normal = auth::NormalNetwork(text);
  if (!normal) return ErrorComplaint(normal.error());
  const auto again = auth::NormalNetwork(*normal);
  if (!again || *again != *normal) return "its own form is another network";
  const std::string address = normal->substr(0, normal->find('/'));
  return auth::AddressInNetwork(address, *normal) ? kHolds : "its first address is not in it";
}

std::string Route(std::string_view text) {
  const std::string path(api::PathOf(text));
  const auto match = api::FindRoute(path);
  if (!match) return kHolds;
  std::string expected(match->route->pattern);
  const std::size_t id = expected.find("{id}");
  if (id != std::string::npos) expected.replace(id, 4, std::to_string(match->vps_id));
  return expected == path ? kHolds : "a path of another form has a route";
}

std::string Parameters(std::string_view text) {
  const std::vector<std::string> lines = Split(text, '\0');
  std::vector<const char*> parameters;
  for (const std::string& line : lines) {
    if (line.find('=') != std::string::npos) parameters.push_back(line.c_str());
  }
  parameters.push_back(nullptr);
  const auto request = fcgi::ReadParameters(parameters.data(), base::Deadline::In(std::chrono::seconds(1)));
  if (!request) return ErrorComplaint(request.error());
  return request->method.empty() || request->target.empty() ? "a request without a method or target" : kHolds;
}

// What a POSIX shell makes of a line in which only single quotes and backslashes before them mean anything.
struct ShellLine {
  std::vector<std::string> words = {""};
  std::string bare;  // the characters that stand outside of quotes
};

ShellLine ReadAsShell(const std::string& line) {
  ShellLine read;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\'') {
      quoted = !quoted;
    } else if (quoted) {
      read.words.back() += line[i];
    } else if (line.compare(i, 2, "\\'") == 0) {
      read.words.back() += line[++i];
    } else {
      read.bare += line[i];
      if (line[i] == ' ') {
        read.words.emplace_back();
      } else {
        read.words.back() += line[i];
      }
    }
  }
  return read;
}

std::string ShellCommand(std::string_view text) {
  const std::vector<std::string> words = Split(text, '\0');
  if (words.front().empty()) return kHolds;
  const ShellLine line = ReadAsShell(ssh::Command(words).Quoted());
  if (line.words != words) return "the shell reads other words";
  constexpr const char* kMeaning = "\"\\$`;&|<>(){}[]*?!~#\n\t\r";
  return line.bare.find_first_of(kMeaning) == std::string::npos ? kHolds : "an unquoted character";
}

std::string LogText(std::string_view text) {
  const std::string escaped = base::EscapeForLog(text);
  const bool plain = std::all_of(escaped.begin(), escaped.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!plain || escaped.find('"') != std::string::npos) return "what is escaped could end a field";
  return base::Shorten(text, 10).size() > 10 + 3 ? "what is shortened is long" : kHolds;
}

std::string CryptText(std::string_view text) {
  const std::vector<std::string> parts = Split(text, '\n');
  const auto stored = auth::CryptText(50000, parts.front(), parts.back());
  return stored && std::count(stored->begin(), stored->end(), '$') != 4 ? "another form than crypt's"
                                                                        : kHolds;
}

// toml++ 3.3 leaves undefined what a character beyond ASCII outside of a string is: such texts are left out.
std::string Settings(std::string_view text) {
  if (std::any_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; })) return kHolds;
  const int file = memfd_create("settings", MFD_CLOEXEC);
  const bool written = fchmod(file, 0600) == 0 && write(file, text.data(), text.size()) >= 0;
  const std::string path = "/proc/self/fd/" + std::to_string(file);
  const auto settings = config::Load(path, config::Program::kWorker);
  close(file);
  if (!written) return "the test's own file cannot be written";
  if (settings) return kHolds;
  return settings.error().message.find(path) == 0 ? kHolds : "an error that names no file";
}

std::string Arguments(std::string_view text) {
  const auto parsed = ctl::Parse(Split(text, '\0'));
  if (parsed) return kHolds;
  return parsed.error().message.empty() ? "an error without a message" : kHolds;
}

std::string PanelValue(std::string_view text) {
  using namespace panel_import;  // NOLINT: of this one function
  const std::string value(text);
  const auto number = NumberOf(value, 1000);
  if (number && *number > 1000) return "a number beyond its bound";
  const std::string line = LineOf(value, 20);
  if (line.size() > 20 || !base::IsUtf8(line) || base::HasControls(line)) return "not one clean line";
  const auto key = KeyNameOf(value);
  return key && key->find('/') != std::string::npos ? "a key outside of its folder" : kHolds;
}

// A row of a panel from its fields, as many as there are.
class Fields {
 public:
  explicit Fields(std::vector<std::string> fields) : fields_(std::move(fields)) {}
  panel_import::Text Next() {
    if (next_ >= fields_.size() || fields_[next_] == "NULL") return ++next_, std::nullopt;
    return fields_[next_++];
  }

 private:
  std::vector<std::string> fields_;
  std::size_t next_ = 0;
};

template <class Row, class... Members>
Row FilledRow(Fields& fields, Members Row::*... members) {
  Row row;
  ((row.*members = fields.Next()), ...);
  return row;
}

// A panel from lines of "TABLE<tab>FIELD<tab>…".
panel_import::Panel PanelOf(std::string_view text) {
  using namespace panel_import;  // NOLINT: of this one function
  Panel panel;
  for (const std::string& line : Split(text, '\n')) {
    Fields fields(Split(line, '\t'));
    const std::string table = fields.Next().value_or("");
    using U = PanelUser;
    using N = PanelNode;
    using C = PanelContainer;
    using K = PanelKey;
    if (table == "user") panel.users.push_back(FilledRow<U>(fields, &U::id, &U::name, &U::email));
    if (table == "node") {
      panel.nodes.push_back(FilledRow<N>(fields, &N::id, &N::name, &N::host, &N::port, &N::user,
                                         &N::has_own_key, &N::key_path, &N::location));
    }
    if (table == "container") {
      panel.containers.push_back(FilledRow<C>(fields, &C::id, &C::ctid, &C::node, &C::user, &C::status,
                                              &C::type, &C::hostname, &C::disk, &C::ram, &C::burst,
                                              &C::template_id, &C::cpus, &C::terminated, &C::in_used,
                                              &C::out_used, &C::in_limit, &C::out_limit, &C::total_limit));
    }
    if (table == "key") {
      panel.keys.push_back(
          FilledRow<K>(fields, &K::id, &K::type, &K::user, &K::public_token, &K::hash, &K::salt));
    }
    if (table == "terminated") panel.shows_terminated = true;
  }
  return panel;
}

// Nothing is wanted that the panel has not.
std::string Panel(std::string_view text) {
  using namespace panel_import;  // NOLINT: of this one function
  const Wanted wanted = Map(PanelOf(text), base::Secret("salt"), Ours(), true);
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    for (const Record& record : wanted.records[kind]) {
      if (wanted.in_panel[kind].count(record.id) == 0) return "a row that the panel has not";
      if (record.values.size() != TableOf(static_cast<Kind>(kind)).columns.size())
        return "a row of another width";
    }
  }
  return kHolds;
}

}  // namespace

const std::vector<Target>& Targets() {
  static const std::vector<Target> kTargets = {
      {"arguments", Arguments},
      {"crypt_text", CryptText},
      {"host_key", HostKey},
      {"json_read", JsonRead},
      {"json_written", JsonWritten},
      {"log_text", LogText},
      {"moment", Moment},
      {"network", Network},
      {"node_reading", NodeReading},
      {"number", Number},
      {"panel", Panel},
      {"panel_value", PanelValue},
      {"parameters", Parameters},
      {"route", Route},
      {"settings", Settings},
      {"shell_command", ShellCommand},
      {"vzlist", Vzlist},
  };
  return kTargets;
}

}  // namespace cvm::fuzz
