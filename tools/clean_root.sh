#!/bin/sh
# Prove README's two commands on a fresh Debian 12: a new root of its own, with only python3, git and
# make in it, and a clone of what is committed. Needs root and debootstrap. The root is removed
# afterwards; its packages are kept for the next time in $CACHE.
#
#     tools/clean_root.sh [COMMAND ...]        default: make run, then make test
set -eu

project=$(cd "$(dirname "$0")/.." && pwd)
cache=${CACHE:-$project/.cache/debootstrap}
packages=python3,git,make,ca-certificates
authorities=/usr/local/share/ca-certificates

if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
    echo "clean_root.sh needs root and debootstrap (apt-get install debootstrap)." >&2
    exit 2
fi

root=$(mktemp -d "${TMPDIR:-/tmp}/clean-root.XXXXXX")
chmod 755 "$root" # it becomes a / that everybody may enter
finish() {
    for mount in dev/shm dev proc; do
        if mountpoint -q "$root/$mount"; then umount "$root/$mount"; fi
    done
    rm -rf --one-file-system "$root"
}
trap finish EXIT
trap 'exit 130' INT TERM

mkdir -p "$cache"
debootstrap --variant=minbase --include="$packages" --cache-dir="$cache" bookworm "$root" >"$cache/log" ||
    { tail "$cache/log" >&2; exit 1; }
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs tmpfs "$root/dev/shm"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
# Where a proxy with a certificate of its own stands between this machine and the registries.
if [ -d "$authorities" ]; then
    cp -R "$authorities/." "$root$authorities"
    chroot "$root" update-ca-certificates >/dev/null 2>&1
fi
git clone --quiet "$project" "$root/home/project"
if [ -d "$project/../shared/data" ]; then # what some tests read
    mkdir -p "$root/home/shared"
    cp -R "$project/../shared/data" "$root/home/shared/"
fi

inside() {
    # shellcheck disable=SC2016 # $@ is for the shell inside
    chroot "$root" /usr/bin/env -i HOME=/root LANG=C.UTF-8 PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        sh -c 'cd /home/project && exec "$@"' sh "$@"
}
if [ $# -gt 0 ]; then
    inside "$@"
else
    inside make run
    inside make test
fi
