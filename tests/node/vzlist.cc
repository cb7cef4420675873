#include "tests/node/vzlist.h"

#include <getopt.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "tests/node/container.h"
#include "tests/node/fields.h"
#include "tests/node/files.h"
#include "tests/node/switches.h"

namespace cvm::testnode {
namespace {

constexpr char kUsage[] = R"(Usage:	vzlist [-a | -S] [-n] [-H] [-o field[,field...] | -1] [-s [-]field]
	       [-h pattern] [-N pattern] [-d pattern] [CTID [CTID ...]]
	vzlist -L | --list

Options:
	-a, --all		list all containers
	-S, --stopped		list stopped containers
	-n, --name		display containers' names
	-H, --no-header		suppress columns header
	-t, --no-trim		do not trim long values
	-j, --json		output in JSON format
	-o, --output		output only specified fields
	-1			synonym for -H -octid
	-s, --sort		sort by the specified field
				('-field' to reverse sort order)
	-h, --hostname		filter CTs by hostname pattern
	-N, --name_filter	filter CTs by name pattern
	-d, --description	filter CTs by description pattern
	-L, --list		get possible field names
)";

constexpr option kOptions[] = {
    {"all", no_argument, nullptr, 'a'},          {"stopped", no_argument, nullptr, 'S'},
    {"name", no_argument, nullptr, 'n'},         {"no-header", no_argument, nullptr, 'H'},
    {"no-trim", no_argument, nullptr, 't'},      {"json", no_argument, nullptr, 'j'},
    {"output", required_argument, nullptr, 'o'}, {nullptr, 0, nullptr, 0},
};

struct Request {
  bool all = false;
  bool stopped = false;
  bool json = false;
  bool header = true;
  std::string first_column = "ctid";
  std::string output;
  std::vector<const Field*> fields;
  std::vector<unsigned> ctids;
};

void Print(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = write(fd, text.data() + done, text.size() - done);
    if (n < 0) std::exit(1);  // nobody reads any more
    done += static_cast<std::size_t>(n);
  }
}

void Complain(const std::string& line) {
  Print(STDERR_FILENO, line + "\n");
}

bool ReadOptions(int argc, char** argv, Request* request) {
  for (int letter = 0; (letter = getopt_long(argc, argv, "aSnHtjo:1", kOptions, nullptr)) != -1;) {
    switch (letter) {
      case 'a':
        request->all = true;
        break;
      case 'S':
        request->stopped = true;
        break;
      case 'n':
        request->first_column = "smart_name";
        break;
      case 'H':
        request->header = false;
        break;
      case 't':
        break;
      case 'j':
        request->json = true;
        break;
      case 'o':
        request->output = optarg;
        break;
      case '1':
        request->header = false, request->output = "ctid";
        break;
      default:
        Print(STDOUT_FILENO, kUsage);
        return false;
    }
  }
  return true;
}

bool ReadFields(Request* request) {
  if (request->output.empty() && request->json) return true;
  std::istringstream names(request->output.empty() ? request->first_column + ",numproc,status,ip,hostname"
                                                   : request->output);
  for (std::string name; std::getline(names, name, ',');) {
    const Field* field = FindField(name);
    if (field == nullptr) {
      Complain("Unknown field: " + name);
      return false;
    }
    if (request->json && field->json == nullptr) {
      Complain("Field `" + name + "' is not available in JSON output");
      return false;
    }
    request->fields.push_back(field);
  }
  return true;
}

// A name is looked up in every configuration; 0 where nothing has it.
unsigned FindByName(const std::string& name) {
  for (const unsigned ctid : ListContainers()) {
    const auto config = Config::Load(ctid);
    if (config && config->Get("NAME") == name) return ctid;
  }
  return 0;
}

bool ReadCtids(int argc, char** argv, Request* request) {
  for (int i = optind; i < argc; ++i) {
    char* end = nullptr;
    const unsigned long number = std::strtoul(argv[i], &end, 10);
    const unsigned ctid = *end == '\0' ? static_cast<unsigned>(number) : FindByName(argv[i]);
    if (ctid == 0) {
      Complain(std::string("CT ID ") + argv[i] + " is invalid.");
      return false;
    }
    request->ctids.push_back(ctid);
  }
  std::sort(request->ctids.begin(), request->ctids.end());
  request->ctids.erase(std::unique(request->ctids.begin(), request->ctids.end()), request->ctids.end());
  return true;
}

bool WantsUsage(const std::vector<const Field*>& fields) {
  return std::any_of(fields.begin(), fields.end(), [](const Field* field) {
    return field->name.compare(0, 9, "physpages") == 0 || field->name.compare(0, 9, "diskspace") == 0 ||
           field->name == "numproc";
  });
}

