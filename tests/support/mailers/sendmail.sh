# The mail submission program of sendmail 8 as Debian configures it (FEATURE(`msp')): what a caller says to
# `sendmail` goes out by SMTP in the foreground. The environment names the port of the server on loopback
# (PORT). Run by package_root.sh, with the command that then runs as arguments.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
. "$(dirname -- "$0")/host.sh"
group smmsp
user smmsp smmsp
mkdir -p /etc/mail /var/spool/clientmqueue
touch /etc/mail/local-host-names
printf 'hosts files\naliases files\n' >/etc/mail/service.switch
chown smmsp:smmsp /var/spool/clientmqueue
chmod 770 /var/spool/clientmqueue
chgrp smmsp /usr/libexec/sendmail/sendmail
chmod 2755 /usr/libexec/sendmail/sendmail

# With a load above the limits messages would be queued.
m4 -D_CF_DIR_=/usr/share/sendmail/cf/ /usr/share/sendmail/cf/m4/cf.m4 - >/etc/mail/submit.cf <<END
OSTYPE(\`linux')
DOMAIN(\`generic')
define(\`confCF_VERSION', \`Submit')
define(\`confTIME_ZONE', \`USE_TZ')
define(\`confDONT_INIT_GROUPS', \`True')
define(\`confSERVICE_SWITCH_FILE', \`/etc/mail/service.switch')
define(\`confQUEUE_LA', \`100000')
define(\`confREFUSE_LA', \`100000')
define(\`RELAY_MAILER_ARGS', \`TCP \$h $PORT')
FEATURE(\`msp', \`[127.0.0.1]')
END
exec "$@" /usr/libexec/sendmail/sendmail
