// The functions behind the table of commands, a file a group.
#ifndef CVM_LIB_CTL_COMMANDS_H_
#define CVM_LIB_CTL_COMMANDS_H_

#include "lib/base/error.h"
#include "lib/ctl/command.h"
#include "lib/ctl/exit_status.h"

namespace cvm::ctl {

using Done = base::Result<ExitStatus>;

Done SchemaVersion(Invocation& call);
Done SchemaMigrate(Invocation& call);

Done UserAdd(Invocation& call);
Done UserList(Invocation& call);
Done UserDisable(Invocation& call);
Done UserEnable(Invocation& call);
Done UserPurge(Invocation& call);

Done TokenCreate(Invocation& call);
Done TokenRotate(Invocation& call);
Done TokenShow(Invocation& call);
Done TokenList(Invocation& call);
Done TokenRevoke(Invocation& call);

Done NodeAdd(Invocation& call);
Done NodeList(Invocation& call);
Done NodeCheck(Invocation& call);
Done NodeAuthorize(Invocation& call);
Done NodePin(Invocation& call);
Done NodeRemove(Invocation& call);

Done TemplateAdd(Invocation& call);
Done TemplateList(Invocation& call);

Done VpsAdd(Invocation& call);
Done VpsSet(Invocation& call);
Done VpsList(Invocation& call);
Done VpsSuspend(Invocation& call);
Done VpsUnsuspend(Invocation& call);
Done VpsTerminate(Invocation& call);
Done VpsPurge(Invocation& call);

Done Tidy(Invocation& call);
Done ShowLog(Invocation& call);

Done TrafficCollect(Invocation& call);
Done TrafficShow(Invocation& call);
Done TrafficAdjust(Invocation& call);

Done ImportCvm(Invocation& call);

Done ConfigCheck(Invocation& call);

}  // namespace cvm::ctl

#endif  // CVM_LIB_CTL_COMMANDS_H_
