#include "lib/ctl/parse.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "lib/base/text.h"

namespace cvm::ctl {
namespace {

constexpr const char* kProgram = "cvmctl";

std::string Column(const std::string& text, std::size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

std::string ExitStatusHelp() {
  std::string text = "Exit status:\n";
  for (const ExitStatusRow& row : ExitStatuses()) {
    text += "  " + Column(std::to_string(static_cast<int>(row.status)), 3) + row.meaning + "\n";
  }
  return text;
}

std::string CommandsHelp() {
  std::string text = "Commands:\n";
  for (const Command& command : Commands()) {
    text += "  " + command.Usage() + "\n      " + command.doc + "\n";
  }
  return text;
}

const char* GlobalDoc(const std::string& name) {
  const auto& options = GlobalOptions();
  const auto found = std::find_if(options.begin(), options.end(),
                                  [&](const Argument& option) { return name == option.name; });
  base::FatalAssert(found != options.end(), "an option of cvmctl that is not in the table");
  return found->doc;
}

// "--label=" as the two words that it means: CLI11 would take the word behind it for the value.
std::vector<std::string> SplitEmptyValues(const std::vector<std::string>& words) {
  std::vector<std::string> split;
  bool options = true;
  for (const std::string& word : words) {
    options = options && word != "--";
    const bool empty_value =
        options && word.size() > 3 && word.compare(0, 2, "--") == 0 && word.find('=') == word.size() - 1;
    split.push_back(empty_value ? word.substr(0, word.size() - 1) : word);
    if (empty_value) split.emplace_back();
  }
  return split;
}

// The option of that name that may be given often, if there is one.
const Argument* FindRepeated(const std::string& name) {
  for (const Command& command : Commands()) {
    for (const Argument& argument : command.arguments) {
      if (argument.need == Need::kRepeated && name == argument.name) return &argument;
    }
  }
  return nullptr;
}

// "--allow-from A B" as "--allow-from A --allow-from B": what follows belongs to the option as long as it is
// of its kind.
std::vector<std::string> RepeatOptions(const std::vector<std::string>& words) {
  std::vector<std::string> repeated;
  const Argument* open = nullptr;
  bool value_due = false, options = true;
  for (const std::string& word : words) {
    options = options && word != "--";
    if (options && !value_due && open != nullptr && open->rule(word) == nullptr)
      repeated.push_back(open->name);
    const Argument* const begun = options && !value_due ? FindRepeated(word) : nullptr;
    if (begun == nullptr && !value_due && (open == nullptr || open->rule(word) != nullptr)) open = nullptr;
    if (begun != nullptr) open = begun;
    value_due = begun != nullptr;
    repeated.push_back(word);
  }
  return repeated;
}

// The parser of one call, made from the table of commands.
class Parser {
 public:
  Parser() {
    app_.set_help_flag("-h,--help", GlobalDoc("--help"));
    app_.set_version_flag("--version", std::string(kProgram) + " " + CVM_VERSION, GlobalDoc("--version"));
    app_.add_option("--config", parsed_.config_path, GlobalDoc("--config"))
        ->type_name("FILE")
        ->capture_default_str();
    app_.add_flag("--json", parsed_.json, GlobalDoc("--json"));
    app_.require_subcommand(1);
    app_.footer(CommandsHelp() + "\n" + base::Wrapped(AnswersDoc(), 100) + "\n" + ExitStatusHelp());
    for (const Group& group : Groups()) AddGroup(group);
    for (const Command& command : Commands()) AddCommand(command);
  }

  base::Result<std::variant<Parsed, Text>> Run(std::vector<std::string> words) {
    std::reverse(words.begin(), words.end());  // as CLI11 wants them
    try {
      app_.parse(std::move(words));
    } catch (const CLI::CallForVersion& version) {
      return std::variant<Parsed, Text>(Text{std::string(version.what()) + "\n"});
    } catch (const CLI::CallForHelp&) {
      return std::variant<Parsed, Text>(Text{app_.help()});
    } catch (const CLI::ParseError& error) {
      return base::Error{base::ErrorCode::kInvalid, Unexpected().value_or(error.what()) + SeeHelp()};
    }
    return Collect();
  }

 private:
  // A command in CLI11's terms, with the values that it stored.
  struct Leaf {
    CLI::App* app;
    std::map<std::string, std::vector<std::string>> values;
  };

  void AddGroup(const Group& group) {
    CLI::App* app = app_.add_subcommand(group.name, group.doc);
    app->group("");  // the help of all lists the commands themselves
    app->fallthrough();
    groups_[group.name] = app;
  }

  void AddCommand(const Command& command) {
    Leaf& leaf = leaves_[&command];
    CLI::App* const group = groups_.at(command.group);
    if (!command.IsGroup()) group->require_subcommand(1);
    leaf.app = command.IsGroup() ? group : group->add_subcommand(command.name, command.doc);
    leaf.app->fallthrough();
    leaf.app->footer("Options of every command: --config FILE, --json. See `cvmctl --help`.\n\n" +
                     ExitStatusHelp());
    for (const Argument& argument : command.arguments) AddArgument(argument, leaf);
  }

  static void AddArgument(const Argument& argument, Leaf& leaf) {
    if (argument.flag()) {
      leaf.app->add_flag(argument.name, argument.doc);
      return;
    }
    CLI::Option* option = leaf.app->add_option(argument.name, leaf.values[argument.name], argument.doc);
    option->type_name(argument.value == nullptr ? "" : argument.value);
    option->expected(1)->allow_extra_args(false);
    option->multi_option_policy(argument.need == Need::kRepeated ? CLI::MultiOptionPolicy::TakeAll
                                                                 : CLI::MultiOptionPolicy::Throw);
    option->required(argument.need == Need::kRequired);
  }

  const Command* Chosen() const {
    const auto found = std::find_if(leaves_.begin(), leaves_.end(),
                                    [](const auto& entry) { return entry.second.app->parsed(); });
    return found == leaves_.end() ? nullptr : found->first;
  }

  std::string SeeHelp() const {
    const Command* command = Chosen();
    return std::string("; see `") + kProgram + (command ? " " + command->FullName() : "") + " --help`";
  }

  // What was left over: it says more than what CLI11 missed because of it.
  std::optional<std::string> Unexpected() const {
    const std::vector<std::string> left = app_.remaining(/*recurse=*/true);
    if (left.empty()) return std::nullopt;
    const bool dash = left.front()[0] == '-' && left.front() != "--";
    return "not expected: " + ForTerminal(left.front()) +
           (dash ? " (a value that begins with '-' goes behind \"--\")" : "");
  }

  base::Result<std::variant<Parsed, Text>> Collect() {
    parsed_.command = Chosen();
    base::FatalAssert(parsed_.command != nullptr, "a parse without a command");
    for (const Argument& argument : parsed_.command->arguments) {
      if (const auto taken = Take(argument); !taken) return taken.error();
    }
    if (const auto complete = RequireExactlyOne(); !complete) return complete.error();
    if (const auto single = RefuseSeveral(); !single) return single.error();
    return std::variant<Parsed, Text>(std::move(parsed_));
  }

  base::Status Take(const Argument& argument) {
    Leaf& leaf = leaves_.at(parsed_.command);
    if (leaf.app->count(argument.name) == 0) return {};
    if (argument.flag()) {
      parsed_.arguments.Add(argument.name, "");
      return {};
    }
    for (const std::string& value : leaf.values.at(argument.name)) {
      const char* const problem = argument.rule(value);
      if (problem != nullptr) {
        return base::Error{base::ErrorCode::kInvalid,
                           std::string(argument.name) + ": \"" + ForTerminal(value) + "\" " + problem};
      }
      parsed_.arguments.Add(argument.name, value);
    }
    return {};
  }

  using Names = std::vector<const char*>;

  std::ptrdiff_t Given(const Names& names) const {
    return std::count_if(names.begin(), names.end(),
                         [&](const char* name) { return parsed_.arguments.Has(name); });
  }

  static std::string ListOf(const Names& names) {
    std::string list;
    for (const char* name : names) list += (list.empty() ? "" : ", ") + std::string(name);
    return list;
  }

  base::Status RequireExactlyOne() const {
    const Names& names = parsed_.command->exactly_one;
    if (names.empty() || Given(names) == 1) return {};
    return base::Error{base::ErrorCode::kInvalid,
                       "exactly one of " + ListOf(names) + " must be given" + SeeHelp()};
  }

  base::Status RefuseSeveral() const {
    const Names& names = parsed_.command->at_most_one;
    if (Given(names) <= 1) return {};
    return base::Error{base::ErrorCode::kInvalid,
                       "at most one of " + ListOf(names) + " can be given" + SeeHelp()};
  }

  CLI::App app_{Purpose(), kProgram};
  std::map<std::string, CLI::App*> groups_;
  std::map<const Command*, Leaf> leaves_;
  Parsed parsed_;
};

}  // namespace

base::Result<std::variant<Parsed, Text>> Parse(const std::vector<std::string>& words) {
  return Parser().Run(RepeatOptions(SplitEmptyValues(words)));
}

}  // namespace cvm::ctl
