#include "tests/node/config.h"

#include <cstdlib>
#include <sstream>

#include "tests/node/files.h"

namespace cvm::testnode {
namespace {

constexpr double kPage = 4096;
constexpr double kKibibyte = 1024;

std::string Unquote(const std::string& text) {
  if (text.size() < 2 || text.front() != '"') return text;
  std::string value;
  for (std::size_t i = 1; i < text.size() && text[i] != '"'; ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    value += text[i];
  }
  return value;
}

// 0 for a letter that is no suffix.
double BytesOf(char suffix, double unit) {
  switch (suffix) {
    case '\0':
      return unit;
    case 'P':
    case 'p':
      return kPage;
    case 'K':
    case 'k':
      return kKibibyte;
    case 'M':
    case 'm':
      return kKibibyte * 1024;
    case 'G':
    case 'g':
      return kKibibyte * 1024 * 1024;
    case 'T':
    case 't':
      return kKibibyte * 1024 * 1024 * 1024;
    default:
      return 0;
  }
}

std::optional<std::uint64_t> ParseSize(const std::string& text, double unit) {
  if (text == "unlimited") return kUnlimited;
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (end == text.c_str() || number < 0) return std::nullopt;
  const double bytes = BytesOf(*end, unit);
  if (bytes == 0 || (*end != '\0' && end[1] != '\0')) return std::nullopt;
  if (*end == '\0' && text.find('.') == std::string::npos) return std::strtoull(text.c_str(), nullptr, 10);
  return static_cast<std::uint64_t>(number * bytes / unit);
}

std::optional<Limits> ParseLimits(const std::string& text, double unit) {
  const std::size_t colon = text.find(':');
  const auto soft = ParseSize(text.substr(0, colon), unit);
  const auto hard = colon == std::string::npos ? soft : ParseSize(text.substr(colon + 1), unit);
  if (!soft || !hard) return std::nullopt;
  return Limits{*soft, *hard};
}

}  // namespace

std::string Config::Path(unsigned ctid) {
  return "/etc/vz/conf/" + std::to_string(ctid) + ".conf";
}

std::optional<Config> Config::Load(unsigned ctid) {
  Config config;
  config.path_ = Path(ctid);
  const auto text = ReadFile(config.path_);
  if (!text) return std::nullopt;
  std::istringstream lines(*text);
  unsigned number = 0;
  for (std::string line; std::getline(lines, line);) config.ReadLine(line, ++number);
  return config;
}

void Config::ReadLine(const std::string& line, unsigned number) {
  if (line.empty() || line[0] == '#') return;
  const std::string place = path_ + ":" + std::to_string(number);
  const std::size_t equals = line.find('=');
  if (equals == std::string::npos) {
    warnings_.push_back("Warning: can't parse " + place + " ('=' not found), skipping");
    shell_errors_.push_back("/usr/libexec/vzctl/scripts/vps-prestart: " + std::to_string(number) + ": " +
                            path_ + ": " + line.substr(0, line.find(' ')) + ": not found");
    return;
  }
  const std::string name = line.substr(0, equals);
  const std::string value = Unquote(line.substr(equals + 1));
  const bool is_limit = name == "PHYSPAGES" || name == "SWAPPAGES";
  if (is_limit && !ParseLimits(value, kPage)) {
    warnings_.push_back("Warning at " + place + ": invalid value for " + name + " (\"" + value +
                        "\"), skipped");
    return;
  }
  values_[name] = value;
}

std::string Config::Get(const std::string& name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? "" : found->second;
}

std::optional<Limits> Config::GetLimits(const std::string& name, double unit) const {
  const auto found = values_.find(name);
  if (found == values_.end()) return std::nullopt;
  return ParseLimits(found->second, unit);
}

}  // namespace cvm::testnode
