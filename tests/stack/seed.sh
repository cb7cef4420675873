# shellcheck shell=bash
# shellcheck disable=SC2154 # dir comes from lib.sh
# What a stack needs before the API has anything to say, made with cvmctl alone. Sourced after lib.sh.

# Field NAME: the value of that key, in JSON on stdin that holds it once. Not a parser: for our own short answers.
Field() { sed -nE 's/.*"'"$1"'": *"?([^",}]*)"?.*/\1/p'; }

# Ctl ARGUMENT…: cvmctl with its answer as JSON; what it says on stderr goes to the log and, on failure, is shown.
Ctl() { Cvmctl "$@" --json 2>>"$dir/log/cvmctl.log" || Fail "cvmctl $* failed" "$dir/log/cvmctl.log"; }

# Made ARGUMENT…: the id of what the command makes.
Made() {
  local id
  id=$(Ctl "$@" | Field id)
  [[ -n $id ]] || Fail "cvmctl $*: no id in its answer"
  printf '%s\n' "$id"
}

# The private node under its name, with its host key pinned and nobody asked.
SeedNode() {
  local key
  key=$(ssh-keygen -y -f "$dir/node/host_keys/ssh_host_ed25519_key") || Fail 'the node has no ed25519 host key'
  Ctl node add "$1" --host 127.0.0.1 --port "$CVM_NODE_PORT" --user root --location Amsterdam --host-key "$key" >/dev/null
  Export CVM_NODE "$1"
}

# SeedPair USER LABEL [OPTION…]: a token pair; public_token and private_token are set, and in no argument list.
SeedPair() {
  local user=$1 label=$2 answer
  shift 2
  answer=$(Ctl token create "$user" --label "$label" "$@")
  public_token=$(Field public_token <<<"$answer")
  private_token=$(Field private_token <<<"$answer")
  [[ -n $public_token && -n $private_token ]] || Fail 'cvmctl token create gave no pair'
}
