#include "lib/node/reading.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "lib/base/text.h"

namespace cvm::node {
namespace {

constexpr std::size_t kCounters = 16;  // of a line of /proc/net/dev: received bytes first, sent bytes ninth
constexpr std::size_t kSentBytes = 8;
constexpr std::size_t kBootIdLength = 36;
constexpr std::size_t kExcerpt = 80;
constexpr std::string_view kBlanks = " \t";

base::Error Malformed(const std::string& what, std::string_view line) {
  return {base::ErrorCode::kInternal, "the reading of a node is malformed: " + what + ": " +
                                          base::EscapeForLog(base::Shorten(line, kExcerpt))};
}

// The text up to `separator`, which is taken away with it; all of it where there is none.
std::string_view Take(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

std::vector<std::string_view> Words(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t at = text.find_first_not_of(kBlanks); at != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    words.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kBlanks, end);
  }
  return words;
}

// "  eth0: 1 2 …", on old kernels "eth0:1 2 …". A name may hold colons there: the last one ends it.
std::optional<Interface> ParseDevice(std::string_view line) {
  const std::size_t colon = line.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto name = Words(line.substr(0, colon));
  const auto counters = Words(line.substr(colon + 1));
  if (name.size() != 1 || counters.size() != kCounters) return std::nullopt;
  const auto received = base::ParseU64(counters[0]);
  const auto sent = base::ParseU64(counters[kSentBytes]);
  if (!received || !sent) return std::nullopt;
  return Interface{std::string(name[0]), *received, *sent};
}

// "ifname=eth0,mac=…,host_ifname=veth101.0,…;ifname=…", in double quotes or not. What is no pair is none.
std::vector<Veth> ParseVeths(std::string_view setting) {
  std::vector<Veth> veths;
  if (setting.size() >= 2 && setting.front() == '"' && setting.back() == '"') {
    setting = setting.substr(1, setting.size() - 2);
  }
  while (!setting.empty()) {
    std::string_view pair = Take(setting, ';');
    Veth veth;
    while (!pair.empty()) {
      std::string_view value = Take(pair, ',');
      const std::string_view name = Take(value, '=');
      if (name == "ifname") veth.inside = value;
      if (name == "host_ifname") veth.host = value;
    }
    if (!veth.host.empty()) veths.push_back(std::move(veth));
  }
  return veths;
}

struct Process {
  std::uint64_t pid, start;
};

std::optional<Process> ParseProcess(std::string_view text) {
  const auto words = Words(text);
  if (words.size() != 2) return std::nullopt;
  const auto pid = base::ParseU64(words[0]), start = base::ParseU64(words[1]);
  if (!pid || !start) return std::nullopt;
  return Process{*pid, *start};
}

bool IsBootId(std::string_view text) {
  return text.size() == kBootIdLength &&
         text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

// A line of a container that is not as it must be spoils that container; every other spoils the whole.
class Parser {
 public:
  base::Result<Reading> Parse(std::string_view text);

 private:
  base::Status Begin(std::string_view& text);
  base::Status Line(std::string_view line);
  base::Status Container(std::string_view rest);
  base::Status Off(std::string_view rest);
  base::Status Device(std::string_view rest);
  base::Status Peer(std::string_view rest);
  base::Status AddInterface(std::string_view rest, std::vector<Interface> ContainerReading::*where);
  base::Status Setting(std::string_view rest);
  base::Status Left(std::string_view rest);
  base::Status Done(std::string_view rest);
  base::Result<base::Ctid> ReadCtid(std::string_view text);
  void Doubt(base::Ctid ctid, base::Error why);
  void Fill(base::Ctid ctid, const Process& process, std::string_view line);

  struct Form {
    std::string_view word;
    bool of_container;  // only after a line `ct`
    base::Status (Parser::*read)(std::string_view);
  };
  static const Form kForms[];

  std::string boot_id_;
  Reading reading_;
  std::set<base::Ctid> off_;
  std::map<std::uint64_t, base::Ctid> pids_;
  std::size_t said_ = 0;                // lines `ct` and `off`
  std::optional<base::Ctid> current_;   // after its line `ct`
  ContainerReading* filled_ = nullptr;  // what is said of it, unless it is in doubt
  bool done_ = false;
};

const Parser::Form Parser::kForms[] = {
    {"ct", false, &Parser::Container}, {"netif", true, &Parser::Setting}, {"dev", true, &Parser::Device},
    {"left", true, &Parser::Left},     {"peer", true, &Parser::Peer},     {"off", false, &Parser::Off},
    {"done", false, &Parser::Done},
};

base::Result<Reading> Parser::Parse(std::string_view text) {
  if (text.empty() || text.back() != '\n') return Malformed("it is cut short", text.substr(0, kExcerpt));
  if (const auto begun = Begin(text); !begun) return begun.error();
  while (!text.empty()) {
    const std::string_view line = Take(text, '\n');
    if (done_) return Malformed("something follows its end", line);
    if (const auto read = Line(line); !read) return read.error();
  }
  if (!done_) return Malformed("it has no end", "");
  return std::move(reading_);
}

base::Status Parser::Begin(std::string_view& text) {
  std::string_view line = Take(text, '\n');
  if (line != "cvm-read 1") return Malformed("another form", line);
  line = Take(text, '\n');
  std::string_view rest = line;
  if (Take(rest, ' ') != "boot" || !IsBootId(rest)) return Malformed("no boot ID", line);
  boot_id_ = rest;
  return {};
}

base::Status Parser::Line(std::string_view line) {
  std::string_view rest = line;
  const std::string_view word = Take(rest, ' ');
  const auto form = std::find_if(std::begin(kForms), std::end(kForms),
                                 [&](const Form& known) { return known.word == word; });
  if (form == std::end(kForms)) return Malformed("an unknown line", line);
  if (!form->of_container) current_.reset();
  if (form->of_container && !current_) return Malformed("a line of no container", line);
  return (this->*form->read)(rest);
}

base::Result<base::Ctid> Parser::ReadCtid(std::string_view text) {
  const auto ctid = base::Ctid::Parse(text);
  if (!ctid) return Malformed("no CTID", text);
  ++said_;
  return *ctid;
}

// The first reason stands.
void Parser::Doubt(base::Ctid ctid, base::Error why) {
  const auto [found, first] = reading_.emplace(ctid, why);
  if (!first && found->second.ok()) found->second = std::move(why);
  if (current_ == ctid) filled_ = nullptr;
}

base::Status Parser::Container(std::string_view rest) {
  const std::string_view line = rest;
  const auto ctid = ReadCtid(Take(rest, ' '));
  if (!ctid) return ctid.error();
  current_ = *ctid;
  filled_ = nullptr;
  const bool twice = reading_.count(*ctid) > 0 || off_.count(*ctid) > 0;
  if (twice) Doubt(*ctid, Malformed("a container that is there twice", line));
  if (const auto process = ParseProcess(rest)) {
    Fill(*ctid, *process, line);
  } else {
    Doubt(*ctid, Malformed("no process", line));
  }
  return {};
}

// Unless it is in doubt already, or by this.
void Parser::Fill(base::Ctid ctid, const Process& process, std::string_view line) {
  const auto [other, only] = pids_.emplace(process.pid, ctid);
  if (!only && !(other->second == ctid)) {
    const std::string both = other->second.text() + " and " + ctid.text();
    const auto why = Malformed("two containers that are one process, " + both, line);
    Doubt(other->second, why);
    Doubt(ctid, why);
  }
  const auto [made, first] = reading_.emplace(ctid, ContainerReading());
  if (!first) return;
  filled_ = &*made->second;
  filled_->pid = process.pid;
  filled_->epoch = {boot_id_, process.start};
}

base::Status Parser::Off(std::string_view rest) {
  const auto ctid = ReadCtid(rest);
  if (!ctid) return ctid.error();
  if (reading_.count(*ctid) > 0 || !off_.insert(*ctid).second) {
    Doubt(*ctid, Malformed("a container that is there twice", rest));
  }
  return {};
}

base::Status Parser::Device(std::string_view rest) {
  return AddInterface(rest, &ContainerReading::inside);
}

base::Status Parser::Peer(std::string_view rest) {
  return AddInterface(rest, &ContainerReading::peers);
}

base::Status Parser::AddInterface(std::string_view rest, std::vector<Interface> ContainerReading::*where) {
  auto device = ParseDevice(rest);
  if (!device) {
    Doubt(*current_, Malformed("no interface", rest));
  } else if (filled_ != nullptr) {
    (filled_->*where).push_back(std::move(*device));
  }
  return {};
}

base::Status Parser::Setting(std::string_view rest) {
  if (filled_ != nullptr) filled_->veths = ParseVeths(rest);
  return {};
}

base::Status Parser::Left(std::string_view rest) {
  const auto left = base::ParseU64(rest);
  if (!left) {
    Doubt(*current_, Malformed("no number", rest));
  } else if (filled_ != nullptr) {
    filled_->left_out = *left;
  }
  return {};
}

base::Status Parser::Done(std::string_view rest) {
  done_ = true;
  if (base::ParseU64(rest) == said_) return {};
  return Malformed("another number of containers than " + std::to_string(said_), rest);
}

}  // namespace

base::Result<Reading> ParseReading(std::string_view text) {
  return Parser().Parse(text);
}

}  // namespace cvm::node
