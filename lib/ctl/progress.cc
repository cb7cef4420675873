#include "lib/ctl/progress.h"

#include <utility>

#include "lib/ctl/terminal.h"

namespace cvm::ctl {
namespace {

constexpr std::size_t kWidth = 30;

}  // namespace

Progress::Progress(Console& console, std::size_t total, std::string what)
    : console_(console), total_(total), what_(std::move(what)), shown_(console.terminal && total > 0) {
  if (shown_) Draw();
}

Progress::~Progress() {
  if (shown_) console_.err << "\r\x1b[K" << std::flush;
}

void Progress::Advance() {
  if (!shown_) return;
  const std::lock_guard<std::mutex> lock(mutex_);
  ++done_;
  Draw();
}

void Progress::Draw() {
  console_.err << "\r\x1b[K[" << Bar(done_, total_ - done_, total_, kWidth, TerminalHasUtf8()) << "] "
               << done_ << " of " << total_ << " " << what_ << std::flush;
}

}  // namespace cvm::ctl
