// Answers, and every word that a customer gets in one.
#ifndef CVM_LIB_API_WORDS_H_
#define CVM_LIB_API_WORDS_H_

#include <string>
#include <string_view>

#include "lib/api/http.h"
#include "lib/vps/service.h"

namespace cvm::api {

// 200 with `json` as its body.
Response Ok(std::string json);
// 200 `{"response": {}}`.
Response Done();

Response NotAuthorized();                             // 401
Response NoClientAccess();                            // 403
Response ReadOnlyPair();                              // 403
Response UnknownPath();                               // 404
Response NoSuchVps();                                 // 404: not there, or somebody else's
Response MethodNotAllowed(std::string_view allowed);  // 405 with Allow
Response InternalError();                             // 500: also for what went wrong outside App
Response DatabaseAway();                              // 503
Response TooBusy();                                   // 503: the pair could not be judged

// What an action came to.
Response ActionAnswer(vps::ActionResult result, vps::Action action);

}  // namespace cvm::api

#endif  // CVM_LIB_API_WORDS_H_
