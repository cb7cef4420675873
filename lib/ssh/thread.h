// Threads that no signal interrupts: those are for the thread that waits for them.
#ifndef CVM_LIB_SSH_THREAD_H_
#define CVM_LIB_SSH_THREAD_H_

#include <functional>
#include <thread>

namespace cvm::ssh {

// Throws std::system_error where the system has no thread to give.
std::thread StartThread(std::function<void()> body);

}  // namespace cvm::ssh

#endif  // CVM_LIB_SSH_THREAD_H_
