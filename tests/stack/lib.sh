# shellcheck shell=bash
# The parts of a private stack, as functions: MariaDB, test node, accounts and schema, nginx, worker. Sourced by
# stack, demo and tests/run, which hold a lock on the folder (LockStack) while they change anything in it.
#
# Everything of a stack lies below its folder, made by NewStack; `down` may come from another process, at any
# time, and after any part of it was killed. Nothing is found or ended by its name.
#
#   DIR/run      link to a short folder of mode 0700 that holds the Unix sockets (a path over 107 bytes fails)
#   DIR/pids     a file a daemon: the PID, its start time, the folder that it runs in
#   DIR/log      what the daemons say
#   DIR/etc      worker.toml, cvmctl.toml, nginx.conf, the accounts' passwords
#   DIR/stack.env  what is up, as shell assignments

repo=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
VARIANT=${VARIANT:-release}
readonly repo VARIANT
build=$repo/build/$VARIANT
readonly kStartSeconds=60 # generous: a machine may be busy; reached only when something is wrong
readonly kStopSeconds=20

Say() { printf '%s\n' "$*" >&2; }

# Fail MESSAGE [LOG]: says what went wrong and shows the end of the log that knows why.
Fail() {
  Say "stack: $1"
  if [[ -n ${2-} && -s $2 ]]; then
    Say "the last lines of $2:"
    tail -n 20 "$2" | sed 's/^/    /' >&2
  fi
  exit 1
}

NeedTools() {
  local tool
  for tool in "$@"; do
    command -v "$tool" >/dev/null || Fail "$tool is missing: run 'make deps'"
  done
}

# LockStack DIR: at most one process changes a stack. Waits, and says so. Children do not keep the lock (9>&-).
LockStack() {
  mkdir -p "$(dirname "$1")"
  exec 9>"$1.lock"
  flock -n 9 && return
  Say "stack: $1 is being used by another process: waiting for it"
  flock 9
}

# Await SECONDS COMMAND…: runs the command until it succeeds; false once the time is over.
Await() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}

# ---- processes ------------------------------------------------------------------------------------------

