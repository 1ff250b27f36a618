#!/bin/sh
# Installs packages for Red Hat with rpm, uses them, and erases them again, in a Debian of its own
# (scripts/toolchain/roots.sh debian), in memory. rpm knows none of the packages that are there, so
# dependencies are not looked at.
# Usage: unshare --mount --pid --fork --kill-child rpm_root.sh ROOT PACKAGE...
set -eu
root=$1
shift
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/upper /run/work /run/system
mount -t overlay overlay /run/system -o "lowerdir=$root,upperdir=/run/upper,workdir=/run/work"
system=/run/system
mount -t proc proc $system/proc
mount -t tmpfs tmpfs $system/tmp
mount --bind /dev $system/dev

files() {
  (cd $system && find . -xdev \( -path ./proc -o -path ./dev -o -path ./tmp -o -path ./root -o -path ./var/lib/rpm \) \
    -prune -o -print | sort)
}

files >/run/before
rpm --root $system --nodeps --install "$@"
for name in ns8-sendmail sendmail; do chroot $system /usr/bin/env $name --version; done
chroot $system mailq
chroot $system readlink /usr/local/bin/ns8-sendmail
rpm --root $system --erase ns8-sendmail-mta ns8-sendmail
files >/run/after
diff /run/before /run/after && echo "nothing is left"
