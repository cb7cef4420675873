// A manual page in the language of man(7). For one thread.
#ifndef CVM_LIB_MANUAL_ROFF_H_
#define CVM_LIB_MANUAL_ROFF_H_

#include <string>

namespace cvm::manual {

// Text goes in as it is meant: what would be a macro, an escape or a typographic hyphen to roff is escaped
// here.
class Roff {
 public:
  // `summary` is the line that apropos shows.
  Roff(const std::string& name, int section, const std::string& summary);

  void Section(const std::string& title);
  void Paragraph(const std::string& text);
  // A term in bold with what it means, indented.
  void Entry(const std::string& term, const std::string& text);
  // What stands between the two is indented below the entry before.
  void Indent() { text_ += ".RS\n"; }
  void Outdent() { text_ += ".RE\n"; }
  // Lines that keep their breaks and are no prose.
  void Verbatim(const std::string& lines);

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

}  // namespace cvm::manual

#endif  // CVM_LIB_MANUAL_ROFF_H_
