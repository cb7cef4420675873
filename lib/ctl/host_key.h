// How the first host key of a node comes to be trusted.
#ifndef CVM_LIB_CTL_HOST_KEY_H_
#define CVM_LIB_CTL_HOST_KEY_H_

#include "lib/base/error.h"
#include "lib/ctl/command.h"
#include "lib/ssh/ssh.h"

namespace cvm::ctl {

// The key to pin for `endpoint`, by the option --host-key of the call: the key that it names, without
// contacting anybody; the key shown by the host whose fingerprint it names; or, without the option, the key
// shown by the host once the person at the terminal has agreed. kUnavailable: no key could be fetched;
// kConflict: none has that fingerprint; kInvalid: nobody to ask; kInternal: not agreed.
base::Result<ssh::HostKey> KeyToPin(Invocation& call, const ssh::Endpoint& endpoint);

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_HOST_KEY_H_
