#include "lib/node/survey.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "lib/base/text.h"
#include "lib/node/asking.h"
#include "lib/node/vzlist.h"

namespace cvm::node {
namespace {

using Ctids = std::vector<base::Ctid>;

constexpr std::uint64_t kBlockSize = 1024;  // of vzlist's diskspace

// Ten digits each: far below what a shell takes for one command.
constexpr std::size_t kMostPerCommand = 500;

// With more of them on a node it is not containers that are at fault.
constexpr std::size_t kMostSpoilers = 8;

using Row = base::Result<std::optional<VzlistRow>>;
using Rows = std::map<base::Ctid, Row>;

class Asker {
 public:
  // `spoilers`: at which vzlist failed of late. Brought up to date.
  Asker(ssh::Runner& runner, const Node& node, base::Deadline deadline, std::set<base::Ctid>& spoilers)
      : runner_(runner), node_(node), deadline_(deadline), spoilers_(spoilers) {}

  Rows Ask(const Ctids& ctids) {
    Divide(ctids);
    // To find one container among n takes two commands a halving.
    for (std::size_t n = ctids.size(); n > 1; n = (n + 1) / 2) more_commands_ += 4;
    while (!parts_.empty()) AskNext();
    return std::move(rows_);
  }

 private:
  void Divide(const Ctids& ctids) {
    for (auto at = ctids.begin(); at != ctids.end();) {
      const auto rest = static_cast<std::size_t>(ctids.end() - at);
      const auto end = at + static_cast<std::ptrdiff_t>(std::min(rest, kMostPerCommand));
      parts_.emplace_back(at, end);
      at = end;
    }
  }

  void AskNext() {
    const Ctids part = std::move(parts_.front());
    parts_.pop_front();
    const auto found = AskVzlist(runner_, node_, part, deadline_);
    if (found.ok()) return Take(part, *found);
    if (found.error().code != base::ErrorCode::kInternal) return GiveUp(part, found.error());
    if (part.size() == 1) spoilers_.insert(part.front());
    const bool split = part.size() > 1 && more_commands_ >= 2 && !deadline_.Passed();
    if (!split) return Fail(part, found.error());
    more_commands_ -= 2;
    const auto middle = part.begin() + static_cast<std::ptrdiff_t>(part.size() / 2);
    parts_.emplace_back(part.begin(), middle);
    parts_.emplace_back(middle, part.end());
  }

  void Take(const Ctids& part, const VzlistRows& found) {
    for (const base::Ctid ctid : part) {
      rows_.emplace(ctid, found.Find(ctid));
      spoilers_.erase(ctid);
    }
  }
  void Fail(const Ctids& part, const base::Error& error) {
    for (const base::Ctid ctid : part) rows_.emplace(ctid, error);
  }
  // The node does not answer: the rest would fare no better.
  void GiveUp(const Ctids& part, const base::Error& error) {
    Fail(part, error);
    for (const Ctids& rest : parts_) Fail(rest, error);
    parts_.clear();
  }

  ssh::Runner& runner_;
  const Node& node_;
  const base::Deadline deadline_;
  std::set<base::Ctid>& spoilers_;
  std::deque<Ctids> parts_;
  std::size_t more_commands_ = 0;
  Rows rows_;
};

bool NeedsPageSize(const Row& row) {
  return row.ok() && *row && (*row)->held_pages > 0;
}

Answer AnswerOf(const Row& row, const base::Result<std::uint64_t>& page_size) {
  if (!row.ok()) return row.error();
  if (!*row) return std::optional<Container>();
  if (!(*row)->doubt.empty()) return base::Error{base::ErrorCode::kInternal, (*row)->doubt};
  Container container;
  container.running = (*row)->running;
  container.disk_used = base::SaturatingMultiply((*row)->used_blocks, kBlockSize);
  if (NeedsPageSize(row)) {
    if (!page_size.ok()) return page_size.error();
    container.ram_used = base::SaturatingMultiply((*row)->held_pages, *page_size);
  }
  return std::optional<Container>(container);
}

std::string KeyOf(const Node& node) {
  return std::to_string(node.id) + " " + node.endpoint.Where();
}

}  // namespace

// Asked once a node: it does not change while the node keeps its kernel's architecture.
base::Result<std::uint64_t> Survey::PageSize(const Node& node, const std::string& key,
                                             base::Deadline deadline) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const auto known = page_sizes_.find(key);
    if (known != page_sizes_.end()) return known->second;
  }
  auto size = AskPageSize(runner_, node, deadline);
  if (!size.ok()) return size;
  const std::lock_guard<std::mutex> lock(mutex_);
  page_sizes_[key] = *size;
  return size;
}

std::set<base::Ctid> Survey::Spoilers(const std::string& key) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto known = spoilers_.find(key);
  return known == spoilers_.end() ? std::set<base::Ctid>() : known->second;
}

bool Survey::Spoils(const Node& node, base::Ctid ctid) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (spoilers_.empty()) return false;
  const auto known = spoilers_.find(KeyOf(node));
  return known != spoilers_.end() && known->second.count(ctid) > 0;
}

// Only of those that were asked for: another question may have learnt of others meanwhile.
void Survey::Remember(const std::string& key, const Ctids& asked, const std::set<base::Ctid>& spoilers) {
  const std::lock_guard<std::mutex> lock(mutex_);
  auto& known = spoilers_[key];
  for (const base::Ctid ctid : asked) {
    if (spoilers.count(ctid) > 0) {
      known.insert(ctid);
    } else {
      known.erase(ctid);
    }
  }
  if (known.empty() || known.size() > kMostSpoilers) spoilers_.erase(key);
}

Answers Survey::Ask(const Node& node, const Ctids& ctids, base::Deadline deadline) {
  const std::string key = KeyOf(node);
  auto spoilers = Spoilers(key);
  const Rows rows = Asker(runner_, node, deadline, spoilers).Ask(ctids);
  Remember(key, ctids, spoilers);
  const bool any_pages =
      std::any_of(rows.begin(), rows.end(), [](const auto& row) { return NeedsPageSize(row.second); });
  const auto page_size =
      any_pages ? PageSize(node, key, deadline) : base::Result<std::uint64_t>(std::uint64_t{0});
  Answers answers;
  for (const auto& [ctid, row] : rows) answers.emplace(ctid, AnswerOf(row, page_size));
  return answers;
}

}  // namespace cvm::node
