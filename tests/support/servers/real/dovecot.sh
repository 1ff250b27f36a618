# Dovecot alone, with a configuration of the test's. The environment names its folder. Run by
# package_root.sh.
for user in dovecot dovenull; do
  id "$user" >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin "$user"
done
ldconfig
exec dovecot -F -c "$FOLDER/dovecot.conf"
