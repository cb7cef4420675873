// The response objects of the reference, as JSON. Every value is a string, numbers too.
#ifndef CVM_LIB_API_RENDER_H_
#define CVM_LIB_API_RENDER_H_

#include <string>
#include <vector>

#include "lib/vps/service.h"
#include "lib/vps/vps.h"

namespace cvm::api {

std::string RenderList(const std::vector<vps::Vps>& vpses);
std::string RenderStatus(const vps::Vps& vps, const vps::Status& status);

}  // namespace cvm::api

#endif  // CVM_LIB_API_RENDER_H_