Row ReadRow(unsigned ctid, const std::vector<const Field*>& fields) {
  Row row;
  row.ctid = ctid;
  row.state = GetRunState(ctid);
  row.suspended = Exists(DumpFile(ctid));
  row.config = Config::Load(ctid);
  if (WantsUsage(fields)) row.usage = ReadUsage(ctid, row.state, row.config);
  if (row.config && row.config->Get("VE_LAYOUT") == "ploop") {
    Complain("Warning: ploop support is not compiled in");
  }
  return row;
}

bool IsWanted(const Request& request, unsigned ctid) {
  const bool running = GetRunState(ctid) == RunState::kRunning;
  const bool listed = running || Exists(PrivateArea(ctid));
  if (!request.ctids.empty() || request.all) return listed;
  return listed && running != request.stopped;
}

int NothingFound(const Request& request) {
  if (request.json) {
    Print(STDOUT_FILENO, "[]\n");
  } else {
    Complain("Container(s) not found");
  }
  return request.ctids.empty() ? 0 : 1;
}

// Those that were named and are known, else all that are known.
std::vector<unsigned> KnownContainers(const Request& request) {
  if (request.ctids.empty()) return ListContainers();
  std::vector<unsigned> known;
  for (const unsigned ctid : request.ctids) {
    if (Exists(Config::Path(ctid)) || GetRunState(ctid) != RunState::kStopped) known.push_back(ctid);
  }
  return known;
}

int PrintRows(const Request& request, const std::vector<Row>& rows) {
  if (request.fields.empty() && !rows.empty()) {
    Complain("This node lists no bean counters: name the fields with -o");
    return 1;
  }
  const std::string text = request.json ? JsonArray(request.fields, rows)
                                        : TextTable(request.fields, rows, request.header && !rows.empty());
  const bool half = SwitchText("vzlist") == "truncate";
  Print(STDOUT_FILENO, half ? text.substr(0, text.size() / 2) : text);
  return 0;
}

int List(const Request& request) {
  const std::vector<unsigned> known = KnownContainers(request);
  std::vector<Row> rows;
  for (const unsigned ctid : known) {
    if (!Exists(Config::Path(ctid))) {
      Complain("Unable to open " + Config::Path(ctid) + ": " + std::strerror(errno));
    }
    if (IsWanted(request, ctid)) rows.push_back(ReadRow(ctid, request.fields));
  }
  // A container that was named and has lost its private area is neither found nor missing.
  if (rows.empty() && (request.ctids.empty() || known.empty())) return NothingFound(request);
  return PrintRows(request, rows);
}

// Without the kernel's files vzlist says so, and fails only where containers were named.
bool CanReadKernel() {
  const char* files[] = {"/proc/vz/veinfo", "/proc/user_beancounters"};
  const bool is_root = geteuid() == 0;
  const bool has_kernel = SwitchText("kernel") != "none";
  for (const char* file : files) {
    if (!has_kernel) Complain(std::string("Unable to open ") + file + ": No such file or directory");
    if (has_kernel && !is_root) Complain(std::string("Unable to open ") + file + ": Permission denied");
  }
  return is_root && has_kernel;
}

void PrintMegabytes(const std::string& count) {
  const std::string line(1 << 20, 'x');
  for (long i = std::strtol(count.c_str(), nullptr, 10); i > 0; --i) Print(STDOUT_FILENO, line);
}

// What the switch "vzlist" makes of this run: an exit status, or below 0 where the run goes on as usual.
int Misbehave() {
  std::istringstream words(SwitchText("vzlist"));
  std::string kind;
  std::string argument;
  words >> kind >> argument;
  while (kind == "hang" && SwitchText("vzlist") == "hang") DelayMilliseconds("5");
  if (kind == "delay") DelayMilliseconds(argument);
  if (kind == "empty") return 0;
  if (kind == "garbage") Print(STDOUT_FILENO, "Segmentation \"fault\\ {[\n");
  if (kind == "megabytes") PrintMegabytes(argument);
  if (kind == "fail") Complain("Unable to open /proc/vz/veinfo: Input/output error");
  if (kind == "fail")
    return argument.empty() ? 1 : static_cast<int>(std::strtol(argument.c_str(), nullptr, 10));
  return kind == "garbage" || kind == "megabytes" ? 0 : -1;
}

int Run(int argc, char** argv) {
  Request request;
  if (!ReadOptions(argc, argv, &request) || !ReadFields(&request)) return 1;
  if (const int status = Misbehave(); status >= 0) return status;
  if (!CanReadKernel()) return optind == argc ? 0 : 1;
  if (!ReadCtids(argc, argv, &request)) return 1;
  return List(request);
}

void Record(int argc, char** argv, int status) {
  std::string line = std::to_string(getpid()) + " " + std::to_string(status);
  for (int i = 1; i < argc; ++i) line += std::string(" ") + argv[i];
  Append("/var/lib/vzctl/listings", line + "\n");
}

}  // namespace

int VzlistMain(int argc, char** argv) {
  const int status = Run(argc, argv);
  Record(argc, argv, status);
  return status;
}

}  // namespace cvm::testnode
