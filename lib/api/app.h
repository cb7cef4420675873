// The client API: routes, the order in which a request is judged, and every word that a customer gets.
//
// Order: 401 (pair), 403 (no access), 404 (path), 405 (method), 404 (VPS), 403 (read-only pair), then what
// the VPS's state and its node say. The route may be looked at first, but nothing of it shows until the pair
// is judged.
#ifndef CVM_LIB_API_APP_H_
#define CVM_LIB_API_APP_H_

#include <chrono>
#include <cstdint>

#include "lib/api/http.h"
#include "lib/api/router.h"
#include "lib/base/error.h"
#include "lib/log/throttle.h"
#include "lib/vps/service.h"

namespace cvm::api {

class App {
 public:
  struct Settings {
    std::chrono::milliseconds status_timeout{10000};  // at most this long is a node waited for by a status
  };

  // `service` must outlive this. Handle is called by all threads at once.
  App(vps::Service& service, Settings settings) : service_(service), settings_(settings) {}

  Response Handle(const Request& request) const;

 private:
  // Why a request could not be looked at.
  Response Unserved(const Request& request, const base::Error& error) const;
  Response JudgeThen(const Request& request, Response response) const;
  Response List(const Request& request) const;
  Response OnVps(const Request& request, const Match& match) const;
  Response Serve(const Request& request, const Route& route, const vps::Placed& placed,
                 std::uint64_t token_id) const;
  Response Status(const Request& request, const vps::Placed& placed) const;
  Response Act(const Request& request, const vps::Placed& placed, std::uint64_t token_id,
               vps::Action action) const;

  vps::Service& service_;
  Settings settings_;
  // A flood of requests is none of lines.
  mutable log::Throttle busy_told_{std::chrono::seconds(1)};
  mutable log::Throttle away_told_{std::chrono::seconds(1)};
};

}  // namespace cvm::api

#endif  // CVM_LIB_API_APP_H_
