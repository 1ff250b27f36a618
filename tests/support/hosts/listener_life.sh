#!/bin/bash
# The life of the listener on a Debian without an agent, by the README's commands: readme-1.sh and so on
# in /outside. systemd runs it as a unit (systemd_root.sh). Says "== STEP" before each step; "== end"
# comes last. After "== listening" somebody has to publish the event.
set -eu
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C.UTF-8

UNIT=ns8-sendmail-listener

files() { find /etc /usr -xdev -print | sort; }

# logged TEXT: waits until the listener has said it.
logged() { until journalctl --sync && journalctl -u $UNIT | grep -q "$1"; do sleep 0.1; done; }

install -D -m 755 /outside/10handler /usr/share/ns8-sendmail/10handler
files >/run/before

echo "== steps"
bash -e /outside/readme-1.sh
# What deploy.sh and scp do, see deploy_test.ts.
cp /outside/$UNIT /usr/local/bin/$UNIT-1
ln -s $UNIT-1 /usr/local/bin/$UNIT
cp /outside/$UNIT.service /etc/systemd/system/
bash -e /outside/readme-2.sh
logged "Listening to Redis"

echo "== listening"
logged "ended with status"
journalctl -u $UNIT --output=short
# logger is often gone before journald looks which unit it belongs to.
journalctl -t ns8-sendmail --output=cat

echo "== severities"
journalctl -u $UNIT --output=json | grep -o '"PRIORITY":"[0-9]"' | sort -u

echo "== uninstall"
bash -e /outside/readme-3.sh
systemctl show --property=ActiveState,LoadState $UNIT

echo "== what is left"
files >/run/after
diff /run/before /run/after && echo "nothing is left"

echo "== end"
