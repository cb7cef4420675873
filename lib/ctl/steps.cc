#include "lib/ctl/steps.h"

#include <algorithm>

namespace cvm::ctl {

bool AllOk(const Steps& steps) {
  return std::all_of(steps.begin(), steps.end(), [](const Step& step) { return step.ok; });
}

Records RecordsOf(const Steps& steps) {
  Records records;
  for (const Step& step : steps) {
    const char* state = !step.ok ? "failed" : step.warning ? "warning" : "ok";
    records.push_back({{"step", step.name},
                       {"ok", step.ok, Shown::kInJson},
                       {"state", std::string(state)},
                       {"detail", step.detail}});
  }
  return records;
}

void ShowChecked(Output& output, const std::vector<Checked>& checked) {
  Records records;
  for (const Checked& one : checked) {
    if (output.json()) {
      records.push_back({{"name", one.name}, {"ok", AllOk(one.steps)}, {"steps", RecordsOf(one.steps)}});
      continue;
    }
    for (Record& record : RecordsOf(one.steps)) {
      record.insert(record.begin(), Field("name", one.name));
      records.push_back(std::move(record));
    }
  }
  output.List(records);
}

}  // namespace cvm::ctl
