// What the parts of `make bench` share: the stack that they measure, their samples, and the lines of the
// table that they end in. tests/bench/README.md says how it is measured.
#ifndef CVM_TESTS_BENCH_BENCH_H_
#define CVM_TESTS_BENCH_BENCH_H_

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "lib/db/db.h"
#include "lib/ssh/ssh.h"
#include "tests/bench/client.h"

namespace cvm::bench {

using Clock = std::chrono::steady_clock;

// Times in milliseconds, or whatever else is measured.
class Samples {
 public:
  void Add(double value) { values_.push_back(value); }
  void Add(const Samples& more) { values_.insert(values_.end(), more.values_.begin(), more.values_.end()); }
  // Calls `work` so often and adds how long each call took.
  void Time(int times, const std::function<void()>& work);
  double Median() const { return Quantile(0.5); }
  double Quantile(double share) const;
  std::size_t size() const { return values_.size(); }

 private:
  std::vector<double> values_;
};

struct Line {
  std::string what;
  std::string goal;      // in words
  std::string measured;  // the same
  bool met;
};
Line AtMost(const std::string& what, double goal, double measured, const std::string& unit,
            const std::string& details);
Line AtLeast(const std::string& what, double goal, double measured, const std::string& unit,
             const std::string& details);
// A number with two digits behind the point.
std::string Short(double number);

// What tests/bench/bench has started, from its environment. One node with containers 101 to 164, all running.
class Stack {
 public:
  Stack();

  // A client of its own with a connection of its own. "clients": the user with a VPS for each container, by
  // VpsOf; "few": one with ten; "nodes": one without any.
  Client NewClient(const std::string& user) const;
  std::string VpsOf(const std::string& user, int ctid) const;

  ssh::Endpoint endpoint() const;
  ssh::Settings ssh_settings() const;
  // The command that one status is, as the driver sends it.
  std::string VzlistLine(int ctid) const;
  std::string node_directory() const { return node_directory_; }
  std::string node_port() const { return node_port_; }

  // Adds a node at a loopback port, with the key of the real one, and a VPS of the user "nodes" on it
  // (container 101). Gives the VPS's ID.
  std::string AddNode(std::uint16_t port) const;
  // The PID of the worker.
  int WorkerPid() const { return worker_pid_; }

 private:
  std::uint64_t UserId(const std::string& user) const;

  std::string url_, node_directory_, node_port_;
  int worker_pid_;
  mutable int nodes_ = 0;
  mutable db::Pool database_;
};

// The parts, each a few lines of the table. They run one after the other.
std::vector<Line> MeasureStatus(const Stack& stack);
std::vector<Line> MeasureStart(const Stack& stack);
std::vector<Line> MeasureBatches(const Stack& stack);
std::vector<Line> MeasureList(const Stack& stack);
std::vector<Line> MeasureThousandNodes(const Stack& stack);

}  // namespace cvm::bench

#endif  // CVM_TESTS_BENCH_BENCH_H_
