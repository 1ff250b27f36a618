# Exim with its own authenticators. The environment names a folder with key.pem and cert.pem, and the
# ports. Run by package_root.sh.
id Debian-exim >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin Debian-exim
ldconfig
mkdir -p "$FOLDER/inbox" /var/spool/exim4 /var/log/exim4
chown nobody "$FOLDER/inbox"
chown -R Debian-exim /var/spool/exim4 /var/log/exim4

cat >/etc/exim4/exim4.conf <<END
primary_hostname = mail.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = $PORT_PLAIN : $PORT_STARTTLS : $PORT_TLS : $PORT_PLAIN_LOGIN : $PORT_STARTTLS_LOGIN : $PORT_TLS_LOGIN
tls_on_connect_ports = $PORT_TLS : $PORT_TLS_LOGIN
tls_advertise_hosts = \${if or{{eq{\$received_port}{$PORT_STARTTLS}}{eq{\$received_port}{$PORT_STARTTLS_LOGIN}}}{*}}
tls_certificate = $FOLDER/cert.pem
tls_privatekey = $FOLDER/key.pem
auth_advertise_hosts = \${if or{{eq{\$received_port}{$PORT_PLAIN_LOGIN}}{and{{match{\$received_port}{^($PORT_STARTTLS_LOGIN|$PORT_TLS_LOGIN)\\\$}}{def:tls_in_cipher}}}}{*}}
smtputf8_advertise_hosts = *
message_size_limit = 20000
recipients_max = 100
log_selector = +all
log_file_path = /var/log/exim4/%slog
keep_environment =
acl_smtp_rcpt = recipient
acl_smtp_data = accept
begin acl
recipient:
  deny
    condition = \${if match{\$received_port}{^($PORT_PLAIN_LOGIN|$PORT_STARTTLS_LOGIN|$PORT_TLS_LOGIN)\\\$}}
    !authenticated = *
    message = Authentication required
  deny
    local_parts = nouser
    message = no such user
  accept
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  maildir_format
  directory = $FOLDER/inbox
  user = nobody
  group = nogroup
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_condition = \${if and{{eq{\$auth2}{$LOGIN_USER}}{eq{\$auth3}{$LOGIN_PASSWORD}}}}
  server_set_id = \$auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = \${if and{{eq{\$auth1}{$LOGIN_USER}}{eq{\$auth2}{$LOGIN_PASSWORD}}}}
  server_set_id = \$auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = \${if eq{\$auth1}{$LOGIN_USER}{$LOGIN_PASSWORD}fail}
  server_set_id = \$auth1
END
exim4 -bV >/dev/null
exec exim4 -bdf -q1h
