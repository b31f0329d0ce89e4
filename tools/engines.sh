#!/usr/bin/env bash
# `npm run engines`: installs the real engines that tests run against, where they are missing. Debian and root only;
# elsewhere it says what to install. With --suricata8 [DIR] it unpacks Suricata 8 beside them (see suricata8.sh). The Suricata of Debian 12 itself is 6.0: 7 comes from its backports.
set -euo pipefail

if [ "${1:-}" = --suricata8 ]; then
  exec bash "$(dirname "$0")/suricata8.sh" "${@:2}"
fi

missing() { ! command -v "$1" >/dev/null 2>&1; }

if ! missing suricata; then
  echo "suricata: $(suricata -V 2>&1 | head -n 1)"
  exit 0
fi
if missing apt-get || [ "$(id -u)" -ne 0 ]; then
  echo "Install Suricata 7 or later by hand: this script needs apt-get and root." >&2
  exit 1
fi

# shellcheck disable=SC1091
codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
export DEBIAN_FRONTEND=noninteractive
if [ "$codename" = bookworm ]; then
  # The mirror this system already uses, whatever it is.
  mirror=$(apt-get indextargets --format '$(SITE) $(CODENAME)' 2>/dev/null | awk '$2 == "bookworm" { print $1; exit }')
  list=/etc/apt/sources.list.d/bookworm-backports.list
  [ -e "$list" ] || echo "deb ${mirror:-http://deb.debian.org/debian} bookworm-backports main" >"$list"
fi
apt-get update -qq
if [ "$codename" = bookworm ]; then
  apt-get install -qq -y --no-install-recommends -t bookworm-backports suricata >/dev/null
else
  apt-get install -qq -y --no-install-recommends suricata >/dev/null
fi
echo "suricata: $(suricata -V 2>&1 | head -n 1)"
