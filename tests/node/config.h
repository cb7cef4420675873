#ifndef CVM_TESTS_NODE_CONFIG_H_
#define CVM_TESTS_NODE_CONFIG_H_

// /etc/vz/conf/CTID.conf, as vzctl keeps it: NAME="value" lines.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cvm::testnode {

constexpr std::uint64_t kUnlimited = 9223372036854775807;

// "barrier:limit" or "softlimit:hardlimit"; a single value stands for both.
struct Limits {
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
};

class Config {
 public:
  // Nothing where the file is missing or cannot be read.
  static std::optional<Config> Load(unsigned ctid);
  static std::string Path(unsigned ctid);

  // The value without its quotes, "" where the name is not set.
  std::string Get(const std::string& name) const;
  bool Has(const std::string& name) const { return values_.count(name) != 0; }

  // Sizes counted in units of so many bytes ("256M" is 65536 units of 4096); bare numbers are units.
  // Nothing where the value is missing or is no size.
  std::optional<Limits> GetLimits(const std::string& name, double unit) const;

  // What vzctl complains about when it reads the file, line by line.
  const std::vector<std::string>& warnings() const { return warnings_; }
  // What a shell says that sources the file, as an action script does.
  const std::vector<std::string>& shell_errors() const { return shell_errors_; }

 private:
  void ReadLine(const std::string& line, unsigned number);

  std::string path_;
  std::map<std::string, std::string> values_;
  std::vector<std::string> warnings_;
  std::vector<std::string> shell_errors_;
};

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_CONFIG_H_
