#include "lib/api/render.h"

#include <cstdlib>

#include "lib/base/text.h"
#include "lib/json/json.h"

namespace cvm::api {
namespace {

std::uint64_t Sum(const vps::Traffic& traffic) {
  return base::SaturatingAdd(traffic.in_used, traffic.out_used);
}

void RenderTrafficLimits(json::Writer& writer, const vps::Traffic& traffic) {
  switch (traffic.accounting) {
    case vps::Accounting::kSplit:
      writer.Member("traffic_in_limit", traffic.in_limit).Member("traffic_out_limit", traffic.out_limit);
      return;
    case vps::Accounting::kCombined:
      writer.Member("traffic_limit", traffic.limit);
      return;
  }
  std::abort();
}

void RenderTrafficUsed(json::Writer& writer, const vps::Traffic& traffic) {
  switch (traffic.accounting) {
    case vps::Accounting::kSplit:
      writer.Member("traffic_in_used", traffic.in_used).Member("traffic_out_used", traffic.out_used);
      return;
    case vps::Accounting::kCombined:
      writer.Member("traffic_used", Sum(traffic));
      return;
  }
  std::abort();
}

void RenderVps(json::Writer& writer, const vps::Vps& vps) {
  writer.BeginObject();
  writer.Member("id", vps.id).Member("node", vps.node_id).Member("location", vps.node_location);
  if (vps.template_id) writer.Member("template", *vps.template_id);
  writer.Member("virtualization_type", vps.virtualization_type).Member("hostname", vps.hostname);
  writer.Member("guaranteed_ram", vps.guaranteed_ram);
  if (vps.burstable_ram) writer.Member("burstable_ram", *vps.burstable_ram);
  writer.Member("disk_space", vps.disk_space).Member("cpu_count", vps.cpu_count);
  RenderTrafficLimits(writer, vps.traffic);
  RenderTrafficUsed(writer, vps.traffic);
  writer.EndObject();
}

std::string_view Word(vps::Condition condition) {
  switch (condition) {
    case vps::Condition::kRunning:
      return "running";
    case vps::Condition::kStopped:
      return "stopped";
    case vps::Condition::kSuspended:
      return "suspended";
    case vps::Condition::kTerminated:
      return "terminated";
    case vps::Condition::kUnknown:
      return "unknown";
  }
  std::abort();
}

}  // namespace

std::string RenderList(const std::vector<vps::Vps>& vpses) {
  json::Writer writer;
  writer.BeginObject().Key("response").BeginObject().Key("vpses").BeginArray();
  for (const vps::Vps& vps : vpses) RenderVps(writer, vps);
  writer.EndArray().EndObject().EndObject();
  return writer.Take();
}

std::string RenderStatus(const vps::Vps& vps, const vps::Status& status) {
  json::Writer writer;
  writer.BeginObject().Key("response").BeginObject();
  RenderTrafficUsed(writer, vps.traffic);
  writer.Member("ram_used", status.ram_used).Member("disk_used", status.disk_used);
  writer.Member("status", Word(status.condition));
  writer.EndObject().EndObject();
  return writer.Take();
}

}  // namespace cvm::api
