// Work on many things, a few at a time.
#ifndef CVM_LIB_CTL_EACH_H_
#define CVM_LIB_CTL_EACH_H_

#include <cstddef>
#include <functional>

namespace cvm::ctl {

// Calls `work` with each index below `count`, in as many threads as `at_once` says (the caller's is one), and
// returns when all have been worked on. An exception of `work` reaches the caller, once all threads have
// ended.
void ForEach(std::size_t count, std::size_t at_once, const std::function<void(std::size_t)>& work);

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_EACH_H_
