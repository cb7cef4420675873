#include "tests/node/fields.h"

#include <cstdint>
#include <sstream>

namespace cvm::testnode {
namespace {

// vzlist escapes nothing: a quote in a description breaks its JSON.
std::string Quoted(const std::string& text) {
  return text.empty() ? "null" : "\"" + text + "\"";
}

std::string Setting(const Row& row, const char* name) {
  return row.config ? row.config->Get(name) : "";
}

std::string Ctid(const Row& row) {
  return std::to_string(row.ctid);
}
std::string Name(const Row& row) {
  return Setting(row, "NAME");
}
std::string JsonName(const Row& row) {
  return Quoted(Name(row));
}
std::string SmartName(const Row& row) {
  return Name(row).empty() ? Ctid(row) : Name(row);
}
std::string JsonSmartName(const Row& row) {
  return Name(row).empty() ? Ctid(row) : Quoted(Name(row));
}
std::string Description(const Row& row) {
  return Setting(row, "DESCRIPTION");
}
std::string JsonDescription(const Row& row) {
  return Quoted(Description(row));
}
std::string Hostname(const Row& row) {
  return Setting(row, "HOSTNAME");
}
std::string JsonHostname(const Row& row) {
  return Quoted(Hostname(row));
}
std::string Template(const Row& row) {
  return Setting(row, "OSTEMPLATE");
}
std::string JsonTemplate(const Row& row) {
  return Quoted(Template(row));
}
std::string Layout(const Row& row) {
  const std::string set = Setting(row, "VE_LAYOUT");
  return set.empty() ? "simfs" : set;
}
std::string JsonLayout(const Row& row) {
  return Quoted(Layout(row));
}
std::string Disabled(const Row& row) {
  return Setting(row, "DISABLED") == "yes" ? "yes" : "no";
}
std::string JsonDisabled(const Row& row) {
  return Setting(row, "DISABLED") == "yes" ? "true" : "false";
}

std::string Address(const Row& row) {
  const std::string all = Setting(row, "IP_ADDRESS");
  return all.substr(0, all.find(' '));
}

std::string JsonAddress(const Row& row) {
  std::istringstream words(Setting(row, "IP_ADDRESS"));
  std::string list;
  for (std::string word; words >> word;) list += (list.empty() ? "\"" : ", \"") + word + "\"";
  return "[" + list + "]";
}

std::string Status(const Row& row) {
  if (row.state == RunState::kRunning) return "running";
  if (row.suspended) return "suspended";
  return row.state == RunState::kMounted ? "mounted" : "stopped";
}
std::string JsonStatus(const Row& row) {
  return Quoted(Status(row));
}

std::string Processes(const Row& row) {
  return row.state == RunState::kRunning ? std::to_string(row.usage.processes) : "";
}

// The kernel counts for a running container only; the limits are also known from the configuration.
template <std::uint64_t Pages::*kFigure, bool kCounted>
std::string PagesFigure(const Row& row) {
  if (!row.usage.pages || (kCounted && row.state != RunState::kRunning)) return "";
  return std::to_string((*row.usage.pages).*kFigure);
}

template <std::uint64_t Blocks::*kFigure>
std::string BlocksFigure(const Row& row) {
  const std::uint64_t figure = row.usage.blocks ? (*row.usage.blocks).*kFigure : 0;
  return figure == 0 ? "" : std::to_string(figure);
}

std::string Member(const char* name, std::uint64_t figure, bool last = false) {
  return "      \"" + std::string(name) + "\": " + std::to_string(figure) + (last ? "\n" : ",\n");
}

std::string JsonPages(const Row& row) {
  if (!row.usage.pages) return "null";
  const Pages& pages = *row.usage.pages;
  return "{\n" + Member("held", pages.held) + Member("maxheld", pages.maxheld) +
         Member("barrier", pages.barrier) + Member("limit", pages.limit) +
         Member("failcnt", pages.failcnt, true) + "    }";
}

std::string JsonBlocks(const Row& row) {
  if (!row.usage.blocks) return "null";
  const Blocks& blocks = *row.usage.blocks;
  return "{\n" + Member("usage", blocks.usage) + Member("softlimit", blocks.softlimit) +
         Member("hardlimit", blocks.hardlimit, true) + "    }";
}

constexpr Field kFields[] = {
    {"ctid", "CTID", 10, Ctid, Ctid},
    {"veid", "CTID", 10, Ctid, Ctid},
    {"vpsid", "CTID", 10, Ctid, Ctid},
    {"name", "NAME", -32, Name, JsonName},
    {"smart_name", "SMARTNAME", 10, SmartName, JsonSmartName},
    {"description", "DESCRIPTION", -32, Description, JsonDescription},
    {"hostname", "HOSTNAME", -32, Hostname, JsonHostname},
    {"ostemplate", "OSTEMPLATE", -24, Template, JsonTemplate},
    {"ip", "IP_ADDR", -15, Address, JsonAddress},
    {"status", "STATUS", -9, Status, JsonStatus},
    {"layout", "LAYOUT", -6, Layout, JsonLayout},
    {"disabled", "DISABL", 6, Disabled, JsonDisabled},
    {"numproc", "NPROC", 10, Processes, nullptr},
    {"physpages", "PHYSP", 10, PagesFigure<&Pages::held, true>, JsonPages},
    {"physpages.m", "PHYSP.M", 10, PagesFigure<&Pages::maxheld, true>, nullptr},
    {"physpages.b", "PHYSP.B", 10, PagesFigure<&Pages::barrier, false>, nullptr},
    {"physpages.l", "PHYSP.L", 10, PagesFigure<&Pages::limit, false>, nullptr},
    {"physpages.f", "PHYSP.F", 10, PagesFigure<&Pages::failcnt, true>, nullptr},
    {"diskspace", "DSPACE", 10, BlocksFigure<&Blocks::usage>, JsonBlocks},
    {"diskspace.s", "DSPACE.S", 10, BlocksFigure<&Blocks::softlimit>, nullptr},
    {"diskspace.h", "DSPACE.H", 10, BlocksFigure<&Blocks::hardlimit>, nullptr},
};

std::string Padded(std::string_view text, int width) {
  const std::string word(text.empty() ? "-" : text);
  const std::size_t wanted = static_cast<std::size_t>(width < 0 ? -width : width);
  const std::string pad(word.size() < wanted ? wanted - word.size() : 0, ' ');
  return width < 0 ? word + pad : pad + word;
}

void EndLine(std::string* table) {
  while (!table->empty() && table->back() == ' ') table->pop_back();
  *table += '\n';
}

}  // namespace

const Field* FindField(std::string_view name) {
  for (const Field& field : kFields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

std::string TextTable(const std::vector<const Field*>& fields, const std::vector<Row>& rows, bool header) {
  std::string table;
  if (header) {
    for (const Field* field : fields) table += Padded(field->header, field->width) + " ";
    EndLine(&table);
  }
  for (const Row& row : rows) {
    for (const Field* field : fields) table += Padded(field->text(row), field->width) + " ";
    EndLine(&table);
  }
  return table;
}

std::string JsonArray(const std::vector<const Field*>& fields, const std::vector<Row>& rows) {
  std::string array = "[";
  for (const Row& row : rows) {
    array += &row == &rows.front() ? "\n  {" : ",\n  {";
    for (const Field* field : fields) {
      array += field == fields.front() ? "\n    \"" : ",\n    \"";
      array += std::string(field->name) + "\": " + field->json(row);
    }
    array += "\n  }";
  }
  return array + "\n]\n";
}

}  // namespace cvm::testnode
