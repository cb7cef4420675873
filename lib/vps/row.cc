#include "lib/vps/row.h"

#include <cstdlib>

#include "lib/base/text.h"
#include "lib/log/log.h"
#include "lib/node/store.h"
#include "lib/traffic/ledger.h"
#include "lib/traffic/period.h"

namespace cvm::vps {
namespace {

constexpr State kStates[] = {State::kActive, State::kSuspended, State::kTerminated};
constexpr Accounting kAccountings[] = {Accounting::kSplit, Accounting::kCombined};

// The value whose name is `word`.
template <class Values, class Name>
auto Named(const Values& values, Name name, const std::string& word) {
  for (const auto value : values) {
    if (word == name(value)) return value;
  }
  throw db::Failure(db::Failure::Kind::kOther, 0, "vpses holds the unknown word '" + word + "'");
}

// Balance and credit of another period than the running one say nothing of it. Without a row nothing has been
// counted yet, on no day either.
void ReadUsed(const db::Row& row, unsigned first, Traffic& traffic) {
  if (row.IsNull(first + 6)) return;
  const traffic::Period period = {row.U64(first + 8),
                                  row.U64(first + 7),
                                  row.U64(first + 6),
                                  {row.U64(first), row.U64(first + 3)},
                                  {row.U64(first + 1), row.U64(first + 4)},
                                  {row.U64(first + 2), row.U64(first + 5)}};
  if (!period.IsRunning()) {
    traffic.to_sum = Traffic::Days{traffic::PeriodBegin(period.today, period.billing_day),
                                   traffic::NextPeriodBegin(period.today, period.billing_day)};
    return;
  }
  const traffic::Bytes used = period.Used();
  traffic.in_used = used.in;
  traffic.out_used = used.out;
}

Traffic ReadTraffic(const db::Row& row, unsigned first) {
  Traffic traffic;
  traffic.accounting = Named(kAccountings, AccountingName, row.Text(first));
  traffic.in_limit = row.U64(first + 1);
  traffic.out_limit = row.U64(first + 2);
  traffic.limit = row.U64(first + 3);
  ReadUsed(row, first + 4, traffic);
  return traffic;
}

}  // namespace

const char* StateName(State state) {
  switch (state) {
    case State::kActive:
      return "active";
    case State::kSuspended:
      return "suspended";
    case State::kTerminated:
      return "terminated";
  }
  std::abort();
}

const char* AccountingName(Accounting accounting) {
  switch (accounting) {
    case Accounting::kSplit:
      return "split";
    case Accounting::kCombined:
      return "combined";
  }
  std::abort();
}

std::optional<base::Ctid> CtidOf(const Vps& vps) {
  const auto ctid = base::Ctid::Parse(vps.ctid);
  if (!ctid) log::Error("vps.bad_ctid", {{"vps", vps.id}, {"ctid", vps.ctid}});
  return ctid;
}

State ReadState(const db::Row& row, unsigned column) {
  return Named(kStates, StateName, row.Text(column));
}

Vps ReadVps(const db::Row& row, unsigned first) {
  Vps vps;
  vps.id = row.U64(first);
  vps.user_id = row.U64(first + 1);
  vps.node_id = row.U64(first + 2);
  vps.node_location = row.Text(first + 3);
  vps.template_id = row.MaybeU64(first + 4);
  vps.virtualization_type = row.U64(first + 5);
  vps.ctid = row.Text(first + 6);
  vps.state = ReadState(row, first + 7);
  vps.stop_pending = row.U64(first + 8) != 0;
  vps.hostname = row.Text(first + 9);
  vps.guaranteed_ram = row.U64(first + 10);
  vps.burstable_ram = row.MaybeU64(first + 11);
  vps.disk_space = row.U64(first + 12);
  vps.cpu_count = row.U64(first + 13);
  vps.traffic = ReadTraffic(row, first + 14);
  return vps;
}

void SumDays(db::Session& session, Traffic& traffic, std::uint64_t vps_id) {
  if (!traffic.to_sum) return;
  const traffic::Bytes sum = traffic::SumOf(session, vps_id, traffic.to_sum->begin, traffic.to_sum->end);
  traffic.in_used = sum.in;
  traffic.out_used = sum.out;
  traffic.to_sum.reset();
}

void AddPlacedRow(const db::Row& row, unsigned first, std::optional<Placed>& placed) {
  if (row.IsNull(first)) return;
  node::Node node = node::ReadNode(row, first + kVpsColumns);
  if (!placed) {
    placed = Placed{ReadVps(row, first), std::move(node)};
    return;
  }
  auto& keys = placed->node.endpoint.host_keys;
  keys.insert(keys.end(), node.endpoint.host_keys.begin(), node.endpoint.host_keys.end());
}

}  // namespace cvm::vps
