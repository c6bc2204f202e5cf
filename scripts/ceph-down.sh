#!/usr/bin/env bash
# Ends the daemons that ceph-up.sh started, and only those: by recorded pid, after a look at the process's name.
#   CEPH_DIR as in ceph-up.sh   CEPH_WIPE=1 removes the state folder as well
set -u
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=${CEPH_DIR:-$repository/.ceph}

runs() { # pid, name: a zombie does not, and neither does another process that has the number now.
  grep -Eq '^State:[[:space:]]+[^ZX[:space:]]' "/proc/$1/status" 2>/dev/null && [ "$(cat "/proc/$1/comm" 2>/dev/null)" = "$2" ]
}

for daemon in rgw:radosgw osd:ceph-osd mon:ceph-mon; do
  name=${daemon##*:}
  file=$dir/${daemon%%:*}.pid
  [ -s "$file" ] || continue
  pid=$(cat "$file")
  if runs "$pid" "$name"; then
    kill "$pid" 2>/dev/null
    for _ in $(seq 50); do
      runs "$pid" "$name" || break
      sleep .1
    done
    if runs "$pid" "$name"; then kill -9 "$pid" 2>/dev/null; fi
    echo "stopped $name" >&2
  fi
  rm -f "$file"
done
[ "${CEPH_WIPE:-0}" = 0 ] || rm -rf "$dir"
exit 0
