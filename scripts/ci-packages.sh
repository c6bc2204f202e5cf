#!/usr/bin/env bash
# What the gate needs from Debian: strace for kills at a system call, python3 as another program's SQLite writer and as a
# terminal, a browser for the replay page.
set -euo pipefail
need=()
for package in strace python3 git util-linux chromium fonts-noto-core fonts-noto-mono; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || need+=("$package")
done
[ ${#need[@]} -eq 0 ] && exit 0
apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${need[@]}"
