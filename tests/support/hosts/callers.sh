# Runs one program of Debian's that sends mail, with the executable under test as its sendmail. The
# environment names the executable (EXECUTABLE), where Redis is (REDIS_ADDRESS), and a folder (FOLDER),
# into which each call writes its arguments. Run by package_root.sh.
# Usage: callers.sh CALLER
PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C.UTF-8
hostname node.example.org
echo "127.0.1.1 node.example.org node" >>/etc/hosts

# Callers such as cron clear the environment, and on a real host Redis is at its usual place.
cat >/usr/sbin/sendmail <<END
#!/bin/sh
{ for word in "\$@"; do printf '%s\n' "\$word"; done; echo ==; } >>$FOLDER/arguments
export REDIS_ADDRESS=$REDIS_ADDRESS
exec $EXECUTABLE "\$@"
END
chmod 755 /usr/sbin/sendmail
ln -sf /usr/sbin/sendmail /usr/lib/sendmail
ln -sf /usr/bin/bsd-mailx /usr/bin/mail
ldconfig

# The call is recorded before the program runs; the folder shows when it is done.
case $1 in
  at)
    mkdir -p /var/spool/cron/atjobs /var/spool/cron/atspool
    touch /var/spool/cron/atjobs/.SEQ
    chmod 600 /var/spool/cron/atjobs/.SEQ
    chown -R daemon:daemon /var/spool/cron/atjobs /var/spool/cron/atspool
    atd
    echo 'echo hello from at' | at now
    sleep infinity
    ;;
  cron)
    mkdir -p /var/spool/cron/crontabs
    printf 'MAILTO=ann@example.test\n@reboot root echo hello from cron\n' >/etc/cron.d/test
    chmod 644 /etc/cron.d/test
    exec cron -f
    ;;
  anacron)
    mkdir -p "$FOLDER/spool"
    printf 'MAILTO=ann@example.test\n1 0 test echo hello from anacron\n' >"$FOLDER/anacrontab"
    anacron -d -n -f -t "$FOLDER/anacrontab" -S "$FOLDER/spool"
    ;;
  s-nail) echo 'hello from s-nail' | s-nail -:/ -S mta=/usr/sbin/sendmail -s 'A subject' ann@example.test ;;
  bsd-mailx) echo 'hello from mailx' | bsd-mailx -s 'A subject' ann@example.test bob@example.test ;;
  mutt)
    echo 'attached' >"$FOLDER/note.txt"
    echo 'hello from mutt' | mutt -n -F /dev/null -e 'set sendmail="/usr/sbin/sendmail -oem -oi"' \
      -s 'Grüße' -a "$FOLDER/note.txt" -- ann@example.test
    ;;
  php)
    php8.2 -d 'sendmail_path=/usr/sbin/sendmail -t -i' \
      -r 'exit(mail("Ann <ann@example.test>", "From PHP", "hello from PHP\n", "From: web@example.test\r\nBcc: bob@example.test") ? 0 : 1);'
    ;;
  git)
    cd "$FOLDER"
    git init -q repository
    cd repository
    git config user.name Ann
    git config user.email ann@example.test
    echo x >file
    git add file
    git commit -q -m 'hello from git'
    git send-email --sendmail-cmd=/usr/sbin/sendmail --quiet --confirm=never --to=list@example.test \
      --cc='Bob [maintainer] <bob@example.test>' -1
    ;;
  mdadm) mdadm --monitor --test --oneshot --mail=root --config=/dev/null /dev/md99 ;;
  smartd)
    export SMARTD_ADDRESS=ann@example.test SMARTD_MESSAGE='hello from smartd' SMARTD_DEVICE=/dev/sda \
      SMARTD_DEVICETYPE=sat SMARTD_DEVICESTRING=/dev/sda SMARTD_FAILTYPE=EmailTest SMARTD_TFIRST=now \
      SMARTD_TFIRSTEPOCH=0 SMARTD_PREVCNT=0 SMARTD_NEXTDAYS= SMARTD_SUBJECT='SMART error (EmailTest) on node' \
      SMARTD_DEVICEINFO='A disk' SMARTD_FULLMESSAGE='hello from smartd, in full'
    /etc/smartmontools/smartd_warning.sh 2>/dev/null ||
      echo "$SMARTD_FULLMESSAGE" | /usr/share/smartmontools/smartd-runner -s "$SMARTD_SUBJECT" "$SMARTD_ADDRESS"
    ;;
  fail2ban)
    mkdir -p "$FOLDER/fail2ban" /run/fail2ban
    cp -a /etc/fail2ban/. "$FOLDER/fail2ban/"
    rm -rf "$FOLDER/fail2ban/jail.d"
    : >"$FOLDER/log"
    cat >"$FOLDER/fail2ban/jail.local" <<END
[test]
enabled = true
backend = polling
filter = sshd
logpath = $FOLDER/log
action = sendmail[name=test, dest=ann@example.test, sender=fail2ban@example.test, sendername=Fail2Ban]
END
    fail2ban-server -f -c "$FOLDER/fail2ban" -s /run/fail2ban/test.sock -p /run/fail2ban/test.pid start &
    until fail2ban-client -c "$FOLDER/fail2ban" -s /run/fail2ban/test.sock ping >/dev/null 2>&1; do :; done
    fail2ban-client -c "$FOLDER/fail2ban" -s /run/fail2ban/test.sock set test banip 192.0.2.1
    wait
    ;;
  logwatch)
    mkdir -p /var/cache/logwatch
    logwatch --output mail --mailto ann@example.test --range today --service zz-sys --detail high
    ;;
  unattended-upgrades)
    /usr/bin/python3 -B - <<'END'
import importlib.machinery, importlib.util, sys
loader = importlib.machinery.SourceFileLoader("unattended_upgrade", "/usr/bin/unattended-upgrade")
module = importlib.util.module_from_spec(importlib.util.spec_from_loader("unattended_upgrade", loader))
loader.exec_module(module)
sys.exit(module._send_mail_using_sendmail("root", "ann@example.test", "unattended-upgrades result", "hello from unattended-upgrades\n"))
END
    ;;
  apcupsd) APCUPSD_MAIL=mail SYSADMIN=root /etc/apcupsd/commfailure ups ;;
  rkhunter)
    printf 'CRON_DB_UPDATE="true"\nDB_UPDATE_EMAIL="true"\nREPORT_EMAIL="root"\n' >/etc/default/rkhunter
    sed -i 's,^WEB_CMD=.*,WEB_CMD=/bin/false,' /etc/rkhunter.conf
    mkdir -p /var/lib/rkhunter/db /var/lib/rkhunter/tmp
    sh /etc/cron.weekly/rkhunter
    ;;
  sudo)
    printf 'Defaults mail_always, mailto="ann@example.test", mailerpath=/usr/sbin/sendmail, mailerflags="-t"\nroot ALL=(ALL) ALL\n' >/etc/sudoers
    chmod 440 /etc/sudoers
    chown root:root /usr/bin/sudo /etc/sudoers /usr/lib/sudo/* 2>/dev/null || true
    sudo true
    sleep infinity
    ;;
esac
