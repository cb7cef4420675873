#include "lib/ctl/output.h"

#include <algorithm>
#include <utility>

#include "lib/base/crypto.h"
#include "lib/base/text.h"

namespace cvm::ctl {
namespace {

// Calls the one of the functions that fits the type of the cell.
template <class... Fs>
struct Overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
Overloaded(Fs...) -> Overloaded<Fs...>;

void WriteRecord(json::Writer& writer, const Record& record);

void WriteRecords(json::Writer& writer, const Records& records) {
  writer.BeginArray();
  for (const Record& record : records) WriteRecord(writer, record);
  writer.EndArray();
}

void WriteCell(json::Writer& writer, const Cell& cell) {
  std::visit(Overloaded{
                 [&](std::nullptr_t) { writer.Null(); },
                 [&](bool flag) { writer.Bool(flag); },
                 [&](Small small) { writer.Number(small.number); },
                 [&](const std::string& text) { writer.Text(text); },
                 [&](const Records& records) { WriteRecords(writer, records); },
             },
             cell);
}

void WriteRecord(json::Writer& writer, const Record& record) {
  writer.BeginObject();
  for (const Field& field : record) {
    writer.Key(field.name);
    WriteCell(writer, field.value);
  }
  writer.EndObject();
}

std::string PlainCell(const Cell& cell);

// The values of one record in a cell: "ssh-ed25519 SHA256:…".
std::string PlainRecord(const Record& record) {
  std::string text;
  for (const Field& field : record) text += (text.empty() ? "" : " ") + PlainCell(field.value);
  return text;
}

std::string PlainRecords(const Records& records) {
  std::string text;
  for (const Record& record : records) text += (text.empty() ? "" : ", ") + PlainRecord(record);
  return text;
}

std::string PlainCell(const Cell& cell) {
  std::string text = std::visit(Overloaded{
                                    [](std::nullptr_t) { return std::string(); },
                                    [](bool flag) { return std::string(flag ? "yes" : "no"); },
                                    [](Small small) { return std::to_string(small.number); },
                                    [](const std::string& value) { return ForTerminal(value); },
                                    [](const Records& records) { return PlainRecords(records); },
                                },
                                cell);
  return text.empty() ? "-" : text;
}

std::string Heading(const char* name) {
  std::string heading(name);
  std::replace(heading.begin(), heading.end(), '_', ' ');
  return heading;
}

std::string UpperCase(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return text;
}

// Whether it is the first byte of a character.
bool Begins(char c) {
  return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u;
}

// How many places a text takes on a terminal, near enough: the number of its characters.
std::size_t Width(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), Begins));
}

constexpr std::size_t kMostOfShort = 32;

// At most so many characters, the last three of them dots where some are left out.
std::string Shortened(const std::string& text) {
  if (Width(text) <= kMostOfShort) return text;
  std::size_t kept = 0;
  const auto end = std::find_if(text.begin(), text.end(), [&](char c) {
    if (Begins(c)) ++kept;
    return kept > kMostOfShort - 3;
  });
  return std::string(text.begin(), end) + "...";
}

using Row = std::vector<std::string>;

std::vector<Row> RowsOf(const Records& records) {
  std::vector<Row> rows(1);
  for (const Field& field : records.front()) {
    if (field.shown != Shown::kInJson) rows[0].push_back(UpperCase(Heading(field.name)));
  }
  for (const Record& record : records) {
    Row row;
    for (const Field& field : record) {
      if (field.shown == Shown::kInJson) continue;
      const std::string text = PlainCell(field.value);
      row.push_back(field.shown == Shown::kShort ? Shortened(text) : text);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

// Columns as wide as their widest cell, two blanks between, none at the end of a line.
void PrintRows(std::ostream& out, const std::vector<Row>& rows) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Width(row[i]));
  }
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      const bool last = i + 1 == row.size();
      out << row[i] << (last ? "" : std::string(widths[i] - Width(row[i]) + 2, ' '));
    }
    out << '\n';
  }
}

}  // namespace

Field::Field(const char* field_name, Cell cell, Shown where)
    : name(field_name), value(std::move(cell)), shown(where) {}

std::string ForTerminal(std::string_view text) {
  std::string shown;
  while (!text.empty()) {
    const std::size_t control = base::ControlLength(text);
    for (std::size_t i = 0; i < control; ++i) shown += "\\x" + base::Hex(text.substr(i, 1));
    if (control == 0) shown += text.front();
    text.remove_prefix(std::max<std::size_t>(control, 1));
  }
  return shown;
}

void Output::List(const Records& records) {
  if (json_) {
    json::Writer writer;
    WriteRecords(writer, records);
    out_ << writer.Take() << '\n';
  } else if (!records.empty()) {
    PrintRows(out_, RowsOf(records));
  }
}

void Output::One(const Record& record) {
  if (json_) {
    json::Writer writer;
    WriteRecord(writer, record);
    out_ << writer.Take() << '\n';
    return;
  }
  std::vector<Row> rows;
  for (const Field& field : record) {
    if (field.shown != Shown::kInJson) rows.push_back({Heading(field.name) + ":", PlainCell(field.value)});
  }
  if (!rows.empty()) PrintRows(out_, rows);
}

void Output::Done(const std::string& sentence, const Record& record) {
  if (json_) {
    One(record);
  } else {
    out_ << ForTerminal(sentence) << '\n';
  }
}

void Output::Error(const base::Error& error, ExitStatus status) {
  if (!json_) return;
  json::Writer writer;
  writer.BeginObject().Key("error").BeginObject();
  writer.Member("code", std::string_view(base::CodeName(error.code)));
  writer.Key("exit_status").Number(static_cast<std::uint64_t>(status));
  writer.Member("message", std::string_view(error.message));
  writer.EndObject().EndObject();
  out_ << writer.Take() << '\n';
}

bool Output::Flush() {
  out_.flush();
  return out_.good();
}

}  // namespace cvm::ctl
