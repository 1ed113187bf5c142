#!/bin/sh
# Make /opt/vib/tools from the wheels that are here: install-tools.sh LOCK_FILE_IN_BASE64
set -eu
venv=/opt/vib/tools
lock=$(mktemp)
trap 'rm -f "$lock"' EXIT
printf %s "$1" | base64 --decode >"$lock"

[ -x "$venv/bin/pip" ] || python3 -m venv --clear "$venv"
"$venv/bin/pip" install --quiet --disable-pip-version-check --no-index --find-links /opt/vib/wheels \
    --require-hashes --requirement "$lock"
rm -f "$venv"/installed-*
touch "$venv/installed-$(sha256sum "$lock" | cut -d' ' -f1)"
