#include "lib/db/classify.h"

#include <algorithm>
#include <cstdlib>
#include <iterator>

namespace cvm::db {

namespace {

using Kind = Failure::Kind;

struct Known {
  int vendor_code;
  Kind kind;
};

constexpr Known kKnown[] = {
    {1020, Kind::kDeadlock},  // the row changed since the snapshot was taken
    {1022, Kind::kConflict},  // duplicate key
    {1047, Kind::kLost},      // a Galera node that is not part of the cluster
    {1053, Kind::kLost},      // server shutdown in progress
    {1062, Kind::kConflict},  // duplicate entry
    {1158, Kind::kLost},      // network error on read
    {1159, Kind::kLost},      // network timeout on read
    {1160, Kind::kLost},      // network error on write
    {1161, Kind::kLost},      // network timeout on write
    {1205,
     Kind::kDeadlock},  // lock wait timeout: set below the query timeout, so that it is told, not guessed
    {1213, Kind::kDeadlock},  // deadlock, or a Galera conflict
    {1451, Kind::kConflict},  // a row that others refer to
    {1452, Kind::kConflict},  // a row that refers to nothing
    {1586, Kind::kConflict},  // duplicate entry, by the key's name
    {1927, Kind::kLost},      // MariaDB: the connection was killed
    {2002, Kind::kLost},      // cannot connect, socket
    {2003, Kind::kLost},      // cannot connect, TCP
    {2006, Kind::kLost},      // server has gone away
    {2013, Kind::kLost},      // connection lost during a query
    {2055, Kind::kLost},      // connection lost, with the system's error
    {4031, Kind::kLost},      // MySQL: closed because it was idle
};

struct Advice {
  int vendor_code;
  const char* text;
};

constexpr Advice kAdvice[] = {
    {1040, "the server takes no more connections: raise its max_connections"},
    {1044, "has sql/grants.sql been applied?"},
    {1045, "check the user and password of the settings"},
    {1049, "create it with sql/database.sql"},
    {1130, "the account does not allow this host: see sql/grants.sql"},
    {1203, "the account has too many connections: raise its max_user_connections"},
    {1226, "the account has too many connections: raise its limit"},
    {1698, "check the user and password of the settings"},
    {2002, "is the server running?"},
    {2003, "is the server running?"},
    {2005, "the name does not resolve"},
    {2013, "something accepts there and does not answer: is it the server, and is it well?"},
    {2026, "check tls_ca, and that the server's certificate names this host"},
};

}  // namespace

Kind KindOf(int vendor_code) {
  const auto* const known = std::find_if(std::begin(kKnown), std::end(kKnown),
                                         [=](const Known& one) { return one.vendor_code == vendor_code; });
  return known == std::end(kKnown) ? Kind::kOther : known->kind;
}

bool ServerIsFull(int vendor_code) {
  return vendor_code == 1040 || vendor_code == 1203 || vendor_code == 1226;
}

const char* ConnectAdvice(int vendor_code) {
  const auto* const advice = std::find_if(std::begin(kAdvice), std::end(kAdvice),
                                          [=](const Advice& one) { return one.vendor_code == vendor_code; });
  return advice == std::end(kAdvice) ? "" : advice->text;
}

base::Error ToError(const Failure& failure) {
  switch (failure.kind()) {
    case Kind::kConflict:
      return {base::ErrorCode::kConflict, failure.what()};
    case Kind::kDeadlock:
    case Kind::kLost:
      return {base::ErrorCode::kUnavailable, failure.what()};
    case Kind::kOther:
      return {base::ErrorCode::kInternal, failure.what()};
  }
  std::abort();
}

}  // namespace cvm::db
