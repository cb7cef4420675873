#include <fstream>
#include <string>

#include "lib/ssh/resolver.h"
#include "lib/ssh/session.h"
#include "lib/ssh/ssh.h"

namespace cvm::ssh {

SessionTrial TrySession(const Settings& settings, const Endpoint& endpoint, base::Deadline deadline) {
  const auto by = deadline.Within(settings.connect_timeout);
  SessionTrial trial;
  const auto addresses = Resolve(endpoint.host, endpoint.port, by);
  if (!addresses) {
    trial.status = addresses.error();
    return trial;
  }
  const auto session = Session::Open(endpoint, settings.key_directory, by, &trial.reached);
  if (session) {
    (*session)->Disconnect();
  } else {
    trial.status = session.error();
  }
  return trial;
}

base::Result<HostKey> ReadPublicKey(const Settings& settings, const std::string& key_name) {
  const std::string path = settings.key_directory + "/" + key_name;
  const std::string to_do = "; make it: ssh-keygen -y -f " + path + " > " + path + ".pub";
  std::ifstream file(path + ".pub");
  std::string line;
  if (!std::getline(file, line)) {
    return base::Error{base::ErrorCode::kNotFound, "there is no public key in " + path + ".pub" + to_do};
  }
  auto key = HostKey::Parse(line);
  if (!key) return base::Error{base::ErrorCode::kInvalid, path + ".pub: " + key.error().message + to_do};
  return key;
}

}  // namespace cvm::ssh
