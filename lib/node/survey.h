// What several containers of one node are like, in as few commands as possible.
#ifndef CVM_LIB_NODE_SURVEY_H_
#define CVM_LIB_NODE_SURVEY_H_

#include <cstdint>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "lib/base/ctid.h"
#include "lib/base/deadline.h"
#include "lib/base/error.h"
#include "lib/node/batch.h"
#include "lib/node/node.h"
#include "lib/ssh/ssh.h"

namespace cvm::node {

// Safe from any thread.
class Survey {
 public:
  // `runner` must outlive this.
  explicit Survey(ssh::Runner& runner) : runner_(runner) {}

  // An answer for each of `ctids`, which are not empty and different. One vzlist, where nothing goes wrong
  // and they fit one command. A row that is not as it must be is the error of its container alone. Where it
  // gives no proper answer at all for several they are asked for by halves, so that a container at which
  // vzlist fails harms no other; how often is bounded by what two such containers take. Such a one is
  // remembered until it answers (Spoils): ask for it by itself. Errors: as AskVzlist gives them.
  Answers Ask(const Node& node, const std::vector<base::Ctid>& ctids, base::Deadline deadline);
  // Whether vzlist failed at it when it was last asked for.
  bool Spoils(const Node& node, base::Ctid ctid);

 private:
  base::Result<std::uint64_t> PageSize(const Node& node, const std::string& key, base::Deadline deadline);
  std::set<base::Ctid> Spoilers(const std::string& key);
  void Remember(const std::string& key, const std::vector<base::Ctid>& asked,
                const std::set<base::Ctid>& spoilers);

  ssh::Runner& runner_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::uint64_t> page_sizes_;       // by node and where it is
  std::unordered_map<std::string, std::set<base::Ctid>> spoilers_;  // the same
};

}  // namespace cvm::node

#endif  // CVM_LIB_NODE_SURVEY_H_