# The fields of /proc/PID/stat behind the name, which may hold anything: state ppid pgrp session …
StatFields() {
  local line
  { IFS= read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
  printf '%s\n' "${line##*) }"
}

StartTime() {
  local -a field
  read -r -a field < <(StatFields "$1") || return 1
  [[ ${field[0]} != Z ]] || return 1
  printf '%s\n' "${field[19]}"
}

# Launch NAME LOG COMMAND…: a daemon in a session of its own, working in DIR; writes DIR/pids/NAME.
Launch() {
  local name=$1 log=$2
  shift 2
  (cd "$dir" && exec setsid "$@" </dev/null >>"$log" 2>&1 9>&-) &
  local pid=$!
  printf '%s %s %s\n' "$pid" "$(StartTime "$pid" || echo 0)" "$dir" >"$dir/pids/$name"
}

# The recorded PID, where that very process still runs.
Living() {
  local pid start
  read -r pid start _ 2>/dev/null <"$dir/pids/$1" || return 1
  [[ $(StartTime "$pid") == "$start" ]] && printf '%s\n' "$pid"
}

# Every process of a daemon's session, the daemon itself or not: nginx's workers and the FastCGI worker outlive a
# parent that was killed. A session's number that another process got by now is told by the working folder.
SessionPids() {
  local pid_of start folder path pid
  local -a field
  read -r pid_of start folder 2>/dev/null <"$dir/pids/$1" || return 0
  for path in /proc/[0-9]*; do
    pid=${path#/proc/}
    read -r -a field < <(StatFields "$pid") || continue
    [[ ${field[3]} == "$pid_of" && ${field[0]} != Z && ${field[19]} -ge $start ]] || continue
    [[ $(readlink "$path/cwd") == "$folder"* ]] && printf '%s\n' "$pid"
  done
  return 0
}

SessionIsGone() { [[ -z $(SessionPids "$1") ]]; }

# End NAME [SECONDS]: TERM to the daemon (to what is left of it, if it was killed), KILL after a while; returns when
# nothing of it is left, false where that cannot be reached.
End() {
  local name=$1 pid
  [[ -e $dir/pids/$name ]] || return 0
  # shellcheck disable=SC2046
  if pid=$(Living "$name"); then kill -TERM "$pid"; else kill -TERM $(SessionPids "$name"); fi 2>/dev/null || true
  if ! Await "${2:-$kStopSeconds}" SessionIsGone "$name"; then
    Say "stack: $name did not end in ${2:-$kStopSeconds} seconds: killed"
    # shellcheck disable=SC2046
    kill -KILL $(SessionPids "$name") 2>/dev/null || true
    if ! Await "$kStopSeconds" SessionIsGone "$name"; then
      Say "stack: cannot end $name: $(SessionPids "$name" | tr '\n' ' ')"
      return 1
    fi
  fi
  rm -f "$dir/pids/$name"
}

# ---- the folder -----------------------------------------------------------------------------------------

# Export NAME VALUE: for this process, and in DIR/stack.env for others.
Export() {
  export "$1=$2"
  printf "%s='%s'\n" "$1" "${2//\'/\'\\\'\'}" >>"$dir/stack.env"
}

# UseStack DIR: the folder that the functions below work in.
UseStack() {
  [[ -n ${1-} ]] || Fail 'which folder?'
  mkdir -p "$(dirname "$1")"
  dir=$(cd "$(dirname "$1")" && pwd -P)/$(basename "$1")
}

# A folder for sockets; the caller's TMPDIR where sockets in it stay short enough.
MakeRunFolder() {
  local parent=${TMPDIR:-/tmp}
  [[ $parent == /* && ${#parent} -le 60 && -d $parent ]] || parent=/tmp
  run=$(mktemp -d "$parent/cvm-XXXXXX")
  touch "$run/.cvm-stack"
  ln -sfn "$run" "$dir/run"
}

# The folder for sockets of a stack that is up already.
FindRunFolder() { run=$(readlink "$dir/run") || Fail "no stack is up in $dir"; }

# An empty folder with nothing running in it: what was there is ended and removed. Only a folder that a stack made
# is ever removed.
NewStack() {
  StackDown || Fail "what ran in $dir is still there"
  if [[ -d $dir && ! -e $dir/.cvm-stack && -n $(ls -A "$dir") ]]; then
    Fail "$dir was not made by this script: it is not emptied"
  fi
  rm -rf --one-file-system "$dir"
  mkdir -p "$dir"/{pids,log,etc}
  touch "$dir/.cvm-stack"
  (umask 077 && : >"$dir/stack.env")
  MakeRunFolder
}

# Ends whatever of the stack runs, in the order in which a request meets the parts. Keeps logs and settings. What
# cannot be ended keeps nothing else from being ended.
StackDown() {
  [[ -e $dir/.cvm-stack ]] || return 0
  local name link status=0
  for name in nginx worker; do End "$name" || status=1; done
  [[ ! -d $dir/node ]] || "$repo/tests/node/node" stop "$dir/node" || status=1
  End db || status=1
  if link=$(readlink "$dir/run") && [[ -e $link/.cvm-stack && -O $link ]]; then
    rm -rf --one-file-system "$link"
  fi
  rm -f "$dir/run"
  return "$status"
}

# A free port of loopback, below those that the kernel gives to outgoing connections. Somebody may still take it
# first: who uses it tries again.
FreePort() {
  local port
  while :; do
    port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
    [[ -n $(ss -Htnl "sport = :$port") ]] || break
  done
  printf '%s\n' "$port"
}

RandomPassword() { od -An -v -N 16 -t x1 /dev/urandom | tr -d ' \n'; }

# ---- the parts ------------------------------------------------------------------------------------------

# SQL on stdin, as root of the private server.
Sql() { mariadb --no-defaults --socket="$run/db.sock" --user=root --batch --skip-column-names "$@" 9>&-; }

DbAnswers() {
  Living db >/dev/null || Fail 'MariaDB ended while it started' "$dir/log/db.log"
  Sql -e 'SELECT 1' >/dev/null 2>&1
}

# A private MariaDB that listens on its socket alone, where root of this machine is root.
PartDb() {
  NeedTools mariadbd mariadb-install-db mariadb
  # A folder for temporary tables of its own: a server that starts removes all that it finds in its folder.
  mkdir -p "$dir/db-tmp"
  TMPDIR=$dir/db-tmp mariadb-install-db --no-defaults --user=root --auth-root-authentication-method=socket --skip-test-db \
    --datadir="$dir/db" >"$dir/log/db-install.log" 2>&1 9>&- ||
    Fail 'the database could not be made' "$dir/log/db-install.log"
  StartDb
  Export CVM_DB_SOCKET "$run/db.sock"
}

# The MariaDB that PartDb made, running (again).
StartDb() {
  Launch db "$dir/log/db.log" mariadbd --no-defaults --user=root --skip-networking --datadir="$dir/db" \
    --tmpdir="$dir/db-tmp" \
    --socket="$run/db.sock" --pid-file="$run/db.pid" --skip-log-bin --max-connections=500 \
    --innodb-buffer-pool-size=32M --innodb-log-file-size=16M --innodb-flush-log-at-trx-commit=2 \
    --key-buffer-size=1M --performance-schema=OFF --character-set-server=utf8mb4
  Await "$kStartSeconds" DbAnswers || Fail "MariaDB does not answer after $kStartSeconds seconds" "$dir/log/db.log"
}

# The node starts with the containers that CVM_STACK_CTIDS names (running) and CVM_STACK_STOPPED_CTIDS (stopped).
PartNode() {
  NeedTools sshd ssh-keygen unshare sudo
  "$repo/tests/node/node" start "$dir/node" --ctids "${CVM_STACK_CTIDS-}" --stopped "${CVM_STACK_STOPPED_CTIDS-}" \
    >"$dir/log/node.log" 2>&1 9>&- || Fail 'the test node did not start' "$dir/log/node.log"
  Export CVM_NODE_PORT "$(<"$dir/node/port")"
  Export CVM_NODE_DIR "$dir/node"
  Export CVM_SSH_KEY "$dir/node/id_ed25519"
}

# Settings USER PASSWORD LEVEL: a settings file for one of the two programs, on stdout.
Settings() {
  cat <<EOF2
[database]
servers = ["$run/db.sock"]
name = "cvm_api"
user = "$1"
password = "$2"

[ssh]
key_directory = "$dir/node"

[log]
target = "stderr"
level = "$3"

[metrics]
directory = "$run/metrics"
EOF2
}

# The restricted accounts, database and tables, in the order of docs/operations.md, and the settings of the two
# programs, which use nothing else.
PartSchema() {
  local account
  local -A password
  for account in cvm_worker cvm_operator cvm_panel; do password[$account]=$(RandomPassword); done
  (umask 077 && Settings cvm_operator "${password[cvm_operator]}" warning >"$dir/etc/cvmctl.toml")
  (umask 027 && Settings cvm_worker "${password[cvm_worker]}" info >"$dir/etc/worker.toml")
  (umask 077 && printf '%s\n' "${password[cvm_panel]}" >"$dir/etc/panel.password")

  for account in cvm_worker cvm_operator cvm_panel; do
    printf "CREATE USER IF NOT EXISTS '%s'@'localhost';\n" "$account"
    printf "ALTER USER '%s'@'localhost' IDENTIFIED BY '%s';\n" "$account" "${password[$account]}"
  done | Sql 2>"$dir/log/schema.log" || Fail 'the accounts could not be made' "$dir/log/schema.log"
  Sql <"$repo/sql/database.sql" 2>"$dir/log/schema.log" || Fail 'sql/database.sql failed' "$dir/log/schema.log"
  Cvmctl schema migrate >"$dir/log/schema.log" 2>&1 || Fail 'cvmctl schema migrate failed' "$dir/log/schema.log"
  Sql cvm_api <"$repo/sql/grants.sql" 2>"$dir/log/schema.log" || Fail 'sql/grants.sql failed' "$dir/log/schema.log"
  Export CVM_CTL "$build/cvmctl --config $dir/etc/cvmctl.toml"
  Export CVM_CONFIG "$dir/etc/worker.toml"
}

Cvmctl() { "$build/cvmctl" --config "$dir/etc/cvmctl.toml" "$@" 9>&-; }

# HostServer LISTEN EXTRA: a server block as a host has it, with pages of its own.
HostServer() {
  cat <<EOF2
    server {
        listen 127.0.0.1:$1;
        root "$dir/nginx/html";
        error_page 404 /404.html;
        add_header X-Host itself always;
        $2
    }
EOF2
}

# NginxConf PORT…: a host's own configuration in small, with the two files of nginx/ as they are.
NginxConf() {
  local include="include \"$repo/nginx/cvm-client-api.server.conf\";"
  local worker="$include set \$cvm_upstream private_worker;"
  cat <<EOF2
user root;
worker_processes 2;
daemon off;
pid "$run/nginx.pid";
error_log "$dir/log/nginx-error.log" warn;
events { worker_connections 1024; }
http {
    log_format request_id '\$request_id \$remote_addr "\$request" \$status \$body_bytes_sent \$request_time';
    access_log "$dir/log/nginx-access.log" request_id;
    client_body_temp_path "$dir/nginx/body";
    fastcgi_temp_path "$dir/nginx/fastcgi";
    proxy_temp_path "$dir/nginx/proxy";
    scgi_temp_path "$dir/nginx/scgi";
    uwsgi_temp_path "$dir/nginx/uwsgi";
    include "$repo/nginx/cvm-client-api.http.conf";
    upstream private_worker {
        server "unix:$run/worker.sock";
        keepalive 32;
    }
    upstream private_nobody {
        server "unix:$run/nobody.sock";
    }
EOF2
  HostServer "$1" "$worker set \$cvm_allow_http 1;"
  HostServer "$2 ssl http2" "$worker ssl_certificate \"$dir/etc/tls.crt\"; ssl_certificate_key \"$dir/etc/tls.key\";"
  HostServer "$3" "$worker"
  HostServer "$4" "$include set \$cvm_upstream private_nobody; set \$cvm_allow_http 1;"
  HostServer "$5" ''
  echo '}'
}

MakeCertificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=localhost \
    -addext 'subjectAltName=DNS:localhost,IP:127.0.0.1' -keyout "$dir/etc/tls.key" -out "$dir/etc/tls.crt" \
    >"$dir/log/openssl.log" 2>&1 || Fail 'openssl made no certificate' "$dir/log/openssl.log"
}

NginxAnswersOrEnded() {
  ! Living nginx >/dev/null || curl -s -o /dev/null --noproxy '*' --max-time 5 "http://127.0.0.1:$1/"
}

# Five ports: plain HTTP allowed (CVM_URL), TLS with a certificate of its own, and for tests plain HTTP refused, a
# worker that is not there, and the same host without the API.
PartNginx() {
  NeedTools nginx curl openssl ss
  local -a port
  mkdir -p "$dir"/nginx/html
  printf 'The host itself.\n' >"$dir/nginx/html/index.html"
  printf 'Not found by the host itself.\n' >"$dir/nginx/html/404.html"
  MakeCertificate
  for _ in {1..10}; do
    port=("$(FreePort)" "$(FreePort)" "$(FreePort)" "$(FreePort)" "$(FreePort)")
    NginxConf "${port[@]}" >"$dir/etc/nginx.conf"
    : >"$dir/log/nginx-error.log"
    Launch nginx "$dir/log/nginx.log" nginx -p "$dir/nginx" -c "$dir/etc/nginx.conf" -e "$dir/log/nginx-error.log"
    Await "$kStartSeconds" NginxAnswersOrEnded "${port[0]}" ||
      Fail "nginx does not answer after $kStartSeconds seconds" "$dir/log/nginx-error.log"
    Living nginx >/dev/null && break
    grep -q 'bind() .* failed (98' "$dir/log/nginx-error.log" || break # a port was taken meanwhile: again
  done
  Living nginx >/dev/null || Fail 'nginx did not start' "$dir/log/nginx-error.log"
  Export CVM_URL "http://127.0.0.1:${port[0]}"
  Export CVM_TLS_URL "https://127.0.0.1:${port[1]}"
  Export CVM_TLS_CA "$dir/etc/tls.crt"
  Export CVM_REFUSING_URL "http://127.0.0.1:${port[2]}"
  Export CVM_NOBODY_URL "http://127.0.0.1:${port[3]}"
  Export CVM_PLAIN_URL "http://127.0.0.1:${port[4]}"
}

# The FastCGI worker under multiwatch, not multiwatch itself.
WorkerPid() {
  local pid
  pid=$(Living worker) || return 1
  pgrep -P "$pid"
}

WorkerAnswers() {
  Living worker >/dev/null || Fail 'the worker ended while it started' "$dir/log/worker.log"
  WorkerPid >/dev/null && [[ -S $run/worker.sock ]] || return 1
  [[ -n ${CVM_URL-} ]] || return 0
  [[ $(curl -s -o /dev/null -w '%{http_code}' --noproxy '*' --max-time 5 "$CVM_URL/api/client/vps/list") == 401 ]]
}

# spawn-fcgi makes the socket and becomes multiwatch, which restarts a worker that died (and gives up after ten that
# lived for less than a second). Asks through nginx, where that is up, until the worker answers.
PartWorker() {
  NeedTools spawn-fcgi multiwatch pgrep
  local bin
  bin=$(type -P multiwatch)
  Launch worker "$dir/log/worker.log" spawn-fcgi -n -s "$run/worker.sock" -M 0660 -- \
    "$bin" -s TERM -f 1 -r 10 -t 1000 -- "$build/cvm-client-api" --config "$dir/etc/worker.toml"
  Await "$kStartSeconds" WorkerAnswers ||
    Fail "the worker does not answer after $kStartSeconds seconds" "$dir/log/worker.log"
  Export CVM_WORKER_SOCKET "$run/worker.sock"
  Export CVM_WORKER_PID "$(WorkerPid)"
}

# StackUp PART…: a new stack with these parts, each ready when this returns. A part that fails takes the stack down.
StackUp() {
  ((EUID == 0)) || Fail 'the private servers and the node need root'
  local part
  for part in "$@"; do
    case $part in
      db | node | schema | nginx | worker) ;;
      *) Fail "no part is called '$part': db, node, schema, nginx, worker" ;;
    esac
  done
  NewStack
  trap StackDown EXIT
  trap 'exit 130' INT TERM HUP
  for part in "$@"; do "Part${part^}"; done
  trap - EXIT INT TERM HUP
}
