#!/bin/sh
# Remove a scenario's containers, its network and all that leads to them: remove.sh GROUP
set -eu

engine=${ENGINE:-podman}
group=$1
CONTAINERS_CONF=$(cd "$(dirname "$0")" && pwd)/containers.conf
export CONTAINERS_CONF

# Podman waits for a host to shut down, unless it is told not to; Docker never does.
[ "$engine" = docker ] && now='' || now=--time=0
containers=$("$engine" ps --all --quiet --filter "label=vib=$group")
# shellcheck disable=SC2086 # a word a container
[ -z "$containers" ] || "$engine" rm --force $now --volumes $containers >/dev/null
networks=$("$engine" network ls --quiet --filter "label=vib=$group")
# shellcheck disable=SC2086 # a word a network
[ -z "$networks" ] || "$engine" network rm $networks >/dev/null

# Podman forgets where it led a container's ports if that died together with its monitor; a new container on
# those ports would not be heard.
if [ "$engine" = podman ] && [ "$(id -u)" -eq 0 ] && command -v iptables >/dev/null; then
    rules=$(iptables --wait --table nat --list-rules || true)
    stale=$(echo "$rules" | sed -n "s/^-A \(NETAVARK-HOSTPORT-DNAT .* name: vib-$group id: .*\)/\1/p")
    echo "$stale" | xargs --no-run-if-empty --max-lines=1 iptables --wait --table nat --delete
    for chain in $(echo "$stale" | sed -n 's/.* -j NETAVARK-DN-//p' | sort --unique); do
        echo "$rules" | sed -n "s/^-A \(POSTROUTING .* -j NETAVARK-$chain\)$/\1/p" |
            xargs --no-run-if-empty --max-lines=1 iptables --wait --table nat --delete
        for name in "NETAVARK-DN-$chain" "NETAVARK-$chain"; do
            iptables --wait --table nat --flush "$name" && iptables --wait --table nat --delete-chain "$name"
        done 2>/dev/null || true
    done
fi
