#include "lib/ctl/commands.h"

namespace cvm::ctl {
namespace {

Done SetDisabled(Invocation& call, bool disabled) {
  const std::string name = call.arguments.Text("NAME");
  const auto status = call.services->auth.SetDisabled(name, disabled, DatabaseDeadline());
  if (!status) return status.error();
  call.output.Done("user " + name + " is " + (disabled ? "disabled" : "enabled"),
                   {{"name", name}, {"disabled", disabled}});
  return ExitStatus::kOk;
}

}  // namespace

Done UserAdd(Invocation& call) {
  const std::string name = call.arguments.Text("NAME");
  const auto email = call.arguments.Maybe("--email");
  const auto id = call.services->auth.AddUser(name, email, DatabaseDeadline());
  if (!id) return id.error();
  call.output.Done("user " + name + " added, ID " + std::to_string(*id),
                   {{"id", Figure(*id)}, {"name", name}, {"email", Maybe(email)}});
  return ExitStatus::kOk;
}

Done UserList(Invocation& call) {
  const auto users = call.services->auth.ListUsers(DatabaseDeadline());
  if (!users) return users.error();
  Records records;
  for (const auth::User& user : *users) {
    records.push_back({{"id", Figure(user.id)},
                       {"name", user.name},
                       {"email", Maybe(user.email)},
                       {"disabled", user.disabled}});
  }
  call.output.List(records);
  return ExitStatus::kOk;
}

Done UserDisable(Invocation& call) {
  return SetDisabled(call, true);
}

Done UserEnable(Invocation& call) {
  return SetDisabled(call, false);
}

}  // namespace cvm::ctl
