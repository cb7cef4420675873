# What the trial of the package is written with: checks that are counted, commands of the handbook, and daemons.

passed=0
failed=0

# Check WHAT COMMAND…: in a shell of its own, where the first failure ends it.
Check() {
  local what=$1 status=0 log
  shift
  log=$(mktemp)
  set +e
  (
    set -euo pipefail
    "$@"
  ) >"$log" 2>&1
  status=$?
  set -e
  if ((status == 0)); then
    passed=$((passed + 1))
    printf 'ok %s\n' "$what"
  else
    failed=$((failed + 1))
    printf 'FAILED %s\n' "$what"
    tail -n 20 "$log" | sed 's/^/    /'
  fi
  rm -f "$log"
}

# Commands FROM TO: the commands of the handbook between two of its phrases, as a script. Lines behind `mariadb` that
# begin with "> " are what is typed there; a password that the handbook leaves open is this trial's.
Commands() {
  awk -v from="$1" -v to="$2" '
    !begun { begun = index($0, from) > 0; next }
    index($0, to) > 0 { ended = 1; exit }
    /^    / {
      line = substr($0, 5)
      if (line ~ /^> /) { if (!typed) print "mariadb <<\"END\""; typed = 1; print substr(line, 3); next }
      if (typed) print "END"
      typed = 0
      if (line != "mariadb") print line
    }
    END { if (typed) print "END"; if (!begun || !ended) { print "false # the handbook has no such phrase" } }
  ' /trial/operations.md | sed "s/…/$kPassword/g"
}

# Follow FROM TO: carries them out. What only a running systemd does is left out (--now, stop).
Follow() {
  local script
  script=$(Commands "$1" "$2" | sed -e 's/^systemctl \(.*\) --now/systemctl \1/' -e '/^systemctl stop /d')
  printf '%s\n' "$script"
  [[ -n $script ]]
  cd /usr/share/cvm-client-api
  bash -euo pipefail -c "$script"
}

# Until COMMAND…: waits for it to come true.
Until() {
  local deadline=$((SECONDS + 30))
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || { echo "not so after 30 s: $*"; return 1; }
    sleep 0.1
  done
}

# Setting UNIT NAME: a value of a unit's file, continued lines joined.
Setting() {
  sed -e ':a' -e '/\\$/{N;s/\\\n *//;ba' -e '}' "/lib/systemd/system/$1" | sed -n "s/^$2=//p"
}
