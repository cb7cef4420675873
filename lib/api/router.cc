#include "lib/api/router.h"

#include <cstdlib>

#include "lib/base/text.h"

namespace cvm::api {
namespace {

constexpr std::string_view kId = "{id}";

constexpr Route kRoutes[] = {
    {"/api/client/vps/list", Access::kLook, What::kList},
    {"/api/client/vps/{id}", Access::kLook, What::kStatus},
    {"/api/client/vps/{id}/status", Access::kLook, What::kStatus},
    {"/api/client/vps/{id}/start", Access::kAct, What::kStart},
    {"/api/client/vps/{id}/stop", Access::kAct, What::kStop},
    {"/api/client/vps/{id}/restart", Access::kAct, What::kRestart},
};

// The text that stands for `{id}` in `path`, where the rest of it is the pattern's.
std::optional<std::string_view> IdText(std::string_view pattern, std::string_view path) {
  const std::size_t at = pattern.find(kId);
  const std::string_view before = pattern.substr(0, at);
  const std::string_view after = pattern.substr(at + kId.size());
  if (path.size() < before.size() + after.size()) return std::nullopt;
  if (path.substr(0, before.size()) != before) return std::nullopt;
  if (path.substr(path.size() - after.size()) != after) return std::nullopt;
  return path.substr(before.size(), path.size() - before.size() - after.size());
}

std::optional<Match> MatchRoute(const Route& route, std::string_view path) {
  if (route.pattern.find(kId) == std::string_view::npos) {
    return path == route.pattern ? std::optional(Match{&route, 0}) : std::nullopt;
  }
  const auto text = IdText(route.pattern, path);
  const auto id = text ? base::ParseU64(*text) : std::nullopt;
  if (!id) return std::nullopt;
  return Match{&route, *id};
}

}  // namespace

const char* WhatName(What what) {
  switch (what) {
    case What::kList:
      return "list";
    case What::kStatus:
      return "status";
    case What::kStart:
      return "start";
    case What::kStop:
      return "stop";
    case What::kRestart:
      return "restart";
  }
  std::abort();
}

bool Route::Allows(std::string_view method) const {
  switch (access) {
    case Access::kLook:
      return method == "GET" || method == "HEAD";
    case Access::kAct:
      return method == "POST";
  }
  std::abort();
}

std::string_view Route::AllowedMethods() const {
  switch (access) {
    case Access::kLook:
      return "GET, HEAD";
    case Access::kAct:
      return "POST";
  }
  std::abort();
}

std::string_view PathOf(std::string_view target) {
  return target.substr(0, target.find('?'));
}

std::optional<Match> FindRoute(std::string_view path) {
  for (const Route& route : kRoutes) {
    if (const auto match = MatchRoute(route, path)) return match;
  }
  return std::nullopt;
}

}  // namespace cvm::api
