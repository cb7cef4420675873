// Where a connection is, and what moves it: with socket pairs, a poller, and this one thread.
#include "fcgi/connections.h"

#include <sys/socket.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <thread>
#include <vector>

namespace cvm::fcgi {
namespace {

using std::chrono::milliseconds;
using Clock = Connection::Clock;

struct Fixture {
  explicit Fixture(Clock::duration grace = {}) : connections(poller, wake, 3, grace) {
    BOOST_REQUIRE(poller.WatchAlways(wake.fd(), &wake).ok());
  }

  // The other side of a connection that has just been admitted.
  Descriptor Admit() {
    int pair[2];
    BOOST_REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    connections.Admit(Descriptor(pair[0]));
    return Descriptor(pair[1]);
  }

  // One round of the dispatcher; whether it was woken.
  bool Round(milliseconds span = milliseconds(0)) {
    bool woken = false;
    for (const PollEvent& event : poller.Wait(span)) {
      if (event.tag == &wake) {
        wake.Clear();
        woken = true;
      } else {
        connections.Reported(*static_cast<Connection*>(event.tag), event.hung_up);
      }
    }
    return woken;
  }

  Poller poller = *Poller::Create();
  WakeUp wake = *WakeUp::Create();
  Connections connections;
};

void Say(const Descriptor& peer) {
  BOOST_REQUIRE(::send(peer.get(), "x", 1, MSG_NOSIGNAL) == 1);
}

void Consume(const Connection& connection) {
  char byte = 0;
  BOOST_REQUIRE(::recv(connection.fd(), &byte, 1, 0) == 1);
}

bool Ended(const Descriptor& peer) {
  char byte = 0;
  return ::recv(peer.get(), &byte, 1, MSG_DONTWAIT) == 0;
}

BOOST_FIXTURE_TEST_SUITE(fcgi_connections, Fixture)

BOOST_AUTO_TEST_CASE(ASilentConnectionStaysIdle) {
  const Descriptor peer = Admit();
  Round();
  BOOST_TEST(!connections.AnyAtWork());
  BOOST_TEST(!Ended(peer));
}

BOOST_AUTO_TEST_CASE(TheTimeInTheQueueCounts) {
  const Descriptor peer = Admit();
  const auto before = Clock::now();
  Say(peer);
  Round();
  const auto queued = Clock::now();
  std::this_thread::yield();
  const Connection* taken = connections.Take();
  BOOST_REQUIRE(taken != nullptr);
  BOOST_TEST((taken->arrived() >= before && taken->arrived() <= queued));
}

BOOST_AUTO_TEST_CASE(WhatArrivedFirstIsTakenFirst) {
  const Descriptor late = Admit();
  const Descriptor early = Admit();
  Say(early);
  Round();
  Say(late);
  Round();
  const Connection* first = connections.Take();
  const Connection* second = connections.Take();
  BOOST_TEST((first->arrived() <= second->arrived()));
  BOOST_TEST(first->fd() != second->fd());
  Say(early);
  char byte = 0;
  BOOST_TEST(::recv(first->fd(), &byte, 1, MSG_PEEK) == 1);
}

BOOST_AUTO_TEST_CASE(AKeptConnectionIsReportedAgainAndAnotherIsClosed) {
  const Descriptor peer = Admit();
  for (const bool keep : {true, false}) {
    Say(peer);
    Round();
    Connection* taken = connections.Take();
    BOOST_REQUIRE(taken != nullptr);
    Consume(*taken);
    connections.Release(*taken, keep);
    BOOST_TEST(Ended(peer) == !keep);
  }
  BOOST_TEST(connections.Empty());
}

BOOST_AUTO_TEST_CASE(AConnectionThatEndedWithoutARequestCostsNoThread) {
  Admit();  // and the other side is gone at once
  Round();
  BOOST_TEST(!connections.AnyAtWork());
  BOOST_TEST(connections.Empty());
}

BOOST_AUTO_TEST_CASE(ARequestWhoseSenderStoppedSendingIsServed) {
  const Descriptor peer = Admit();
  Say(peer);
  BOOST_REQUIRE(::shutdown(peer.get(), SHUT_WR) == 0);
  Round();
  BOOST_TEST(connections.AnyAtWork());
}

BOOST_AUTO_TEST_CASE(TheLongestIdleMakesRoom) {
  const Descriptor a = Admit();
  const Descriptor b = Admit();
  const Descriptor c = Admit();
  BOOST_TEST(connections.MakeRoom());
  BOOST_TEST((Ended(a) && !Ended(b) && !Ended(c)));
}

BOOST_AUTO_TEST_CASE(OneWhoseRequestIsOnItsWayDoesNotMakeRoom) {
  const Descriptor a = Admit();
  const Descriptor b = Admit();
  const Descriptor c = Admit();
  Say(a);
  BOOST_TEST(connections.MakeRoom());
  BOOST_TEST((!Ended(a) && Ended(b) && !Ended(c)));
}

struct Patient : Fixture {
  Patient() : Fixture(std::chrono::hours(1)) {}
};

BOOST_FIXTURE_TEST_CASE(ANewConnectionIsGivenTimeForItsFirstRequest, Patient) {
  const Descriptor a = Admit();
  const Descriptor b = Admit();
  const Descriptor c = Admit();
  BOOST_TEST(!connections.MakeRoom());
  Say(c);
  Round();
  Connection* taken = connections.Take();
  Consume(*taken);
  connections.Release(*taken, true);
  BOOST_TEST(connections.MakeRoom());
  BOOST_TEST((!Ended(a) && !Ended(b) && Ended(c)));
}

BOOST_AUTO_TEST_CASE(WhereAllAreAtWorkTheWishForRoomIsAnsweredLater) {
  std::vector<Descriptor> peers;
  for (int i = 0; i < 3; ++i) Say(peers.emplace_back(Admit()));
  Round();
  Connection* taken = connections.Take();
  BOOST_TEST(!connections.MakeRoom());
  BOOST_TEST(!Round());
  Consume(*taken);
  connections.Release(*taken, true);
  BOOST_TEST(Round());
  BOOST_TEST(connections.MakeRoom());
}

BOOST_AUTO_TEST_CASE(ATransferOverItsLimitIsBrokenOffAndNoOther) {
  const Descriptor late = Admit();
  const Descriptor early = Admit();
  const Descriptor unlimited = Admit();
  std::vector<Connection*> taken;
  for (const Descriptor* peer : {&late, &early, &unlimited}) {
    Say(*peer);
    Round();
    taken.push_back(connections.Take());
  }
  taken[0]->LimitTransfer(Clock::now());
  taken[1]->LimitTransfer(Clock::now() + std::chrono::hours(1));
  taken[2]->LimitTransfer(Clock::now());
  taken[2]->EndTransfer();
  connections.CutOffLate();
  BOOST_TEST((Ended(late) && !Ended(early) && !Ended(unlimited)));
}

BOOST_AUTO_TEST_CASE(DrainingClosesTheIdleAndKeepsWhatHasArrived) {
  const Descriptor idle = Admit();
  const Descriptor arrived = Admit();
  Say(arrived);  // and the poller has not been asked yet
  connections.Drain();
  BOOST_TEST((Ended(idle) && !Ended(arrived)));
  Connection* taken = connections.Take();
  BOOST_REQUIRE(taken != nullptr);
  BOOST_TEST(connections.Take() == nullptr);
  Consume(*taken);
  connections.Release(*taken, true);
  BOOST_TEST(Ended(arrived));
  BOOST_TEST(connections.Empty());
  BOOST_TEST(Round());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace cvm::fcgi
