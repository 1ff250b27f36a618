# Postfix with Dovecot as its SASL server, as strict as a careful administrator makes it. The
# environment names a folder with key.pem and cert.pem, and the ports. Run by package_root.sh.
user() { id "$1" >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin "$1"; }
group() { getent group "$1" >/dev/null || groupadd --system "$1"; }
user postfix
group postdrop
user dovecot
user dovenull
ldconfig
mkdir -p "$FOLDER/inbox"
chown nobody "$FOLDER/inbox"

cat >/etc/dovecot/dovecot.conf <<END
protocols =
log_path = $FOLDER/dovecot.log
ssl = no
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login cram-md5
base_dir = /run/dovecot
passdb {
  driver = passwd-file
  args = scheme=PLAIN /etc/dovecot/users
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}
# Without this Dovecot lets everybody at an address wait who had a wrong password.
service anvil {
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service auth {
  unix_listener /var/spool/postfix/private/auth {
    mode = 0666
  }
}
END
echo "$LOGIN_USER:{PLAIN}$LOGIN_PASSWORD" >/etc/dovecot/users

# A policy server (Postfix, SMTPD_POLICY_README) that defers who is not known yet.
cat >"$FOLDER/greylist.sh" <<'END'
while read -r line; do
  case $line in
  recipient=*) known=$(dirname "$0")/greylist/${line#recipient=} ;;
  '')
    if [ -e "$known" ]; then
      printf 'action=dunno\n\n'
    else
      : >"$known"
      printf 'action=defer_if_permit Greylisted\n\n'
    fi
    ;;
  esac
done
END
mkdir -p "$FOLDER/greylist"
chmod 777 "$FOLDER/greylist"

cat >/etc/postfix/main.cf <<END
compatibility_level = 3.6
maillog_file = /dev/stdout
myhostname = mail.test
mydestination =
mynetworks =
inet_protocols = ipv4
smtputf8_enable = yes
message_size_limit = 20000
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtpd_recipient_limit = 100
virtual_mailbox_domains = example.test
virtual_mailbox_base = $FOLDER
virtual_mailbox_maps = static:inbox/
virtual_minimum_uid = 1
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_helo_required = yes
smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname
smtpd_sender_restrictions = reject_non_fqdn_sender
smtpd_recipient_restrictions = reject_non_fqdn_recipient,
  check_recipient_access inline:{ { nouser@example.test = 550 5.1.1 No such user } }
smtpd_relay_restrictions = permit_auth_destination, reject
smtpd_data_restrictions = reject_unauth_pipelining
smtpd_forbid_bare_newline = reject
notify_classes =
smtpd_tls_cert_file = $FOLDER/cert.pem
smtpd_tls_key_file = $FOLDER/key.pem
smtpd_sasl_type = dovecot
smtpd_sasl_path = private/auth
postscreen_access_list =
postscreen_greet_wait = 2s
postscreen_greet_action = enforce
END
LOGIN_DEMANDED="-o smtpd_sasl_auth_enable=yes
  -o { smtpd_recipient_restrictions = reject_non_fqdn_recipient,
    check_recipient_access inline:{ { nouser@example.test = 550 5.1.1 No such user } },
    permit_sasl_authenticated, reject }"
cat >/etc/postfix/master.cf <<END
127.0.0.1:$PORT_PLAIN inet n - n - - smtpd
127.0.0.1:$PORT_STARTTLS inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
127.0.0.1:$PORT_TLS inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
127.0.0.1:$PORT_PLAIN_LOGIN inet n - n - - smtpd
  -o smtpd_client_restrictions=
  $LOGIN_DEMANDED
127.0.0.1:$PORT_STARTTLS_LOGIN inet n - n - - smtpd
  -o smtpd_tls_security_level=encrypt
  -o smtpd_tls_auth_only=yes
  $LOGIN_DEMANDED
127.0.0.1:$PORT_TLS_LOGIN inet n - n - - smtpd
  -o smtpd_tls_wrappermode=yes
  $LOGIN_DEMANDED
127.0.0.1:$PORT_GREYLISTING inet n - n - - smtpd
  -o { smtpd_recipient_restrictions = check_policy_service unix:private/greylist }
greylist unix - n n - 0 spawn user=nobody argv=/bin/sh $FOLDER/greylist.sh
127.0.0.1:$PORT_PAUSE inet n - n - 1 postscreen
smtpd pass - - n - - smtpd
dnsblog unix - - n - 0 dnsblog
tlsproxy unix - - n - 0 tlsproxy
discard unix - - n - - discard
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
END
cat "$(dirname -- "$0")/../../hosts/postfix_services.cf" >>/etc/postfix/master.cf
postfix set-permissions >/dev/null 2>&1 || true
newaliases 2>/dev/null || true
dovecot
exec postfix start-fg
