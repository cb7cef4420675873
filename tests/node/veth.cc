#include "tests/node/veth.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "tests/node/files.h"

namespace cvm::testnode {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

// A message to the kernel: a header, then attributes, some of which hold others.
class Message {
 public:
  explicit Message(std::uint16_t type, std::uint16_t flags) {
    nlmsghdr header = {};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    Add(&header, sizeof(header));
  }
  void Add(const void* data, std::size_t size) {
    bytes_.append(static_cast<const char*>(data), size);
    bytes_.resize(NLMSG_ALIGN(bytes_.size()));
  }
  std::size_t Begin(std::uint16_t type) {
    const std::size_t at = bytes_.size();
    rtattr attribute = {};
    attribute.rta_type = type;
    Add(&attribute, sizeof(attribute));
    return at;
  }
  void End(std::size_t at) {
    const auto length = static_cast<std::uint16_t>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at, &length, sizeof(length));
  }
  void Attribute(std::uint16_t type, const void* data, std::size_t size) {
    const std::size_t at = bytes_.size();
    rtattr attribute = {};
    attribute.rta_len = static_cast<std::uint16_t>(RTA_LENGTH(size));
    attribute.rta_type = type;
    Add(&attribute, sizeof(attribute));
    if (size > 0) Add(data, size);
    bytes_.resize(at + RTA_SPACE(size));
  }
  void Text(std::uint16_t type, const std::string& text) { Attribute(type, text.c_str(), text.size() + 1); }

  // 0, or the error that the kernel answers with.
  int Send(int socket) {
    const auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof(length));
    if (send(socket, bytes_.data(), bytes_.size(), 0) < 0) return errno;
    alignas(nlmsghdr) std::array<char, 4096> answer = {};
    const ssize_t size = recv(socket, answer.data(), answer.size(), 0);
    if (size < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr)))) return EIO;
    nlmsgerr error = {};
    std::memcpy(&error, answer.data() + NLMSG_HDRLEN, sizeof(error));
    return -error.error;
  }

 private:
  std::string bytes_;
};

void AddMac(Message* message, const std::string& text) {
  std::array<unsigned, 6> parts = {};
  if (std::sscanf(text.c_str(), "%2x:%2x:%2x:%2x:%2x:%2x", &parts[0], &parts[1], &parts[2], &parts[3],
                  &parts[4], &parts[5]) != 6) {
    return;
  }
  std::array<std::uint8_t, 6> mac = {};
  for (std::size_t i = 0; i < mac.size(); ++i) mac[i] = static_cast<std::uint8_t>(parts[i]);
  message->Attribute(IFLA_ADDRESS, mac.data(), mac.size());
}

int MakePair(int socket, const Pair& pair, pid_t init) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  ifinfomsg device = {};
  device.ifi_flags = device.ifi_change = IFF_UP;
  message.Add(&device, sizeof(device));
  message.Text(IFLA_IFNAME, pair.host);
  AddMac(&message, pair.host_mac);
  const std::size_t link = message.Begin(IFLA_LINKINFO);
  message.Attribute(IFLA_INFO_KIND, "veth", 4);
  const std::size_t data = message.Begin(IFLA_INFO_DATA);
  const std::size_t peer = message.Begin(VETH_INFO_PEER);
  const ifinfomsg inside = {};
  message.Add(&inside, sizeof(inside));
  message.Text(IFLA_IFNAME, pair.inside);
  AddMac(&message, pair.inside_mac);
  const auto pid = static_cast<std::uint32_t>(init);
  message.Attribute(IFLA_NET_NS_PID, &pid, sizeof(pid));
  message.End(peer);
  message.End(data);
  message.End(link);
  return message.Send(socket);
}

int RemovePair(int socket, const Pair& pair) {
  Message message(RTM_DELLINK, 0);
  const ifinfomsg device = {};
  message.Add(&device, sizeof(device));
  message.Text(IFLA_IFNAME, pair.host);
  return message.Send(socket);
}

// The kernel takes the pair of a container that ended away when it finds the time.
int MakePairAnew(int socket, const Pair& pair, pid_t init) {
  int error = MakePair(socket, pair, init);
  for (int tries = 0; error == EEXIST && tries < 3; ++tries) {
    const int removed = RemovePair(socket, pair);
    if (removed != 0 && removed != ENODEV) return removed;
    error = MakePair(socket, pair, init);
  }
  return error == EOPNOTSUPP ? 0 : error;
}

// A socket in the network of `process`, -1 where there is none.
int SocketIn(const std::string& process) {
  const Descriptor ours(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
  const Descriptor other(open(("/proc/" + process + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  if (ours.get() < 0 || other.get() < 0 || setns(other.get(), CLONE_NEWNET) != 0) return -1;
  const int made = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (setns(ours.get(), CLONE_NEWNET) != 0) std::abort();
  return made;
}

std::string ValueOf(const std::string& pair, const std::string& name) {
  const std::size_t at = ("," + pair).find("," + name + "=");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + name.size() + 1;
  return pair.substr(begin, pair.find(',', begin) - begin);
}

}  // namespace

std::vector<Pair> PairsOf(const Config& config) {
  std::vector<Pair> pairs;
  const std::string setting = config.Get("NETIF");
  for (std::size_t at = 0; at < setting.size();) {
    const std::size_t end = std::min(setting.find(';', at), setting.size());
    const std::string text = setting.substr(at, end - at);
    Pair pair{ValueOf(text, "ifname"), ValueOf(text, "mac"), ValueOf(text, "host_ifname"),
              ValueOf(text, "host_mac")};
    if (!pair.inside.empty() && !pair.host.empty()) pairs.push_back(std::move(pair));
    at = end + 1;
  }
  return pairs;
}

std::string MakePairs(const std::vector<Pair>& pairs, pid_t init) {
  std::string process = ReadFile("/run/network.pid").value_or("");
  process.resize(std::min(process.find('\n'), process.size()));
  if (pairs.empty() || process.empty()) return "";
  const Descriptor socket(SocketIn(process));
  if (socket.get() < 0) return std::string("no network of the node: ") + std::strerror(errno);
  for (const Pair& pair : pairs) {
    const int error = MakePairAnew(socket.get(), pair, init);
    if (error != 0) return "Unable to create " + pair.host + ": " + std::strerror(error);
  }
  return "";
}

void SetDevicesUp() {
  const Descriptor control(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  struct if_nameindex* const devices = if_nameindex();
  if (devices == nullptr) return;
  for (struct if_nameindex* device = devices; device->if_index != 0; ++device) {
    ifreq request = {};
    std::snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", device->if_name);
    if (ioctl(control.get(), SIOCGIFFLAGS, &request) != 0) continue;
    request.ifr_flags = static_cast<short>(request.ifr_flags | IFF_UP);
    ioctl(control.get(), SIOCSIFFLAGS, &request);
  }
  if_freenameindex(devices);
}

}  // namespace cvm::testnode
