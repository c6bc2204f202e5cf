#!/usr/bin/env bash
# Ends the daemons that ceph-up.sh started, and only those: by recorded pid, after a look at the process's name.
#   CEPH_DIR as in ceph-up.sh   CEPH_WIPE=1 removes the state folder as well
set -u
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=${CEPH_DIR:-$repository/.ceph}

for daemon in rgw:radosgw osd:ceph-osd mon:ceph-mon; do
  file=$dir/${daemon%%:*}.pid
  [ -s "$file" ] || continue
  pid=$(cat "$file")
  if [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "${daemon##*:}" ]; then
    kill "$pid" 2>/dev/null
    for _ in $(seq 50); do
      kill -0 "$pid" 2>/dev/null || break
      sleep .1
    done
    kill -9 "$pid" 2>/dev/null
    echo "stopped ${daemon##*:}" >&2
  fi
  rm -f "$file"
done
[ "${CEPH_WIPE:-0}" = 0 ] || rm -rf "$dir"
exit 0
