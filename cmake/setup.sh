#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Installs the Debian packages that a purpose needs, and nothing when they are there already.
#
#   cmake/setup.sh run      build the program; qemu-img with its iSCSI driver
#   cmake/setup.sh test     everything that tests and benchmarks use (./check); includes run
#   cmake/setup.sh guest    the Linux guest of conformance/guest and its tshark; includes run
#
# Made for Debian 12; as root, or as a user who may use sudo.
set -euo pipefail

run_packages=(
    gcc libc6-dev cmake ninja-build pkg-config libisal-dev libsqlite3-dev libjansson-dev
    qemu-utils qemu-block-extra
)
test_packages=(
    git python3 python3-pytest libcunit1-dev lcov libpcap-dev
    clang libclang-rt-14-dev llvm
    gcc-i686-linux-gnu libc6-dev-i386-cross gcc-s390x-linux-gnu libc6-dev-s390x-cross qemu-user
    libiscsi-dev libiscsi-bin tgt sg3-utils
    tshark sqlite3 parallel chromium
    fuse3 libfuse3-dev
)

guest_packages=(
    qemu-system-x86 seabios ipxe-qemu debootstrap busybox-static kmod cpio e2fsprogs iproute2
    python3 tshark
)

case "${1-}" in
run) packages=("${run_packages[@]}") ;;
test) packages=("${run_packages[@]}" "${test_packages[@]}") ;;
guest) packages=("${run_packages[@]}" "${guest_packages[@]}") ;;
*)
    echo "lunquake: setup: unknown purpose '${1-}'; run, test or guest expected" >&2
    exit 2
    ;;
esac

installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii  *//p')
missing=()
for package in "${packages[@]}"; do
    grep -qxF "$package" <<<"$installed" || missing+=("$package")
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

if ! command -v apt-get >/dev/null; then
    echo "lunquake: setup: no apt-get here; Debian 12 expected; install: ${missing[*]}" >&2
    exit 3
fi
as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "lunquake: setup: packages are missing and there is no sudo; as root run:" \
             "apt-get install ${missing[*]}" >&2
        exit 3
    fi
    as_root=(sudo)
fi
echo "Installing ${missing[*]}"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${as_root[@]}" apt-get -q update &&
       "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
           apt-get -q install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 </dev/null; then
    tail -n 20 "$log" >&2
    echo "lunquake: setup: apt-get failed, see above; packages wanted: ${missing[*]}" >&2
    exit 3
fi

# The tests start tgt themselves, on ports of their own; nobody asked for the system's service.
case " ${missing[*]} " in
*" tgt "*) "${as_root[@]}" systemctl disable --now tgt >/dev/null 2>&1 || true ;;
esac
