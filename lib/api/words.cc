#include "lib/api/words.h"

#include <cstdlib>

#include "lib/json/json.h"

namespace cvm::api {
namespace {

// Seconds after which a client may usefully try again.
constexpr char kRetryDatabase[] = "5";
constexpr char kRetryNode[] = "30";
constexpr char kRetryBusy[] = "5";

Response Make(int status, std::string reason, std::string body) {
  Response response;
  response.status = status;
  response.reason = std::move(reason);
  response.headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  response.body = std::move(body);
  return response;
}

Response Refusal(int status, std::string reason, std::string_view sentence) {
  json::Writer writer;
  writer.BeginObject().Key("errors").BeginArray().Text(sentence).EndArray().EndObject();
  return Make(status, std::move(reason), writer.Take());
}

Response Forbidden(std::string_view sentence) {
  return Refusal(403, "Forbidden", sentence);
}

Response Failed(std::string_view sentence) {
  return Refusal(500, "Internal Server Error", sentence);
}

Response Unavailable(std::string_view sentence, const char* retry_after) {
  Response response = Refusal(503, "Service Unavailable", sentence);
  response.headers.emplace_back("Retry-After", retry_after);
  return response;
}

std::string_view CouldNot(vps::Action action) {
  switch (action) {
    case vps::Action::kStart:
      return "The VPS could not be started.";
    case vps::Action::kStop:
      return "The VPS could not be shut down.";
    case vps::Action::kRestart:
      return "The VPS could not be restarted.";
  }
  std::abort();
}

}  // namespace

Response Ok(std::string json) {
  return Make(200, "OK", std::move(json));
}

Response Done() {
  json::Writer writer;
  writer.BeginObject().Key("response").BeginObject().EndObject().EndObject();
  return Ok(writer.Take());
}

Response NotAuthorized() {
  Response response = Refusal(401, "Not Authorized", "No valid API token pair was specified.");
  response.headers.emplace_back("WWW-Authenticate", "API-Token-Pair realm=\"client API\"");
  return response;
}

Response NoClientAccess() {
  return Forbidden("This API token pair does not have access to the client API.");
}

Response ReadOnlyPair() {
  return Forbidden("This API token pair is read-only: it cannot start, stop or restart a VPS.");
}

Response UnknownPath() {
  return Refusal(404, "Not Found", "There is nothing at this path of the client API.");
}

Response NoSuchVps() {
  return Refusal(404, "Not Found", "There is no VPS with this ID.");
}

Response MethodNotAllowed(std::string_view allowed) {
  Response response = Refusal(405, "Method Not Allowed",
                              "This path takes another method: see the Allow header of this answer.");
  response.headers.emplace_back("Allow", allowed);
  return response;
}

Response InternalError() {
  return Failed("An internal error occurred: nothing is known of its cause here.");
}

Response DatabaseAway() {
  return Unavailable("The client API is temporarily unavailable: try again shortly.", kRetryDatabase);
}

Response TooBusy() {
  return Unavailable("The client API is busy and nothing was done: try again shortly.", kRetryBusy);
}

Response ActionAnswer(vps::ActionResult result, vps::Action action) {
  switch (result) {
    case vps::ActionResult::kDone:
      return Done();
    case vps::ActionResult::kSuspended:
      return Failed("The VPS is suspended: it cannot be started, stopped or restarted.");
    case vps::ActionResult::kTerminated:
      return Failed("The VPS is terminated: it cannot be started, stopped or restarted.");
    case vps::ActionResult::kFailed:
      return Failed(CouldNot(action));
    case vps::ActionResult::kDownAfterRestart:
      return Failed("The VPS could not be restarted and is now shut down.");
    case vps::ActionResult::kMissing:
      return Failed("The VPS does not exist on its host node.");
    case vps::ActionResult::kLocked:
      return Failed("Another operation on the VPS is in progress: try again when it has ended.");
    case vps::ActionResult::kNotInTurn:
      return Unavailable(
          "Another operation on the VPS is in progress and nothing was done: try again when it has ended.",
          kRetryBusy);
    case vps::ActionResult::kUnreachable:
      return Unavailable("The host node of the VPS cannot be reached: try again later.", kRetryNode);
    case vps::ActionResult::kOverloaded:
      return Unavailable("The host node of the VPS is busy and nothing was done: try again shortly.",
                         kRetryBusy);
    case vps::ActionResult::kOutcomeUnknown:
      return Unavailable(
          "Outcome unknown: the host node did not say how this ended. Ask for the status of the VPS before "
          "you try again.",
          kRetryNode);
  }
  std::abort();
}

}  // namespace cvm::api
