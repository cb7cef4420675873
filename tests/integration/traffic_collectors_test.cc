// cvmctl traffic as a process: collectors that are killed, nodes that fail, what a terminal shows.
#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <random>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "lib/traffic/history.h"
#include "tests/integration/traffic_fixtures.h"
#include "tests/support/await.h"
#include "tests/support/database_relay.h"
#include "tests/support/terminal.h"

namespace cvm::traffic {

BOOST_AUTO_TEST_SUITE(TrafficCollectors)

BOOST_FIXTURE_TEST_CASE(CollectorsThatAreKilledAtAnyMomentCountEveryByteOnce, Programs) {
  Collect();
  // What is counted from: the first reading counts nothing.
  const auto sampled = Column(pool,
                              "SELECT CAST(SUM(bytes_in + bytes_out) AS UNSIGNED) FROM traffic_samples WHERE "
                              "interface <> '' GROUP BY "
                              "vps_id ORDER BY vps_id");
  BOOST_REQUIRE(sampled.size() == 4u);
  std::atomic<bool> over{false};
  std::thread sender([&] {
    for (unsigned i = 0; !over; ++i) Send(101 + i % 4, 20);
  });
  const auto collect = [&](unsigned seed) {
    std::mt19937 random(seed);
    for (unsigned round = 0; round < 25; ++round) {
      const pid_t pid = Begin();
      std::this_thread::sleep_for(std::chrono::milliseconds(random() % 400));  // the moment of death
      kill(pid, SIGKILL);
      End(pid);
    }
  };
  std::thread first(collect, 1), second(collect, 2);
  for (unsigned round = 0; round < 5; ++round) BOOST_TEST(End(Begin()) == 0);
  first.join();
  second.join();
  over = true;
  sender.join();
  Collect();
  const auto last = Column(pool,
                           "SELECT CAST(SUM(bytes_in + bytes_out) AS UNSIGNED) FROM traffic_samples WHERE "
                           "interface <> '' GROUP BY "
                           "vps_id ORDER BY vps_id");
  for (unsigned ctid = 101; ctid <= 104; ++ctid) {
    const std::size_t at = ctid - 101;
    BOOST_TEST(DailySum(VpsOf(ctid)) == std::stoull(last.at(at)) - std::stoull(sampled.at(at)));
    BOOST_TEST(True(ctid) - std::stoull(last.at(at)) < 20000u);
    BOOST_TEST(DailySum(VpsOf(ctid)) > 20u * 1042);
  }
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_anomalies") == 0u);
}

namespace {

// Collectors that die at their commands to the database, one after the other; until one comes to its end.
struct Dying : Programs {
  Dying() { Sql("UPDATE vpses SET state = 'terminated' WHERE id > 1"); }

