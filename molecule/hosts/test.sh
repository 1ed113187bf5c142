#!/bin/sh
# Test a scenario, or all, and leave no host behind, however it ends: test.sh [SCENARIO]
set -eu

here=$(cd "$(dirname "$0")" && pwd)
case ${1:-} in
    '') set -- --all && groups="one cluster" ;;
    cluster) set -- -s "$1" && groups=cluster ;;
    *) set -- -s "$1" && groups=one ;;
esac

finish() {
    trap '' INT TERM
    if kill -TERM "-$molecule" 2>/dev/null; then
        wait "$molecule" || true
    fi
    for group in $groups; do
        "$here/remove.sh" "$group"
    done
}

# In a session of its own, all of whose processes end if this does.
setsid molecule test "$@" &
molecule=$!
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
wait "$molecule"
