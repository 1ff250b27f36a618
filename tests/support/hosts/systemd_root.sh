#!/bin/sh
# Boots a real systemd as the first process of a namespace, inside a whole Debian of its own
# (scripts/toolchain/roots.sh debian), with the units in FOLDER/units, and starts test.target. All that
# it writes is in memory. FOLDER is at /outside, and EXECUTABLE, if one is named, is sendmail there.
# Usage: unshare --mount --uts --ipc --pid --cgroup --fork systemd_root.sh ROOT FOLDER [EXECUTABLE]
set -eu
root=$1 folder=$2 executable=${3-}
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/upper /run/work /run/system
mount -t overlay overlay /run/system -o "lowerdir=$root,upperdir=/run/upper,workdir=/run/work"
system=/run/system
mount -t proc proc $system/proc
mount -t tmpfs -o mode=755 tmpfs $system/run
mount -t tmpfs -o mode=755 tmpfs $system/dev
for device in null:3 zero:5 full:7 random:8 urandom:9; do
  mknod -m 666 "$system/dev/${device%:*}" c 1 "${device#*:}"
done
mknod -m 666 $system/dev/tty c 5 0
mknod -m 666 $system/dev/ptmx c 5 2
mkdir $system/dev/shm $system/dev/pts $system/dev/mqueue $system/dev/hugepages
ln -s /proc/self/fd $system/dev/fd
# What a host with either kind of control groups has.
mkdir -p $system/sys/fs
mount -t tmpfs tmpfs $system/sys
mkdir -p $system/sys/fs/cgroup
mount -t tmpfs tmpfs $system/sys/fs/cgroup
mkdir $system/sys/fs/cgroup/unified $system/sys/fs/cgroup/systemd
mount -t cgroup2 cgroup2 $system/sys/fs/cgroup/unified
mount -t cgroup -o none,name=systemd cgroup $system/sys/fs/cgroup/systemd 2>/dev/null || true
mkdir -p $system/outside
mount --bind "$folder" $system/outside
if [ -n "$executable" ]; then
  cp -- "$executable" $system/usr/lib/ns8-sendmail-under-test
  ln -s ../lib/ns8-sendmail-under-test $system/usr/bin/ns8-sendmail
  ln -s ../bin/ns8-sendmail $system/usr/sbin/sendmail
fi
rm -rf $system/etc/systemd/system
cp -r -- "$folder/units" $system/etc/systemd/system
if [ -d "$folder/etc" ]; then cp -r -- "$folder/etc/." $system/etc/; fi
hostname node.example.org
echo node.example.org >$system/etc/hostname # systemd reads it
echo "127.0.1.1 node.example.org node" >>$system/etc/hosts
container=test exec /usr/sbin/chroot $system /usr/lib/systemd/systemd --system --unit=test.target \
  --log-target=null --show-status=no
