#include "lib/traffic/halt.h"

#include <chrono>
#include <utility>

#include "lib/log/log.h"

namespace cvm::traffic {
namespace {

// For a connection: an action must not wait longer for a database that was there a moment ago.
constexpr std::chrono::milliseconds kPatience{2000};

}  // namespace

void BeforeHalt::BeforeReading() {
  noted_.reset();
  auto noted = Note(pool_, vps_id_, node_id_, ctid_, deadline_.Within(kPatience));
  if (!noted) return Tell(noted.error());
  noted_ = *std::move(noted);
}

// Whoever overtook it has read a moment later or earlier: enough is booked.
void BeforeHalt::Take(const node::ContainerReading& reading) {
  if (!noted_) return;
  const auto booked = Book(pool_, *noted_, reading, Gone::kKept, settings_, deadline_.Within(kPatience));
  if (!booked) Tell(booked.error());
}

void BeforeHalt::Tell(const base::Error& error) const {
  log::Warning("traffic.not_booked",
               {{"vps", vps_id_}, {"kind", base::CodeName(error.code)}, {"error", error.message}});
}

}  // namespace cvm::traffic
