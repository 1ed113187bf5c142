#!/bin/sh
# Print the name of the hosts' image, made if it is not there; `image.sh base` prints that of Debian alone.
# Debian 12 itself comes from a registry of images (debian:bookworm, or BASE), or, where BASE is empty and
# this is root with mmdebstrap, from Debian's packages, once.
set -eu

engine=${ENGINE:-podman}
here=$(cd "$(dirname "$0")" && pwd)
export CONTAINERS_CONF="$here/containers.conf"

lacks() {
    ! "$engine" image inspect "$1" >/dev/null 2>&1
}

base=${BASE:-debian:bookworm}
if [ "$engine" = podman ] && [ -z "${BASE:-}" ] && [ "$(id -u)" -eq 0 ] && command -v mmdebstrap >/dev/null; then
    base=localhost/vib-debian:bookworm
    if lacks "$base"; then
        tar=$(mktemp)
        trap 'rm -f "$tar"' EXIT
        mmdebstrap --quiet --variant=minbase --include=ca-certificates --format=tar bookworm "$tar" >&2
        "$engine" import --quiet "$tar" "$base" >&2
    fi
fi
image=$base
if [ "${1:-}" != base ]; then
    image=localhost/vib-host:$(sha256sum "$here/Containerfile" | cut -c1-12)
    if lacks "$image"; then
        "$engine" build --quiet --build-arg BASE="$base" --tag "$image" "$here" >&2
    fi
fi
echo "$image"
