# Postfix as a null client: what a caller says to `sendmail` goes through its queue, and out by SMTP. The
# environment names the port of the server on loopback (PORT). Run by package_root.sh, with the command that
# then runs as arguments.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
. "$(dirname -- "$0")/host.sh"
group postfix
user postfix postfix
group postdrop

cat >/etc/postfix/main.cf <<END
compatibility_level = 3.6
maillog_file = /dev/stdout
myhostname = node.example.org
mydestination =
inet_interfaces = loopback-only
inet_protocols = ipv4
relayhost = [127.0.0.1]:$PORT
smtputf8_enable = yes
smtp_tls_security_level = none
smtp_connection_cache_on_demand = no
disable_dns_lookups = yes
default_destination_concurrency_limit = 4
in_flow_delay = 0
alias_maps =
alias_database =
notify_classes =
END
cat >/etc/postfix/master.cf <<END
smtp unix - - n - - smtp
END
cat "$(dirname -- "$0")/../hosts/postfix_services.cf" >>/etc/postfix/master.cf
postfix set-permissions >/dev/null 2>&1 || true
postfix start-fg >&2 &
until postfix status >/dev/null 2>&1; do kill -0 $!; done
exec "$@" /usr/sbin/sendmail /var/spool/postfix
