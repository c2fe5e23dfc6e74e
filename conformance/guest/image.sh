#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Makes the Linux guest of the guest suite from Debian packages: kernel, initrd and root image.
#
#   conformance/guest/image.sh DIR      what is in DIR already, of the same recipe, stays as it is
#
# DIR gets vmlinuz, initrd.gz, root.img and recipe (what they were made from). About two minutes and
# 2 GB on the way. Needs root (debootstrap makes device files and runs programs of the root), the
# packages of `cmake/setup.sh guest` and Debian's archive.
set -euo pipefail

directory=${1:?directory expected}
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
suite=bookworm
packages=open-iscsi,sg3-utils,fio,e2fsprogs,kmod,iproute2,procps,udev,netbase
# What the kernel needs beside what these need themselves; the first line is for the initrd.
early_modules=(virtio_pci virtio_blk ext4)
modules=(virtio_net e1000 9p 9pnet_virtio fcoe iscsi_tcp sd_mod sg crc32c_generic)

fail() {
    echo "lunquake: guest: $*" >&2
    exit 3
}

recipe=$(cat "$here/image.sh" "$here/init" | sha256sum)
if [ "$(cat "$directory/recipe" 2>/dev/null)" = "$recipe" ]; then
    exit 0
fi
[ "$(id -u)" -eq 0 ] || fail "the image can be made by root only (debootstrap); expected root;" \
    "run: sudo $0 $directory"
for tool in debootstrap mke2fs busybox depmod cpio dpkg-deb; do
    command -v "$tool" >/dev/null || fail "$tool is missing; expected the guest's packages;" \
        "run cmake/setup.sh guest"
done

mkdir -p "$directory"
work=$(mktemp -d "$directory/work.XXXXXX")
trap 'rm -rf "$work"' EXIT

# The kernel: unpacked, not installed.
package=$(apt-cache depends linux-image-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')
[ -n "$package" ] || fail "no kernel is known to apt; expected Debian's lists; run apt-get update"
version=${package#linux-image-}
(cd "$work" && apt-get -q download "$package") || fail "the kernel $package was not found"
dpkg-deb -x "$work"/linux-image-*.deb "$work/kernel"
depmod -b "$work/kernel" "$version"

# copy_modules ROOT MODULE ...: those and what they depend on, as a list of paths in ROOT.
copy_modules() {
    local root=$1 module
    shift
    for module in "$@"; do
        modprobe -d "$work/kernel" -S "$version" --show-depends "$module"
    done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r path; do
        local relative=${path#"$work/kernel/"}
        install -D -m 644 "$path" "$root/$relative"
        echo "/$relative"
    done
}

# The initrd: a shell, the modules of the root's disk.
initrd=$work/initrd
mkdir -p "$initrd"/{bin,dev,proc,sys,root}
cp "$(command -v busybox)" "$initrd/bin/busybox"
copy_modules "$initrd" "${early_modules[@]}" >"$initrd/modules"
cat >"$initrd/init" <<'END'
#!/bin/busybox sh
/bin/busybox mount -t devtmpfs dev /dev
/bin/busybox mount -t proc proc /proc
while read -r module; do /bin/busybox insmod "$module"; done </modules
/bin/busybox mount -t ext4 /dev/vda /root
/bin/busybox umount /proc
/bin/busybox mount --move /dev /root/dev
exec /bin/busybox switch_root /root /sbin/guest-init
END
chmod 755 "$initrd/init"
(cd "$initrd" && find . | cpio --quiet -o -H newc | gzip -1) >"$work/initrd.gz"

# The root.
root=$work/root
debootstrap --variant=minbase --include="$packages" "$suite" "$root" >"$work/debootstrap.log" 2>&1 ||
    { tail "$work/debootstrap.log" >&2; fail "debootstrap failed, see above"; }
mkdir -p "$root/lib/modules/$version" "$root/share" "$root/run/lock/iscsi"
copy_modules "$root" "${early_modules[@]}" "${modules[@]}" >/dev/null
cp "$work/kernel/lib/modules/$version"/modules.{builtin,builtin.modinfo,order} \
    "$root/lib/modules/$version/"
depmod -b "$root" "$version"
install -m 755 "$here/init" "$root/sbin/guest-init"
sed -i 's/^iscsid.startup/#&/' "$root/etc/iscsi/iscsid.conf"
echo 'InitiatorName=iqn.2026-11.example.guest:initiator' >"$root/etc/iscsi/initiatorname.iscsi"
rm -rf "$root/var/cache/apt" "$root/var/lib/apt/lists" "$root/usr/share/"{doc,man,locale}
kilobytes=$(du -sk "$root" | cut -f1)
mke2fs -q -t ext4 -d "$root" "$work/root.img" $((kilobytes * 5 / 4 + 65536))k

mv "$work/root.img" "$work/initrd.gz" "$directory/"
cp "$work/kernel/boot/vmlinuz-$version" "$directory/vmlinuz"
echo "$recipe" >"$directory/recipe"
