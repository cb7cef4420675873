#include "lib/auth/crypt.h"

#include <crypt.h>
#include <string.h>

#include <algorithm>
#include <memory>
#include <thread>
#include <utility>

#include "lib/base/crypto.h"

namespace cvm::auth {
namespace {

constexpr std::string_view kPrefix = "$5$";
constexpr std::size_t kMostSalt = 16;
constexpr std::size_t kHashLength = 43;
// Of one pair, computed or waiting, so that guesses at it leave room for the others.
constexpr std::size_t kFlightsPerToken = 2;
// And of the waiting room a quarter at most for whoever presents the same.
constexpr std::size_t kPartsOfRoom = 4;

bool IsHashCharacter(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
}

// What libcrypt takes in a salt: printable, and nothing that would break a line of a password file.
bool IsSaltCharacter(char c) {
  return c > 0x20 && c < 0x7f && std::string_view("!*:;\\").find(c) == std::string_view::npos;
}

std::size_t HalfOfTheCores() {
  return std::max<std::size_t>(std::thread::hardware_concurrency() / 2, 1);
}

}  // namespace

std::optional<std::string> CryptText(unsigned rounds, std::string_view salt, std::string_view hash) {
  const std::string_view used = salt.substr(0, salt.find('$')).substr(0, kMostSalt);
  if (!std::all_of(used.begin(), used.end(), IsSaltCharacter)) return std::nullopt;
  if (hash.size() != kHashLength || !std::all_of(hash.begin(), hash.end(), IsHashCharacter)) {
    return std::nullopt;
  }
  std::string text(kPrefix);
  text.append("rounds=").append(std::to_string(rounds)).append("$");
  return text.append(used).append("$").append(hash);
}

bool CryptFits(const std::string& stored, std::string_view private_token) {
  if (stored.rfind(kPrefix, 0) != 0) return false;
  const auto data = std::make_unique<crypt_data>();  // 32 KiB: not on a thread's stack
  base::Secret phrase{std::string(private_token)};
  const char* const made = crypt_r(phrase.Reveal().c_str(), stored.c_str(), data.get());
  const bool fits = made != nullptr && base::EqualInConstantTime(made, stored);
  explicit_bzero(data.get(), sizeof(crypt_data));
  return fits;
}

bool CryptMemory::Holds(std::uint64_t token_id, std::string_view digest) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(token_id);
  if (place == places_.end() || !base::EqualInConstantTime(place->second->digest, digest)) return false;
  entries_.splice(entries_.begin(), entries_, place->second);
  return true;
}

void CryptMemory::Remember(std::uint64_t token_id, std::string digest) {
  const std::lock_guard lock(mutex_);
  const auto place = places_.find(token_id);
  if (place != places_.end()) {
    place->second->digest = std::move(digest);
    entries_.splice(entries_.begin(), entries_, place->second);
    return;
  }
  entries_.push_front({token_id, std::move(digest)});
  places_[token_id] = entries_.begin();
  if (entries_.size() <= most_) return;
  places_.erase(entries_.back().token_id);
  entries_.pop_back();
}

CryptCheck::CryptCheck(Settings settings)
    : settings_([&] {
        if (settings.at_once == 0) settings.at_once = HalfOfTheCores();
        return settings;
      }()),
      key_(base::RandomBytes(32)),
      memory_(settings_.remembered) {}

base::Result<bool> CryptCheck::Fits(const Token& token, std::string_view private_token,
                                    base::Deadline deadline) {
  const std::string digest = DigestOf(token, private_token);
  if (memory_.Holds(token.id, digest)) return true;
  const base::Deadline patience = deadline.Within(settings_.wait);
  Lock lock(mutex_);
  const auto flight = Join(token, digest);
  if (flight == nullptr) return Refuse();
  ++waiting_;
  ++flight->waiters;
  changed_.wait_until(lock, patience.when(), [&] { return flight->over || MayBegin(*flight); });
  --waiting_;
  --flight->waiters;
  if (!flight->over && MayBegin(*flight)) Run(*flight, token, private_token, digest, lock);
  Leave(flight, digest);
  if (!flight->over) return Refuse();
  return flight->fits;
}

CryptCheck::Figures CryptCheck::Read() const {
  const Lock lock(mutex_);
  return {running_, waiting_, checked_, refused_};
}

base::Error CryptCheck::Refuse() {
  ++refused_;
  return {base::ErrorCode::kOverloaded, "too many token pairs are being checked by crypt(3)"};
}

// The key is of this process and never leaves it, so that what is kept in memory is of no use elsewhere; the
// stored hash has a fixed alphabet, so that the parts cannot run into each other.
std::string CryptCheck::DigestOf(const Token& token, std::string_view private_token) const {
  std::string bytes = std::to_string(token.id) + '\0' + token.private_hash + '\0';
  const std::size_t public_part = bytes.size();
  bytes.append(private_token);
  std::string digest = base::HmacSha256(key_.Reveal(), bytes);
  explicit_bzero(bytes.data() + public_part, bytes.size() - public_part);
  return digest;
}

// Nothing: the waiting room, or this pair's part of it, is full.
std::shared_ptr<CryptCheck::Flight> CryptCheck::Join(const Token& token, const std::string& digest) {
  if (waiting_ + running_ >= settings_.requests) return nullptr;
  const auto found = flights_.find(digest);
  if (found != flights_.end()) {
    const bool crowded = found->second->waiters * kPartsOfRoom >= settings_.requests;
    return crowded ? nullptr : found->second;
  }
  const auto of_token = std::count_if(flights_.begin(), flights_.end(),
                                      [&](const auto& entry) { return entry.second->token_id == token.id; });
  if (static_cast<std::size_t>(of_token) >= kFlightsPerToken) return nullptr;
  auto flight = std::make_shared<Flight>();
  flight->token_id = token.id;
  flights_.emplace(digest, flight);
  line_.push_back(flight);
  return flight;
}

bool CryptCheck::MayBegin(const Flight& flight) const {
  return !flight.begun && running_ < settings_.at_once && !line_.empty() && line_.front().get() == &flight;
}

void CryptCheck::Run(Flight& flight, const Token& token, std::string_view private_token,
                     const std::string& digest, Lock& lock) {
  flight.begun = true;
  line_.pop_front();
  ++running_;
  changed_.notify_all();  // whoever is next may begin too
  lock.unlock();
  const bool fits = settings_.compute(token.private_hash, private_token);
  if (fits) memory_.Remember(token.id, digest);
  lock.lock();
  --running_;
  ++checked_;
  flight.fits = fits;
  flight.over = true;
  flights_.erase(digest);
}

// The last one who gives up takes a flight that has not begun out of the line.
void CryptCheck::Leave(const std::shared_ptr<Flight>& flight, const std::string& digest) {
  if (!flight->begun && flight->waiters == 0) {
    line_.remove(flight);
    flights_.erase(digest);
  }
  changed_.notify_all();
}

}  // namespace cvm::auth
