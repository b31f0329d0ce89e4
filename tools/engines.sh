#!/usr/bin/env bash
# `npm run engines`: installs the real programs that tests run against, where they are missing. Debian and root only;
# elsewhere it says what to install. With --suricata8 [DIR] it unpacks Suricata 8 beside them (see suricata8.sh). The Suricata of Debian 12 itself is 6.0: 7 comes from its backports.
set -euo pipefail

if [ "${1:-}" = --suricata8 ]; then
  exec bash "$(dirname "$0")/suricata8.sh" "${@:2}"
fi

# program:package; what consumes the lists, beside Suricata.
consumers=(openssl:openssl named:bind9 named-checkzone:bind9-utils dig:bind9-dnsutils unbound:unbound squid:squid dnsmasq:dnsmasq-base
  nft:nftables clamscan:clamav yara:yara xmllint:libxml2-utils suricata-update:suricata-update)

missing() { ! command -v "$1" >/dev/null 2>&1; }

packages=()
for consumer in "${consumers[@]}"; do
  if missing "${consumer%%:*}"; then packages+=("${consumer#*:}"); fi
done
if ! missing suricata && [ "${#packages[@]}" -eq 0 ]; then
  echo "suricata: $(suricata -V 2>&1 | head -n 1); the others are installed too"
  exit 0
fi
if missing apt-get || [ "$(id -u)" -ne 0 ]; then
  echo "Install by hand, as this script needs apt-get and root: Suricata 7 or later, and what is missing of ${consumers[*]#*:}" >&2
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
# Programs are wanted, not services: nothing is started by the installation.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
  trap 'rm -f "$policy"' EXIT
fi
apt-get update -qq
if [ "${#packages[@]}" -gt 0 ]; then
  apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null
fi
if missing suricata; then
  if [ "$codename" = bookworm ]; then
    apt-get install -qq -y --no-install-recommends -t bookworm-backports suricata >/dev/null
  else
    apt-get install -qq -y --no-install-recommends suricata >/dev/null
  fi
fi
echo "suricata: $(suricata -V 2>&1 | head -n 1); installed: ${packages[*]:-nothing else}"
