# OpenSMTPD, in the clear and without logins: Debian's build cannot do TLS with OpenSSL 3. The
# environment names a folder and the port. Run by package_root.sh.
for user in opensmtpd opensmtpq; do
  id "$user" >/dev/null 2>&1 || useradd --system --no-create-home --home-dir /run/opensmtpd --shell /usr/sbin/nologin "$user"
done
ldconfig
mkdir -p "$FOLDER/inbox" /run/opensmtpd /var/empty
chown nobody "$FOLDER/inbox"
echo mail.test >/etc/mailname
cat >/etc/smtpd.conf <<END
smtp max-message-size "20000"
smtp limit max-rcpt 100
listen on 127.0.0.1 port $PORT_PLAIN hostname mail.test
table everyone { "@" = nobody }
action "box" maildir "$FOLDER/inbox" virtual <everyone>
match from any for rcpt-to "nouser@example.test" reject
match from any for any action "box"
END
exec smtpd -d -f /etc/smtpd.conf
