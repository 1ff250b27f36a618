#!/bin/sh
# Runs a script inside a whole Debian of its own (scripts/toolchain/roots.sh debian): a namespace whose
# root is that system. What is written there is in memory, and gone with the namespace. A folder of the
# host's is at /outside.
# Usage: unshare --mount --uts --pid --fork --kill-child debian_root.sh ROOT FOLDER SCRIPT [ARGUMENT]...
set -eu
root=$1 folder=$2 script=$3
shift 3
mount --make-rprivate /
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/upper /run/work /run/system
mount -t overlay overlay /run/system -o "lowerdir=$root,upperdir=/run/upper,workdir=/run/work"
mount -t proc proc /run/system/proc
mount --rbind /dev /run/system/dev
mkdir -p /run/system/outside
mount --bind "$folder" /run/system/outside
cp -- "$script" /run/system/tmp/script
hostname node.example.org
echo "127.0.1.1 node.example.org node" >>/run/system/etc/hosts
/usr/sbin/chroot /run/system /bin/sh -eu /tmp/script "$@" &
wait $!
