#!/usr/bin/env bash
# `npm run engines -- --suricata8`: Suricata 8 beside whatever is installed, in a folder of its own: Debian packages of
# trixie-backports with all they need, unpacked and not installed. Needs apt-get, no root; nothing outside the folder
# changes. Use it with `rulewright verify --engine-root FOLDER`.
set -euo pipefail

root=${1:-${RULEWRIGHT_ENGINES:-$PWD/.engines}/suricata8}
if [ -x "$root/usr/bin/suricata" ]; then
  echo "suricata 8: $root is there already"
  exit 0
fi
if ! command -v apt-get >/dev/null || ! command -v dpkg-deb >/dev/null; then
  echo "Suricata 8 is unpacked from Debian packages: this script needs apt-get and dpkg-deb." >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/state" "$root"
# The mirror this system already uses, whatever it is.
mirror=$(apt-get indextargets --format '$(SITE)' 2>/dev/null | grep -m 1 '/debian$' || true)
mirror=${mirror:-http://deb.debian.org/debian}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
for suite in trixie trixie-backports; do
  echo "deb [signed-by=$keyring] $mirror $suite main"
done >"$work/sources.list"
: >"$work/status"
apt=(apt-get -qq
  -o "Dir::State=$work/state" -o "Dir::State::Lists=$work/lists" -o "Dir::State::status=$work/status"
  -o "Dir::Cache=$work" -o "Dir::Cache::archives=$work/archives"
  -o "Dir::Etc::SourceList=$work/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
  -o Acquire::Languages=none -o APT::Sandbox::User= -o APT::Get::List-Cleanup=false)
"${apt[@]}" update
# An empty status file: everything down to the C library comes along, and nothing of this system is mixed in.
"${apt[@]}" -y --no-install-recommends --download-only -t trixie-backports install suricata >/dev/null
for package in "$work"/archives/*.deb; do
  dpkg-deb -x "$package" "$root"
done
echo "suricata 8: unpacked into $root; try: rulewright verify --engine-root $root RULES"
