// The routes of the client API: one table, matched on the raw path of the request target.
#ifndef CVM_LIB_API_ROUTER_H_
#define CVM_LIB_API_ROUTER_H_

#include <cstdint>
#include <optional>
#include <string_view>

namespace cvm::api {

// What a pair must allow. No route is without.
enum class Access { kLook, kAct };

enum class What { kList, kStatus, kStart, kStop, kRestart };
const char* WhatName(What what);  // "list", …

struct Route {
  constexpr Route(std::string_view route_pattern, Access route_access, What route_what)
      : pattern(route_pattern), access(route_access), what(route_what) {}

  std::string_view pattern;  // "{id}" stands for a VPS's ID
  Access access;
  What what;

  // Looking is GET and HEAD, acting is POST.
  bool Allows(std::string_view method) const;
  std::string_view AllowedMethods() const;  // as in an Allow header
};

struct Match {
  const Route* route = nullptr;
  std::uint64_t vps_id = 0;  // 0 where the pattern has no ID
};

// The part of a request target that is matched, and that a log may show: all before the first '?'.
std::string_view PathOf(std::string_view target);

// Nothing for a path of no route: one with a percent sign, a doubled or trailing slash, or an ID that is not
// a plain decimal number of 1 to 2^64-1.
std::optional<Match> FindRoute(std::string_view path);

}  // namespace cvm::api

#endif  // CVM_LIB_API_ROUTER_H_
