#!/usr/bin/env bash
# Brings up a real S3 server, the Ceph RADOS Gateway, on loopback: one monitor, one OSD in memory, one gateway, from
# Debian's packages (installed when missing, which needs root). Run again it is a no-op while the three are healthy.
#
#   CEPH_DIR=.ceph           state, logs, pids (default: .ceph in this repository)
#   CEPH_PORT=7480           port of the gateway on 127.0.0.1
#   CEPH_MON_PORT=6789       port of the monitor on 127.0.0.1 (and this less 3489)
#   CEPH_SIZE_GB=4           size of the store, in memory: all is lost when it goes down
#   CEPH_ACCESS_KEY_ID, CEPH_SECRET_ACCESS_KEY   keys of its one S3 user
#
# stdout has lines for the shell, so: eval "$(scripts/ceph-up.sh)"   stderr tells the progress.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dir=${CEPH_DIR:-$repository/.ceph}
port=${CEPH_PORT:-7480}
mon_port=${CEPH_MON_PORT:-6789}
size_gb=${CEPH_SIZE_GB:-4}
access=${CEPH_ACCESS_KEY_ID:-tracecraft}
secret=${CEPH_SECRET_ACCESS_KEY:-tracecraft-on-loopback}
mkdir -p "$dir"
dir=$(cd "$dir" && pwd)

say() { printf '[%3ds] %s\n' "$SECONDS" "$*" >&2; }
fail() { say "$*"; exit 1; }
answer() { curl -s -o /dev/null -m 2 -w '%{http_code}' "http://127.0.0.1:$port/" 2>/dev/null || true; }
is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
answers() { [ "$(answer)" = 200 ]; }

print_exports() {
  cat <<END
export TRACECRAFT_CEPH_ENDPOINT=http://127.0.0.1:$port
export TRACECRAFT_CEPH_ACCESS_KEY_ID=$access
export TRACECRAFT_CEPH_SECRET_ACCESS_KEY=$secret
END
}

install_packages() {
  local package missing=() policy=/usr/sbin/policy-rc.d own_policy=no
  for package in ceph-mon ceph-osd radosgw ceph-common curl uuid-runtime; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "apt-get install ${missing[*]}"
  # The packages would start daemons of their own.
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' >$policy; chmod +x $policy; own_policy=yes; fi
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"; } \
    >"$dir/apt.log" 2>&1 || { tail -20 "$dir/apt.log" >&2; [ $own_policy = no ] || rm -f $policy; fail "apt-get did not succeed"; }
  [ $own_policy = no ] || rm -f $policy
}

all_alive() {
  local daemon
  for daemon in mon osd rgw; do # kill -0 would succeed on a zombie.
    grep -Eq '^State:[[:space:]]+[^ZX[:space:]]' "/proc/$(cat "$dir/$daemon.pid" 2>/dev/null)/status" 2>/dev/null || return 1
  done
}

write_config() {
  cat >"$dir/ceph.conf" <<END
[global]
fsid = $1
mon initial members = a
mon host = v2:127.0.0.1:$((mon_port - 3489)),v1:127.0.0.1:$mon_port
public addr = 127.0.0.1
cluster addr = 127.0.0.1
auth cluster required = none
auth service required = none
auth client required = none
ms mon client mode = crc
ms mon cluster mode = crc
ms mon service mode = crc
paxos propose interval = 0.02
paxos min wait = 0.01
mon mgr beacon grace = 3600
run dir = $dir/run
admin socket = $dir/run/\$name.asok
log file = $dir/\$name.log
log to stderr = false
err to stderr = true
osd crush chooseleaf type = 0
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 4
osd pool default pgp num = 4
osd pool default pg autoscale mode = off
mon allow pool size one = true
mon warn on pool no redundancy = false
mon osd nearfull ratio = .97
mon osd backfillfull ratio = .98
mon osd full ratio = .99
osd failsafe full ratio = .995
mon data avail warn = 1
mon data avail crit = 1
mon max pg per osd = 1000
osd max object name len = 2048
osd max object namespace len = 256
[mon]
mon data = $dir/mon
[osd]
osd data = $dir/osd
osd objectstore = memstore
memstore device bytes = $((size_gb << 30))
osd memory target = 1073741824
osd class default list = *
osd class load list = *
[client]
rgw frontends = beast endpoint=127.0.0.1:$port tcp_nodelay=1
[client.rgw.a]
log file = $dir/rgw.log
debug rgw = 1
rgw thread pool size = 64
rgw enable usage log = false
END
}

start() { # name, command…
  local name=$1
  shift
  setsid nohup "$@" >"$dir/$name.out" 2>&1 </dev/null &
  echo $! >"$dir/$name.pid"
}

wait_for() { # what, seconds, command…
  local what=$1 tenths=$(($2 * 10))
  shift 2
  while [ $tenths -gt 0 ]; do
    "$@" >/dev/null 2>&1 && return 0
    sleep .1
    tenths=$((tenths - 1))
  done
  tail -n 5 "$dir"/*.out >&2
  fail "$what did not come up"
}

our_monitor_answers() { [ "$(ceph --connect-timeout 3 fsid 2>/dev/null)" = "$fsid" ]; }
osd_is_in() { ceph osd stat | grep -q '1 up.*1 in'; }

install_packages
if all_alive && answers; then say "already up"; print_exports; exit 0; fi
CEPH_DIR=$dir "$repository/scripts/ceph-down.sh" # What is left of a half-dead one.
# With a port of another cluster our daemons would join that one and take its place.
for taken in "$port CEPH_PORT" "$mon_port CEPH_MON_PORT" "$((mon_port - 3489)) CEPH_MON_PORT"; do
  if is_open "${taken% *}"; then fail "port ${taken% *} is taken by another process: choose another ${taken#* }"; fi
done

rm -rf "$dir"/{mon,osd,run}
mkdir -p "$dir"/{mon,osd,run}
fsid=$(uuidgen)
write_config "$fsid"
export CEPH_CONF=$dir/ceph.conf

ceph-authtool --create-keyring "$dir/mon.keyring" --gen-key -n mon. --cap mon 'allow *' >/dev/null
monmaptool --create --clobber --fsid "$fsid" \
  --addv a "[v2:127.0.0.1:$((mon_port - 3489)),v1:127.0.0.1:$mon_port]" "$dir/monmap" >/dev/null
ceph-mon --mkfs -i a --monmap "$dir/monmap" --keyring "$dir/mon.keyring" >"$dir/mkfs.log" 2>&1
start mon ceph-mon -f -i a
wait_for "the monitor" 30 our_monitor_answers
say "monitor up"

osd_id=$(uuidgen)
ceph osd new "$osd_id" >/dev/null
ceph-osd --mkfs -i 0 --osd-uuid "$osd_id" >>"$dir/mkfs.log" 2>&1
start osd ceph-osd -f -i 0
wait_for "the OSD" 60 osd_is_in
say "OSD up"

radosgw-admin user create --uid=tracecraft --display-name=tracecraft --access-key="$access" --secret-key="$secret" \
  >"$dir/user.json" 2>"$dir/user.log" || { tail -5 "$dir/user.log" >&2; fail "no S3 user was made"; }
start rgw radosgw -f -n client.rgw.a
wait_for "the gateway" 60 answers
say "gateway answers on 127.0.0.1:$port"
print_exports
