#ifndef CVM_TESTS_NODE_SWITCHES_H_
#define CVM_TESTS_NODE_SWITCHES_H_

// The switches with which a test makes the node slow or broken: files in /var/lib/vzctl/switch, listed in
// tests/node/README.md. They are read at the moment when they matter, so that a test can turn them while a
// command runs.

#include <functional>
#include <string>

namespace cvm::testnode {

// The file's text without white space at its ends; "" where there is no such switch or it is empty.
std::string SwitchText(const std::string& name);
bool SwitchIsOn(const std::string& name);

// A switch of one container: CTID.NAME.
std::string ContainerSwitch(unsigned ctid, const std::string& name);

// Waits until done() holds, at most so many seconds of the node; says whether it held. The switch "second"
// tells how many milliseconds a second of the node has (1000 where it is missing).
bool WaitFor(double seconds, const std::function<bool()>& done);

// The place of a verb that a test can stretch: waits while the switch CTID.hold-PLACE exists, then for
// CTID.delay-PLACE milliseconds.
void Pause(unsigned ctid, const std::string& place);

// Waits for so many milliseconds; text that is no number counts as 0.
void DelayMilliseconds(const std::string& text);

}  // namespace cvm::testnode

#endif  // CVM_TESTS_NODE_SWITCHES_H_
