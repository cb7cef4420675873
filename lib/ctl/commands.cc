#include "lib/ctl/commands.h"

namespace cvm::ctl {
namespace {

Argument Positional(const char* name, Rule rule, const char* doc, Need need = Need::kRequired) {
  return {name, nullptr, need, rule, doc};
}
Argument Required(const char* name, const char* value, Rule rule, const char* doc) {
  return {name, value, Need::kRequired, rule, doc};
}
Argument Optional(const char* name, const char* value, Rule rule, const char* doc) {
  return {name, value, Need::kOptional, rule, doc};
}
Argument Repeated(const char* name, const char* value, Rule rule, const char* doc) {
  return {name, value, Need::kRepeated, rule, doc};
}
Argument Flag(const char* name, const char* doc) {
  return {name, nullptr, Need::kOptional, nullptr, doc};
}

}  // namespace

const char* Purpose() {
  return "Manages the customers, token pairs, nodes and VPSes of the CVM client API.";
}

const char* AnswersDoc() {
  return "With --json standard output holds one JSON document: what was asked for, or {\"error\": {\"code\", "
         "\"exit_status\", \"message\"}}. IDs and sizes are strings in it. Errors and warnings are written "
         "to "
         "standard error in any case. A positional argument that begins with '-' goes behind \"--\".";
}

const std::vector<Argument>& GlobalOptions() {
  static const std::vector<Argument> options = {
      Flag("--help", "show this help, or that of a command"),
      Flag("--version", "show the version"),
      {"--config", "FILE", Need::kOptional, nullptr, "the settings file"},
      Flag("--json", "answer in JSON"),
  };
  return options;
}

const std::vector<Group>& Groups() {
  static const std::vector<Group> groups = {
      {"schema", "the tables of the database"},
      {"user", "customers"},
      {"token", "token pairs, by which customers' scripts are known"},
      {"node", "the hosts that containers run on"},
      {"template", "the templates that VPSes were made from"},
      {"vps", "virtual servers"},
      {"log", "the records of what was done"},
      {"tidy", "what is due: pending stops, and what is old enough to go"},
      {"traffic", "what VPSes send and receive"},
      {"import", "taking over from another panel"},
      {"config", "the settings file"},
  };
  return groups;
}

const std::vector<Command>& Commands() {
  static const std::vector<Command> commands = {
      {"schema",
       "version",
       "show the version of the database and the one that this program knows",
       {},
       {},
       SchemaVersion,
       Access::kAnySchema},
      {"schema",
       "migrate",
       "create the tables, or bring them up to date; may be run again at any time",
       {},
       {},
       SchemaMigrate,
       Access::kSchemaChange},

      {"user",
       "add",
       "add a customer",
       {Positional("NAME", NewNameRule, "the customer's name, unique and no plain number"),
        Optional("--email", "E", EmailRule, "an address, for your records")},
       {},
       UserAdd},
      {"user", "list", "list all customers", {}, {}, UserList},
      {"user",
       "disable",
       "make all token pairs of a customer invalid, until enabled",
       {Positional("NAME", NameRule, "the customer")},
       {},
       UserDisable},
      {"user",
       "enable",
       "make them valid again",
       {Positional("NAME", NameRule, "the customer")},
       {},
       UserEnable},
      {"user",
       "purge",
       "remove a disabled customer for good, with all token pairs and terminated VPSes",
       {Positional("NAME", NameRule, "the customer"), Flag("--yes", "do not ask")},
       {},
       UserPurge},

      {"token",
       "create",
       "make a token pair and show it, this once: of the private token only a hash is kept",
       {Positional("USER", NameRule, "the customer that it belongs to"),
        Optional("--label", "L", LabelRule, "what it is for"),
        Flag("--no-client-access", "a pair that the client API refuses with 403"),
        Flag("--read-only", "a pair that sees everything and changes nothing"),
        Optional("--expires", "D", MomentRule, "when it ends: a date and time in UTC, or a span such as 90d"),
        Repeated("--allow-from", "CIDR", NetworkRule,
                 "a network that it is good from; without one, from everywhere")},
       {},
       TokenCreate},
      {"token",
       "list",
       "list token pairs, never their private part",
       {Positional("USER", NameRule, "only those of this customer", Need::kOptional)},
       {},
       TokenList},
      {"token",
       "revoke",
       "make a token pair invalid for good, from the next request on",
       {Positional("TOKEN", PublicTokenRule, "its public token, or its ID")},
       {},
       TokenRevoke},
      {"token",
       "rotate",
       "make a pair in place of another: the same user and options; the old one stays valid for a while",
       {Positional("TOKEN", PublicTokenRule, "the old pair's public token, or its ID"),
        Optional("--grace", "D", SpanRule, "for how long the old pair is still good, at most (24h)")},
       {},
       TokenRotate},
      {"token",
       "show",
       "show all of a token pair but its private part",
       {Positional("TOKEN", PublicTokenRule, "its public token, or its ID")},
       {},
       TokenShow},

      {"node",
       "add",
       "add a node and pin its host key",
       {Positional("NAME", NewNameRule, "the node's name, unique and no plain number"),
        Required("--host", "H", HostRule, "its host name or address"),
        Optional("--port", "P", PortRule, "the port of its sshd (22)"),
        Optional("--user", "U", LoginRule, "whom to log in as (root); others need sudo"),
        Optional("--location", "L", LabelRule, "where it is, as customers see it"),
        Optional(
            "--host-key", "KEY|SHA256:…", HostKeyOrFingerprintRule,
            "the public host key (nobody is contacted), or the fingerprint that the fetched key must have; "
            "without it the key is fetched and you are asked")},
       {},
       NodeAdd},
      {"node", "list", "list the nodes with their pinned keys", {}, {}, NodeList},
      {"node",
       "check",
       "try every step to a node, or to all of them",
       {Positional("NAME", NameRule, "only this node", Need::kOptional)},
       {},
       NodeCheck},
      {"node",
       "authorize",
       "print the line for the node's authorized_keys: our key, for cvm-node-gate alone",
       {Positional("NAME", NameRule, "the node"),
        Flag("--old-sshd", "the node's sshd is older than 7.2, which brought the word `restrict`")},
       {},
       NodeAuthorize},
      {"node",
       "pin",
       "pin one more host key of a node",
       {Positional("NAME", NameRule, "the node"),
        Positional("KEY", HostKeyRule, "the public host key, one argument: \"ssh-ed25519 AAAA…\""),
        Flag("--replace", "forget the keys that were pinned before")},
       {},
       NodePin},
      {"node",
       "remove",
       "take a node out of service, and give up stops that are pending there; refused while VPSes that are "
       "not terminated are on it",
       {Positional("NAME", NameRule, "the node")},
       {},
       NodeRemove},

      {"template",
       "add",
       "add a template",
       {Positional("NAME", NewNameRule, "the template's name, unique and no plain number"),
        Optional("--description", "D", DescriptionRule, "for your records")},
       {},
       TemplateAdd},
      {"template", "list", "list all templates", {}, {}, TemplateList},

      {"vps",
       "add",
       "add a VPS; neither its node nor its container needs to be there",
       {Required("--node", "N", NameRule, "the node's name"),
        Required("--user", "U", NameRule, "the customer's name"),
        Required("--ctid", "C", CtidRule, "the container's ID on the node"),
        Required("--hostname", "H", HostnameRule, "as customers see it"),
        Required("--ram", "MB", SizeRule, "guaranteed RAM"),
        Optional("--burst", "MB", SizeRule, "burstable RAM; without it the VPS uses vSwap"),
        Required("--disk", "MB", SizeRule, "disk space"), Required("--cpus", "N", SizeRule, "number of CPUs"),
        Optional("--template", "ID", IdRule, "the template's ID"),
        Optional("--traffic-split", "IN:OUT", BytePairRule, "limits in bytes, each direction apart; 0: none"),
        Optional("--traffic-total", "BYTES", BytesRule, "limit in bytes, both directions together; 0: none")},
       {"--traffic-split", "--traffic-total"},
       VpsAdd},
      {"vps", "list", "list all VPSes", {}, {}, VpsList},
      {"vps",
       "set",
       "change what is known of a VPS, from now on; neither its node nor its container is touched",
       {Positional("ID", IdRule, "the VPS"), Optional("--hostname", "H", HostnameRule, "as customers see it"),
        Optional("--ram", "MB", SizeRule, "guaranteed RAM"),
        Optional("--burst", "MB", BytesRule, "burstable RAM; 0: it uses vSwap"),
        Optional("--disk", "MB", SizeRule, "disk space"), Optional("--cpus", "N", SizeRule, "number of CPUs"),
        Optional("--traffic-split", "IN:OUT", BytePairRule, "limits in bytes, each direction apart; 0: none"),
        Optional("--traffic-total", "BYTES", BytesRule, "limit in bytes, both directions together; 0: none"),
        Optional("--billing-day", "N", BillingDayRule,
                 "the day of the month on which its traffic begins anew (UTC)"),
        Optional("--node", "N", NameRule, "the node that its container is on now"),
        Optional("--ctid", "C", CtidRule, "the container's ID there")},
       {},
       VpsSet,
       Access::kServices,
       {"--traffic-split", "--traffic-total"}},
      {"vps",
       "suspend",
       "suspend a VPS and stop its container; run again to stop what runs all the same",
       {Positional("ID", IdRule, "the VPS")},
       {},
       VpsSuspend},
      {"vps",
       "unsuspend",
       "make a suspended VPS active again, without starting it",
       {Positional("ID", IdRule, "the VPS")},
       {},
       VpsUnsuspend},
      {"vps",
       "terminate",
       "end a VPS for good and stop its container; no data is destroyed",
       {Positional("ID", IdRule, "the VPS"), Flag("--yes", "do not ask")},
       {},
       VpsTerminate},
      {"vps",
       "purge",
       "remove a terminated VPS for good, with its traffic",
       {Positional("ID", IdRule, "the VPS"), Flag("--yes", "do not ask")},
       {},
       VpsPurge},

      {"log",
       "",
       "show the records of what was done, the newest first",
       {Optional("--vps", "ID", IdRule, "only those of this VPS"),
        Optional("--user", "NAME", NameRule, "only those of this customer, or of the ID that it had"),
        Optional("--token", "T", PublicTokenRule, "only those of this pair: its public token or ID"),
        Optional("--since", "D", MomentRule, "a date and time in UTC, or how long ago: 7d"),
        Optional("--limit", "N", LimitRule, "how many at most (50)")},
       {},
       ShowLog,
       Access::kServices,
       {"--vps", "--user", "--token"}},

      {"tidy",
       "",
       "try pending stops again, and remove what is older than the settings say; meant for a timer",
       {Flag("--dry-run", "try nothing and remove nothing, show how much it would be"),
        Flag("--timer", "it is a timer that runs this: the records name it, and nobody")},
       {},
       Tidy},

      {"traffic",
       "collect",
       "read the counters of all containers and book them; for a timer, which needs it every few minutes",
       {Optional("--node", "N", NameRule, "only this node")},
       {},
       TrafficCollect},
      {"traffic",
       "show",
       "show what a VPS has used, day by day",
       {Positional("VPS", IdRule, "the VPS"),
        Optional("--days", "N", DaysRule, "so many days up to today (30)")},
       {},
       TrafficShow},
      {"traffic",
       "adjust",
       "correct what a VPS has used in the running period",
       {Positional("VPS", IdRule, "the VPS"),
        Positional("BYTES", SignedBytesRule, "what is added; with a minus in front, what is taken away"),
        Required("--why", "TEXT", ReasonRule, "the reason, for the records"),
        Flag("--in", "incoming traffic"),
        Flag("--out", "outgoing traffic; one of both for split accounting")},
       {},
       TrafficAdjust,
       Access::kServices,
       {"--in", "--out"}},

      {"import",
       "cvm",
       "take over users, pairs, nodes, templates and VPSes of a CVM panel, IDs and all; run again: a sync",
       {Required("--database", "NAME", DatabaseRule, "the panel's database, on the server of ours"),
        Optional("--salt-file", "F", PathRule,
                 "a file that holds the panel's salt, where its settings table has none"),
        Flag("--dry-run", "show what would be done and do nothing"),
        Flag("--allow-mass-end",
             "revoke or terminate even more than 10 and more than half of the pairs or VPSes at once"),
        Flag("--final", "the last time: from now on the rows are ours, and no import is taken any more")},
       {},
       ImportCvm},

      {"config",
       "check",
       "check the file that --config names, the database, its schema and the SSH key",
       {},
       {},
       ConfigCheck,
       Access::kSettingsFile},
  };
  return commands;
}

}  // namespace cvm::ctl
