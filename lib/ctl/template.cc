#include "lib/ctl/commands.h"

namespace cvm::ctl {

Done TemplateAdd(Invocation& call) {
  const std::string name = call.arguments.Text("NAME");
  const std::string description = call.arguments.Text("--description");
  const auto id = call.services->vpses.AddTemplate(name, description, DatabaseDeadline());
  if (!id) return id.error();
  call.output.Done("template " + name + " added, ID " + std::to_string(*id),
                   {{"id", Figure(*id)}, {"name", name}, {"description", description}});
  return ExitStatus::kOk;
}

Done TemplateList(Invocation& call) {
  const auto templates = call.services->vpses.ListTemplates(DatabaseDeadline());
  if (!templates) return templates.error();
  Records records;
  for (const vps::Template& row : *templates) {
    records.push_back({{"id", Figure(row.id)}, {"name", row.name}, {"description", row.description}});
  }
  call.output.List(records);
  return ExitStatus::kOk;
}

}  // namespace cvm::ctl
