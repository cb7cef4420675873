#include "lib/manual/roff.h"

#include <cctype>
#include <map>

namespace cvm::manual {
namespace {

const std::map<char, const char*> kEscapes = {
    {'\\', "\\e"},  {'-', "\\-"},   {'\'', "\\(aq"}, {'`', "\\(ga"},
    {'"', "\\(dq"}, {'^', "\\(ha"}, {'~', "\\(ti"},
};

std::string Escaped(const std::string& text) {
  std::string escaped;
  bool line_begins = true;
  for (const char c : text) {
    if (line_begins && c == '.') escaped += "\\&";
    const auto found = kEscapes.find(c);
    if (found == kEscapes.end()) escaped += c;
    if (found != kEscapes.end()) escaped += found->second;
    line_begins = c == '\n';
  }
  return escaped;
}

std::string Upper(std::string text) {
  for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return text;
}

}  // namespace

Roff::Roff(const std::string& name, int section, const std::string& summary) {
  text_ = ".TH " + Upper(Escaped(name)) + " " + std::to_string(section) + " \"\" \"CVM client API " +
          CVM_VERSION + "\" \"CVM client API\"\n.nh\n.ad l\n";
  Section("NAME");
  text_ += Escaped(name) + " \\- " + Escaped(summary) + "\n";
}

void Roff::Section(const std::string& title) {
  text_ += ".SH " + Escaped(title) + "\n";
}

void Roff::Paragraph(const std::string& text) {
  text_ += ".PP\n" + Escaped(text) + "\n";
}

void Roff::Entry(const std::string& term, const std::string& text) {
  text_ += ".TP\n\\fB" + Escaped(term) + "\\fR\n" + Escaped(text) + "\n";
}

void Roff::Verbatim(const std::string& lines) {
  text_ += ".PP\n.nf\n" + Escaped(lines) + ".fi\n";
}

}  // namespace cvm::manual
