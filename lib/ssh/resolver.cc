#include "lib/ssh/resolver.h"

#include <netdb.h>
#include <netinet/in.h>

#include <atomic>
#include <chrono>
#include <cstring>
#include <future>
#include <memory>
#include <system_error>
#include <utility>

#include "lib/ssh/thread.h"

namespace cvm::ssh {
namespace {

constexpr int kMostLookups = 32;
std::atomic<int> lookups_in_flight{0};

struct AddrinfoDeleter {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

base::Error Unresolved(const std::string& host, const std::string& why,
                       base::ErrorCode code = base::ErrorCode::kUnavailable) {
  return {code, "cannot resolve " + host + ": " + why};
}

using Lookup = base::Result<std::vector<Address>>;

Lookup GetAddresses(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV | flags;
  addrinfo* found = nullptr;
  const int problem = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (problem != 0) return Unresolved(host, gai_strerror(problem));
  const std::unique_ptr<addrinfo, AddrinfoDeleter> list(found);
  std::vector<Address> addresses;
  for (const addrinfo* entry = found; entry != nullptr; entry = entry->ai_next) {
    Address address;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
    addresses.push_back(address);
  }
  return addresses;
}

// Counts a look-up for as long as it lives.
class Slot {
 public:
  Slot() : number_(lookups_in_flight.fetch_add(1)) {}
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() { lookups_in_flight.fetch_sub(1); }
  bool WithinBound() const { return number_ < kMostLookups; }

 private:
  int number_;
};

// Shared by the one who asks and the thread that looks up: whoever is last frees it.
struct Question {
  std::string host;
  std::uint16_t port;
  Slot slot;
  std::promise<Lookup> answer;
};

Lookup LookUpAside(const std::string& host, std::uint16_t port, base::Deadline deadline) {
  auto question = std::make_shared<Question>();
  question->host = host;
  question->port = port;
  if (!question->slot.WithinBound())
    return Unresolved(host, "too many names are being looked up", base::ErrorCode::kOverloaded);
  auto answer = question->answer.get_future();
  try {
    StartThread([question] {
      question->answer.set_value(GetAddresses(question->host, question->port, AI_ADDRCONFIG));
    }).detach();
  } catch (const std::system_error& failure) {
    return Unresolved(host, failure.what(), base::ErrorCode::kOverloaded);
  }
  if (answer.wait_until(deadline.when()) == std::future_status::ready) return answer.get();
  return Unresolved(host, "no answer by the deadline");
}

}  // namespace

base::Result<std::vector<Address>> Resolve(const std::string& host, std::uint16_t port,
                                           base::Deadline deadline) {
  auto numeric = GetAddresses(host, port, AI_NUMERICHOST);
  return numeric.ok() ? std::move(numeric) : LookUpAside(host, port, deadline);
}

}  // namespace cvm::ssh
