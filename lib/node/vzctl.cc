#include "lib/node/vzctl.h"

#include <algorithm>
#include <iterator>

namespace cvm::node {
namespace {

struct StatusName {
  int exit_status;
  const char* name;
};
constexpr StatusName kStatusNames[] = {
    {0, "done"},
    {1, "setting a resource limit failed, or sudo refused"},
    {2, "setting the fair scheduler failed"},
    {3, "system error"},
    {5, "the kernel is not an OpenVZ kernel"},
    {6, "not enough resources"},
    {7, "creating the environment failed"},
    {8, "the command inside failed"},
    {9, "locked by another vzctl"},
    {10, "vz.conf is missing"},
    {11, "a helper script is missing"},
    {12, "permission denied"},
    {13, "setting capabilities failed"},
    {14, "no such container"},
    {15, "the command inside timed out"},
    {16, "checkpointing failed"},
    {17, "resuming from a checkpoint failed"},
    {18, "setluid failed"},
    {20, "bad parameter"},
    {21, "bad value"},
    {22, "VE_ROOT is not set"},
    {23, "VE_PRIVATE is not set"},
    {24, "TEMPLATE is not set"},
    {28, "a resource parameter is missing"},
    {29, "no OS template"},
    {31, "not running"},
    {32, "already running"},
    {33, "stopping timed out"},
    {34, "adding an IP address failed"},
    {40, "not mounted"},
    {41, "already mounted"},
    {43, "the private area is missing"},
    {44, "the private area exists already"},
    {46, "disk full"},
    {47, "broken container: no init could be started"},
    {48, "making the private area failed"},
    {49, "making the root area failed"},
    {50, "mounting failed"},
    {51, "unmounting failed"},
    {52, "deleting failed"},
    {53, "the private area does not exist"},
    {60, "disk quota: not running"},
    {61, "disk quota: error"},
    {62, "disk quota: error"},
    {63, "disk quota: error"},
    {64, "disk quota: error"},
    {65, "disk quota: error"},
    {66, "disk quota: error"},
    {67, "disk quota: error"},
    {68, "disk quota: error"},
    {71, "bad IP address"},
    {74, "setting a password failed"},
    {78, "the IP address is in use"},
    {79, "an action script failed"},
    {82, "copying the configuration failed"},
    {86, "setting a device failed"},
    {89, "the IP address is not available"},
    {91, "the OS template is not found"},
    {99, "ploop is not supported"},
    {100, "the IP address is not found"},
    {104, "setting a network device failed"},
    {105, "starting is disabled for this container"},
    {106, "setting iptables modules failed"},
    {107, "the distribution's configuration is missing"},
    {109, "applying the configuration failed"},
    {129, "setting meminfo failed"},
    {130, "setting veth failed"},
    {131, "setting the name failed"},
    {133, "waiting for the start failed"},
    {139, "saving the configuration failed"},
    {148, "setting IO limits failed"},
    {150, "ploop image error"},
    {151, "ploop image error"},
    {152, "ploop image error"},
    {153, "ploop image error"},
    {154, "ploop image error"},
    {155, "ploop image error"},
    {156, "ploop image error"},
    {157, "ploop image error"},
    {158, "ploop image error"},
    {159, "ploop image error"},
    {166, "ploop image error"},
    {167, "ploop image error"},
    {kShellCannotRun, "the command cannot be run"},
    {kShellNotFound, "the command is not found"},
    {255, "the shell or ssh failed"},
};

}  // namespace

const char* VzctlStatusName(int exit_status) {
  const auto known = std::find_if(std::begin(kStatusNames), std::end(kStatusNames),
                                  [&](const StatusName& s) { return s.exit_status == exit_status; });
  return known == std::end(kStatusNames) ? "unknown exit status" : known->name;
}

}  // namespace cvm::node
