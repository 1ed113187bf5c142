#!/bin/sh
# Print the name of the hosts' image, made if it is not there: image.sh [podman|docker]
# Debian 12 itself comes from a registry of images (debian:bookworm), or, where BASE is empty and this
# is root with mmdebstrap, from Debian's packages, once.
set -eu

engine=${1:-podman}
here=$(cd "$(dirname "$0")" && pwd)
image=localhost/vib-host:$(sha256sum "$here/Containerfile" | cut -c1-12)
export CONTAINERS_CONF="$here/containers.conf"

if ! "$engine" image inspect "$image" >/dev/null 2>&1; then
    base=${BASE:-debian:bookworm}
    if [ -z "${BASE:-}" ] && [ "$(id -u)" -eq 0 ] && command -v mmdebstrap >/dev/null; then
        base=localhost/vib-debian:bookworm
        if ! "$engine" image inspect "$base" >/dev/null 2>&1; then
            mmdebstrap --quiet --variant=minbase --include=ca-certificates bookworm - |
                "$engine" import - "$base" >&2
        fi
    fi
    "$engine" build --quiet --build-arg BASE="$base" --tag "$image" "$here" >&2
fi
echo "$image"