  std::uint64_t Sampled() {
    return Number(pool,
                  "SELECT CAST(SUM(bytes_in + bytes_out) AS UNSIGNED) FROM traffic_samples WHERE vps_id = 1 "
                  "AND interface <> ''");
  }
  // Whether it died.
  bool DieAt(unsigned command, test::DatabaseRelay::Hold hold) {
    const std::string path = directory.Path("relay");
    Configure(path);
    const test::DatabaseRelay relay(database.socket(), path, command, hold);
    const pid_t pid = Begin();
    siginfo_t ended{};
    BOOST_REQUIRE(test::Eventually([&] {
      waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOHANG | WNOWAIT);
      return relay.held() || ended.si_pid == pid;
    }));
    if (relay.held()) kill(pid, SIGKILL);
    const int status = End(pid);
    BOOST_TEST(status == (relay.held() ? 128 + SIGKILL : 0));
    return relay.held();
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(ACollectorThatIsKilledAtAnyCommandToTheDatabaseCountsEveryByteOnce, Dying) {
  Collect();
  const std::uint64_t begun = Sampled();
  for (const auto hold : {test::DatabaseRelay::Hold::kCommand, test::DatabaseRelay::Hold::kAnswer}) {
    unsigned command = 1;
    for (bool died = true; died; ++command) {
      BOOST_REQUIRE(command < 500u);
      Send(101, 1);
      died = DieAt(command, hold);
      BOOST_TEST_CONTEXT("command " << command) {
        BOOST_TEST(DailySum(1) == Sampled() - begun);
        Collect();
        BOOST_TEST(DailySum(1) == Sampled() - begun);
        BOOST_TEST(PeriodSum(1) == DailySum(1));
      }
    }
    BOOST_TEST(command > 10u);
    BOOST_TEST_MESSAGE("commands: " << command);
  }
  BOOST_TEST(Sampled() - begun > 20u * 1042);
  BOOST_TEST(Number(pool, "SELECT COUNT(*) FROM traffic_anomalies") == 0u);
}

BOOST_FIXTURE_TEST_CASE(ANodeThatFailsHarmsNoOtherAndIsNamed, Programs) {
  node::Node beta = alpha;
  beta.name = "beta (2)";  // as an import names a second one
  beta.endpoint.port = 1;
  Must(node::Store(pool).Add(beta, Patience()));
  Sql("UPDATE vpses SET node_id = 2 WHERE id = 5");
  const auto collected = Run({"traffic", "collect"});
  BOOST_TEST(collected.exit_status == 5);
  BOOST_TEST(collected.out == "");
  BOOST_TEST(collected.err.find("node beta") != std::string::npos, collected.err);
  BOOST_TEST(collected.err.find("node alpha") == std::string::npos, collected.err);
  BOOST_TEST(collected.err.find("run: cvmctl node check 'beta (2)'\n") != std::string::npos, collected.err);
  BOOST_TEST(Number(pool, "SELECT containers FROM traffic_collections WHERE failure = ''") == 4u);
  const auto one = Run({"traffic", "collect", "--node", "alpha"});
  BOOST_TEST(one.exit_status == 0);
  BOOST_TEST(one.out + one.err == "");
  BOOST_TEST(Run({"traffic", "collect", "--node", "gamma"}).exit_status == 3);
}

BOOST_FIXTURE_TEST_CASE(EachNodeThatFailsIsALineOnStderrAndAnEventInALogThatIsElsewhere, Programs) {
  constexpr unsigned kNodes = 6;
  for (unsigned i = 0; i < kNodes; ++i) {
    node::Node dead = alpha;
    dead.name = "dead" + std::to_string(i);
    dead.endpoint.port = 1;
    const auto id = Must(node::Store(pool).Add(dead, Patience()));
    const auto vps = AddVps(201 + i);
    Sql("UPDATE vpses SET node_id = " + std::to_string(id) + " WHERE id = " + std::to_string(vps));
  }
  const auto each = [](const std::string& text, const std::string& in_front) {
    unsigned lines = 0;
    std::istringstream all(text);
    for (std::string line; std::getline(all, line); ++lines) {
      const std::string begin = in_front + std::to_string(lines);
      BOOST_TEST(line.find(begin) != std::string::npos, line << " lacks " << begin);
    }
    return lines;
  };
  const auto collected = Run({"traffic", "collect"});
  BOOST_TEST(collected.exit_status == 5);
  BOOST_TEST(each(collected.err, "cvmctl: node dead") == kNodes, collected.err);
  const std::string log = directory.Path("log");
  std::ofstream(config, std::ios::app) << "[log]\ntarget = \"" << log << "\"\n";
  BOOST_TEST(each(Run({"traffic", "collect"}).err, "cvmctl: node dead") == kNodes);
  std::ostringstream written;
  written << std::ifstream(log).rdbuf();
  BOOST_TEST(each(written.str(), "warning traffic.collection_failed node=dead") == kNodes, written.str());
}

BOOST_FIXTURE_TEST_CASE(ShowDrawsTheDaysAndAdjustCorrectsThem, Programs) {
  Collect();
  Send(101, 100);
  Collect();
  const auto shown = Run({"traffic", "show", "1", "--days", "3"});
  BOOST_TEST(shown.exit_status == 0);
  BOOST_TEST(shown.out.find("VPS 1, www.example.net, on node alpha") != std::string::npos, shown.out);
  BOOST_TEST(shown.out.find(" kB out") != std::string::npos, shown.out);
  BOOST_TEST(Run({"traffic", "adjust", "1", "-1", "--why", "x", "--out"}).exit_status == 0);
  BOOST_TEST(Run({"traffic", "adjust", "1", "5000", "--why", "x"}).exit_status == 0);
  const auto json = Run({"traffic", "show", "1", "--json"});
  BOOST_TEST(json.out.find("\"credit_out\"") != std::string::npos, json.out);
  BOOST_TEST(Run({"traffic", "adjust", "1", "-99999999999", "--why", "x"}).exit_status == 4);
  BOOST_TEST(Run({"traffic", "adjust", "1", "5"}).exit_status == 2);
  BOOST_TEST(Run({"traffic", "show", "99"}).exit_status == 3);
}

namespace {

// The environment in front of cvmctl.
struct Drawn : Programs {
  std::vector<std::string> Words(const std::string& environment,
                                 const std::vector<std::string>& words) const {
    std::vector<std::string> argv = {"env", "-u", "COLUMNS", "-u", "LC_ALL", "-u", "LC_CTYPE"};
    for (const std::string& one : test::SplitWords(environment)) argv.push_back(one);
    argv.insert(argv.end(), {program, "--config", config});
    argv.insert(argv.end(), words.begin(), words.end());
    return argv;
  }
  static std::size_t Count(const std::string& text, const std::string& part) {
    std::size_t count = 0;
    for (std::size_t at = 0; (at = text.find(part, at)) != std::string::npos; at += part.size()) ++count;
    return count;
  }
  // The most characters of a line.
  static std::size_t Widest(const std::string& text) {
    std::size_t widest = 0, width = 0;
    for (const char c : text) {
      if (c == '\n' || c == '\r')
        width = 0;
      else if ((static_cast<unsigned char>(c) & 0xc0u) != 0x80u)
        widest = std::max(widest, ++width);
    }
    return widest;
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(AtATerminalABarShowsHowFarACollectionIsAndGoesAway, Drawn) {
  const auto utf8 = test::RunAtTerminal(Words("LANG=C.UTF-8", {"traffic", "collect"}), 80);
  BOOST_TEST(utf8.exit_status == 0);
  BOOST_TEST(Count(utf8.out, "] 0 of 1 nodes") == 1u, utf8.out);
  BOOST_TEST(Count(utf8.out, "] 1 of 1 nodes") == 1u, utf8.out);
  BOOST_TEST(Count(utf8.out, "█") == 30u, utf8.out);
  BOOST_TEST(utf8.out.find("\r\x1b[KNAME") != std::string::npos,
             utf8.out);  // the bar is away, the list is there
  for (const char* plain : {"LANG=C", "LANG=C.UTF-8 LC_ALL=C", "LANG="}) {
    const auto ascii = test::RunAtTerminal(Words(plain, {"traffic", "collect"}), 80);
    BOOST_TEST(Count(ascii.out, "█") == 0u, ascii.out);
    BOOST_TEST(Count(ascii.out, "#") == 30u, ascii.out);
  }
  const auto nowhere = test::RunProgram(Words("LANG=C.UTF-8", {"traffic", "collect"}));
  BOOST_TEST(nowhere.out + nowhere.err == "");
}

BOOST_FIXTURE_TEST_CASE(TheChartIsAsWideAsTheTerminalAndPlainWhereTheLocaleIs, Drawn) {
  Sql("INSERT INTO traffic_daily (vps_id, day, bytes_in, bytes_out) VALUES (1, UTC_DATE(), 123456789012, 0)");
  const std::vector<std::string> show = {"traffic", "show", "1", "--days", "1"};
  const std::string kKey = "\n            ";  // of the line that explains the signs
  const auto bar = [&](const std::string& text, const char* sign) {
    return Count(text.substr(0, text.find(kKey)), sign);
  };
  const struct {
    unsigned short columns;
    std::size_t cells;
  } kTerminals[] = {{20, 10}, {52, 10}, {80, 38}, {132, 90}};
  for (const auto& terminal : kTerminals) {
    const auto drawn = test::RunAtTerminal(Words("LANG=C.UTF-8", show), terminal.columns);
    BOOST_TEST(bar(drawn.out, "█") == terminal.cells, drawn.out);
    const auto plain = test::RunAtTerminal(Words("LANG=C COLUMNS=300", show), terminal.columns);
    BOOST_TEST(bar(plain.out, "#") == terminal.cells, plain.out);
    BOOST_TEST(Count(plain.out, "█") == 0u, plain.out);
  }
  for (const unsigned short columns : std::initializer_list<unsigned short>{80, 132}) {
    const std::string text = test::RunAtTerminal(Words("LANG=C.UTF-8", show), columns).out;
    BOOST_TEST(Widest(text.substr(text.find("together"))) <= columns, text);
  }
  BOOST_TEST(bar(test::RunProgram(Words("LANG=C.UTF-8", show)).out, "█") == 38u);
  BOOST_TEST(bar(test::RunProgram(Words("LANG=C COLUMNS=100", show)).out, "#") == 58u);
  BOOST_TEST(bar(test::RunProgram(Words("LANG=C COLUMNS=wide", show)).out, "#") == 38u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace cvm::traffic
