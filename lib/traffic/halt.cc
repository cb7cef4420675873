#include "lib/traffic/halt.h"

#include <chrono>
#include <utility>

#include "lib/log/log.h"

namespace cvm::traffic {
namespace {

// For a connection: an action must not wait longer for a database that was there a moment ago.
constexpr std::chrono::milliseconds kPatience{2000};
// Readings that are taken again, in one action: each may take seconds.
constexpr unsigned kMostAgain = 2;

}  // namespace

void BeforeHalt::BeforeReading() {
  noted_.reset();
  auto noted = Note(pool_, vps_id_, node_id_, ctid_, deadline_.Within(kPatience));
  if (!noted) return Tell(noted.error());
  noted_ = *std::move(noted);
}

// Whoever overtook it may have read earlier, and what passed since then is in nobody's booking.
bool BeforeHalt::Take(const node::ContainerReading& reading) {
  if (!noted_) return false;
  const auto booked = Book(pool_, *noted_, reading, Gone::kKept, settings_, deadline_.Within(kPatience));
  if (!booked) Tell(booked.error());
  if (!booked || *booked != Booked::kOvertaken) return false;
  if (++overtaken_ <= kMostAgain && !deadline_.Passed()) return true;
  Tell({base::ErrorCode::kConflict, "other readings were booked meanwhile, again and again"});
  return false;
}

void BeforeHalt::Tell(const base::Error& error) const {
  log::Warning("traffic.not_booked",
               {{"vps", vps_id_}, {"kind", base::CodeName(error.code)}, {"error", error.message}});
}

}  // namespace cvm::traffic
