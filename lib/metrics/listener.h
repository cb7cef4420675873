// Pages over HTTP on 127.0.0.1, for the machine's own monitoring: the door to civetweb.
//
// Two threads serve, a request has two seconds, and nothing is kept open: however often it is asked, it takes
// no more of the process than that.
#ifndef CVM_LIB_METRICS_LISTENER_H_
#define CVM_LIB_METRICS_LISTENER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lib/base/error.h"

namespace cvm::metrics {

struct Page {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

// What stands under a path, made anew for each request by one of the two threads.
struct PageAt {
  std::string path;
  std::function<Page()> make;
};

class Listener {
 public:
  // Port 0: any that is free. Anything but GET and HEAD gets 405, any other path 404. kUnavailable: the port
  // cannot be had.
  static base::Result<std::unique_ptr<Listener>> Start(std::uint16_t port, std::vector<PageAt> pages);
  // Waits for the pages that are being made.
  ~Listener();
  std::uint16_t port() const;

 private:
  class Impl;
  explicit Listener(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace cvm::metrics

#endif  // CVM_LIB_METRICS_LISTENER_H_
