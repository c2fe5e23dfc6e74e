#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What the guest does, by /share/arguments: CASE SECONDS [PORT]. It finds a disk over FCoE or iSCSI,
# makes a file system on it, writes and verifies in it, and checks it. Each line that starts with
# "guest:" is for the host; the last one is "guest: passed" when all was well.
read -r case seconds port </share/arguments

die() {
    echo "guest: FAILED: $*"
    dmesg | tail -40
    exit 1
}

# Waits for a disk that is not the root's.
wait_for_disk() {
    i=0
    while [ $i -lt 60 ]; do
        for disk in /dev/sd?; do
            [ -b "$disk" ] && return
        done
        i=$((i + 1))
        sleep 1
    done
    die "no disk came within 60 s"
}

start_fcoe() {
    ip link set eth0 mtu 2500 2>/dev/null
    ip link set eth0 up || die "there is no eth0"
    modprobe fcoe || die "there is no fcoe module"
    echo eth0 >/sys/bus/fcoe/ctlr_create
    [ "$1" = fabric ] || echo VN2VN >/sys/bus/fcoe/devices/ctlr_0/mode
    echo 1 >/sys/bus/fcoe/devices/ctlr_0/enabled
}

# The host's loopback is 10.0.2.2; a target that SendTargets cannot name that gets a static record.
start_iscsi() {
    ip addr add 10.0.2.15/24 dev eth0
    ip link set eth0 up || die "there is no eth0"
    modprobe iscsi_tcp || die "there is no iscsi_tcp module"
    iscsid
    target=iqn.2026-11.org.lunquake:t0
    iscsiadm -m node -o new -T $target -p "10.0.2.2:$port" >/dev/null || die "no record was made"
    iscsiadm -m node -T $target -o update -n node.conn[0].timeo.noop_out_interval -v 2
    iscsiadm -m node -T $target -o update -n node.conn[0].timeo.noop_out_timeout -v 3
    iscsiadm -m node -T $target -p "10.0.2.2:$port" --login || die "no login"
}

# A second N_Port on the same ENode (FDISC) sees the same LUN as another disk.
try_npiv() {
    host=$(ls -d /sys/class/fc_host/host* | head -n 1)
    echo 2001525400abcdef:1000525400abcdef >"$host/vport_create" || die "no vport could be made"
    i=0
    while [ $i -lt 30 ]; do
        [ "$(ls -d /sys/class/fc_host/host* | wc -l)" = 2 ] &&
            [ "$(ls /dev/sd? | wc -l)" = 2 ] && break
        i=$((i + 1))
        sleep 1
    done
    [ $i -lt 30 ] || die "the vport found no disk"
    other=$(ls /dev/sd? | grep -v "$disk")
    sg_inq "$other" | grep -q 'Product identification' || die "INQUIRY by the vport failed"
    echo "guest: a vport found $other"
}

modprobe -a virtio_net e1000 sd_mod sg
sleep 1
dmesg -C
echo 60 >/proc/sys/kernel/hung_task_timeout_secs
case "$case" in
iscsi*) start_iscsi ;;
*vn2vn*) start_fcoe vn2vn ;;
*) start_fcoe fabric ;;
esac
wait_for_disk
echo "guest: disk $disk"
sg_inq "$disk" | grep 'Product identification' || die "INQUIRY failed"
mkfs.ext4 -q "$disk" || die "mkfs.ext4 failed"
mkdir -p /mnt
mount "$disk" /mnt || die "mount failed"
echo "guest: verifying"
fio --name=verify --directory=/mnt --ioengine=libaio --direct=1 --rw=randwrite --bs=4k \
    --iodepth=8 --size=48M --verify=crc32c --verify_fatal=1 --verify_backlog=256 --time_based \
    --runtime="$seconds" >/tmp/fio.log 2>&1 || { cat /tmp/fio.log; die "fio failed"; }
echo "guest: verified"
[ "$case" = fabric ] && try_npiv
grep -E 'issued rwts|WRITE:|READ:' /tmp/fio.log
umount /mnt || die "umount failed"
e2fsck -fn "$disk" >/tmp/fsck.log 2>&1 || { cat /tmp/fsck.log; die "the file system is damaged"; }
dmesg | grep -E 'Buffer I/O error|blk_update_request: I/O error|hung_task|blocked for more than' &&
    die "the kernel complains"
dmesg | tail -n 15
echo "guest: passed"
