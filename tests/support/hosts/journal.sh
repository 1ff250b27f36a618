# A real journald, and the executable that sends as root and as another user; prints the journal's
# records as JSON. The environment names EXECUTABLE and REDIS_ADDRESS. Run by package_root.sh.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
ldconfig
getent group systemd-journal >/dev/null || groupadd --system systemd-journal
id caller >/dev/null 2>&1 || useradd --uid 4321 --user-group --no-create-home caller
[ -s /etc/machine-id ] || echo 0123456789abcdef0123456789abcdef >/etc/machine-id
mkdir -p /run/systemd/journal "/run/log/journal/$(cat /etc/machine-id)"
# The host's own devices stay as they are.
mount -t tmpfs -o mode=755 tmpfs /dev
for device in null zero random urandom; do
  case $device in null) minor=3 ;; zero) minor=5 ;; random) minor=8 ;; urandom) minor=9 ;; esac
  mknod -m 666 "/dev/$device" c 1 "$minor"
done
ln -s /proc/self/fd /dev/fd
ln -s /run/systemd/journal/dev-log /dev/log
/usr/lib/systemd/systemd-journald &
until [ -S /run/systemd/journal/dev-log ]; do :; done

echo 'as root' | "$EXECUTABLE" -s "As root" root@example.test
echo 'as a user' | setpriv --reuid=4321 --regid=4321 --clear-groups -- "$EXECUTABLE" -s "As a user" user@example.test
journalctl --sync
journalctl --no-pager --output=json -t ns8-sendmail
