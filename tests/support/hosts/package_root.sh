#!/bin/sh
# Lays a set of unpacked packages (scripts/toolchain/roots.sh) over the host's files in a mount
# namespace of its own, and runs a script there. All that is written to /usr, /etc, /var and /run is
# in memory, and gone with the namespace.
# Usage: unshare --mount --pid --fork --kill-child package_root.sh ROOT SCRIPT [ARGUMENT]...
set -eu
root=$1
shift
mount --make-rprivate /
mount -t proc proc /proc
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/over
# A copy, since no layer may lie inside another one.
cp -a -- "$root" /run/over/packages
for folder in usr etc var; do
  mkdir -p "/run/over/packages/$folder" "/run/over/upper/$folder" "/run/over/work/$folder"
  mount -t overlay overlay "/$folder" \
    -o "lowerdir=/run/over/packages/$folder:/$folder,upperdir=/run/over/upper/$folder,workdir=/run/over/work/$folder"
done
# This shell stays, as the first process of the namespace: the kernel ends it, and with it all others,
# when whoever started it is gone. A server that changes its user would lose that.
# Standard input would be /dev/null in the background.
exec 3<&0
/bin/sh -eu "$@" <&3 3<&- &
wait $!
