#!/bin/bash
# The life of the packages on a Debian: installed in the place of another mailer, used by the programs
# of the host, upgraded, removed. systemd runs it as a unit (systemd_root.sh). Says "== STEP" before each
# step, and "-- SECONDS" after it; "== end" comes last. The packages, and one of a later version, are in
# /outside, and so are the README's own commands: readme-1.sh and so on. REDIS_ADDRESS says where Redis is.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C.UTF-8

began=
step() {
  local now=${EPOCHREALTIME/[.,]/}
  if [ -n "$began" ]; then printf -- '-- %d.%03d\n' $(((now - began) / 1000000)) $(((now - began) / 1000 % 1000)); fi
  echo "== $1"
  began=${EPOCHREALTIME/[.,]/}
}

files() {
  find / -xdev \( -path /proc -o -path /dev -o -path /run -o -path /tmp -o -path /outside -o -path /var/lib/dpkg \
    -o -path /var/cache -o -path /var/log -o -path /var/spool -o -path /var/lib/logrotate \) -prune -o -print | sort
}

# readme NUMBER: runs a block of the README as it is, and says yes to every question.
readme() { yes 2>/dev/null | bash -e "/outside/readme-$1.sh"; }

# Waits until a mail has arrived.
arrived() { until grep -q "$1" /outside/arrived; do sleep 0.1; done; }

cd /outside
# Only what is in /outside is installed: the test needs no network.
echo 'APT::Install-Recommends "false";' >/etc/apt/apt.conf.d/test
files >/tmp/before

step "another mailer"
dpkg --install other-mailer.deb needs-mailer.deb

step "install"
readme 1

step "install as sendmail"
readme 2

step "check"
readme 3

step "first mail"
readme 4

step "log line"
journalctl --sync
readme 5

step "what is replaced"
dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' '*-mailer'

step "what is installed"
ns8-sendmail --version
readlink -f /usr/local/bin/ns8-sendmail
readlink -f /usr/sbin/sendmail
test -s /usr/share/man/man1/ns8-sendmail.1.gz
test -s /usr/share/doc/ns8-sendmail/THIRD-PARTY
test -x /usr/share/ns8-sendmail/10handler

step "mailq"
mailq
newaliases

step "no other mailer is wanted"
apt-get install --simulate --no-install-recommends logwatch | grep '^Inst' || true

step "php"
php -r 'exit(mail("php@example.test", "From PHP", "hello from PHP") ? 0 : 1);'

step "logrotate's unit"
echo line >/var/log/test.log
cat >/etc/logrotate.d/test <<END
/var/log/test.log {
  size 1
  rotate 1
  postrotate
    printf 'Subject: rotated\n\nhello from logrotate\n' | sendmail logrotate@example.test
  endscript
}
END
systemctl start logrotate.service
rm /etc/logrotate.d/test

step "a unit that fails"
systemctl start fails.service || true
arrived onfailure@example.test

step "cron"
printf 'MAILTO=cron@example.test\n@reboot root echo hello from cron\n' >/etc/cron.d/test
systemctl start cron.service
arrived cron@example.test
rm /etc/cron.d/test
systemctl stop cron.service

step "at"
systemctl start atd.service
echo 'echo hello from at' | at now 2>/dev/null
arrived root@node.example.org
systemctl stop atd.service

step "upgrade"
readme 6

step "what is upgraded"
ns8-sendmail --version
ls /usr/lib/ns8-sendmail
readlink /usr/local/bin/ns8-sendmail

step "a file that is there already"
rm /usr/local/bin/ns8-sendmail
echo other >/usr/local/bin/ns8-sendmail
dpkg --install "$(ls ns8-sendmail_*.deb | tail -n 1)" 2>&1
cat /usr/local/bin/ns8-sendmail
rm /usr/local/bin/ns8-sendmail

step "a mailer is needed"
readme 7 2>&1 || true
dpkg --purge needs-mailer

step "uninstall"
readme 7

step "what is left"
rm -rf /var/log/test.log*
files >/tmp/after
diff /tmp/before /tmp/after && echo "nothing is left"

step "end"
