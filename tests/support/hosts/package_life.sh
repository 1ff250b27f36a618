# The life of the packages on a Debian that has no mailer: installed, used by the programs of the
# host, upgraded, removed. Says "== STEP" before each step. Run by debian_root.sh; the packages, and
# one of a later version, are in /outside, and so are the README's own commands, readme-1.sh and so on.
# REDIS_ADDRESS says where Redis is.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C.UTF-8

files() {
  find / -xdev \( -path /proc -o -path /dev -o -path /run -o -path /tmp -o -path /outside -o -path /var/lib/dpkg \
    -o -path /var/cache -o -path /var/log -o -path /var/spool -o -path /var/lib/logrotate \) -prune -o -print | sort
}

files >/tmp/before
echo "== install"
cd /outside
sh -e readme-1.sh
sh -e readme-2.sh
ns8-sendmail --version
readlink -f /usr/local/bin/ns8-sendmail
readlink -f /usr/sbin/sendmail
test -s /usr/share/man/man1/ns8-sendmail.1.gz
test -s /usr/share/doc/ns8-sendmail/THIRD-PARTY
test -x /usr/share/ns8-sendmail/10handler

echo "== first mail"
sh -e readme-3.sh
sh -e readme-4.sh

echo "== mailq"
mailq
newaliases

echo "== no other mailer is wanted"
apt-get install --simulate --no-install-recommends logwatch | grep '^Inst' || true

echo "== php"
php -r 'exit(mail("php@example.test", "From PHP", "hello from PHP") ? 0 : 1);'

echo "== logrotate"
echo line >/var/log/test.log
cat >/etc/logrotate.d/test <<END
/var/log/test.log {
  rotate 1
  postrotate
    printf 'Subject: rotated\n\nhello from logrotate\n' | sendmail logrotate@example.test
  endscript
}
END
logrotate --force /etc/logrotate.d/test
rm /etc/logrotate.d/test

echo "== cron"
printf 'MAILTO=cron@example.test\n@reboot root echo hello from cron\n' >/etc/cron.d/test
cron
until grep -q cron@example.test /outside/arrived; do sleep 0.1; done
rm /etc/cron.d/test
kill "$(cat /run/crond.pid)"

echo "== at"
atd
echo 'echo hello from at' | at now 2>/dev/null
until grep -q root@node.example.org /outside/arrived; do sleep 0.1; done
kill "$(cat /run/atd.pid)"

echo "== upgrade"
dpkg --install /outside/later/*.deb
ns8-sendmail --version
ls /usr/lib/ns8-sendmail
readlink /usr/local/bin/ns8-sendmail

echo "== remove"
sh -e readme-5.sh
rm -rf /var/log/test.log*
files >/tmp/after
diff /tmp/before /tmp/after && echo "nothing is left"
