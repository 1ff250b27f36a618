#!/usr/bin/env bash
# Unpacks Debian packages that cannot be installed side by side (mail servers exclude each other), or
# that the host should not get, each set into a folder of its own: .cache/roots/NAME. Tests lay such a
# folder over the host's files in a mount namespace (tests/support/hosts/package_root.ts). Packages
# that the host has already are not fetched.
# Usage: roots.sh [NAME]..., without a name all of them
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"

# The sets, and the packages of each.
packages_of() {
  case $1 in
    postfix) echo postfix dovecot-core dovecot-submissiond ;;
    exim) echo exim4-daemon-light ;;
    opensmtpd) echo opensmtpd ;;
    sendmail) echo sendmail-bin sendmail-cf m4 ;;
    callers)
      echo at cron anacron s-nail bsd-mailx mutt php-cli git-email libmailtools-perl mdadm smartmontools fail2ban logwatch \
        unattended-upgrades apcupsd rkhunter sudo
      ;;
    *) fail "There is no set of packages called $1" ;;
  esac
}

# A whole Debian without a mailer, for the packages of this project: its packages beside the minimum.
DEBIAN_PACKAGES=cron,at,logrotate,php-cli,procps,systemd

# bootstrap: makes .cache/roots/debian, of the release that the host has, from where the host gets it.
bootstrap() {
  local sources=()
  if [ "$(cat "$CACHE/roots/debian/.packages" 2>/dev/null)" = "$DEBIAN_PACKAGES" ]; then return; fi
  say "Bootstrapping a Debian with $DEBIAN_PACKAGES to .cache/roots/debian"
  mapfile -t sources < <(find /etc/apt/sources.list /etc/apt/sources.list.d -maxdepth 1 -type f \( -name '*.list' -o -name '*.sources' \) 2>/dev/null)
  mkdir -p "$CACHE/roots"
  mmdebstrap --quiet --variant=minbase --include="$DEBIAN_PACKAGES" --skip=cleanup/apt \
    "$(. /etc/os-release && echo "$VERSION_CODENAME")" "$WORK/debian" "${sources[@]}" >"$CACHE/packages.log" 2>&1 ||
    fail "mmdebstrap failed: $(tail -n 1 "$CACHE/packages.log") (all of it: $CACHE/packages.log)"
  echo "$DEBIAN_PACKAGES" >"$WORK/debian/.packages"
  rm -rf -- "$CACHE/roots/debian"
  mv -- "$WORK/debian" "$CACHE/roots/debian"
}

# fetch NAME PACKAGE...: puts the archives of what the host lacks into $WORK/archives.
fetch() {
  local archives=$WORK/archives
  mkdir -p "$archives/partial"
  # Conflicts do not matter, since nothing is installed.
  apt-get -qq -y --no-install-recommends --download-only --reinstall -o Debug::NoLocking=1 \
    -o Dir::Cache::archives="$archives" -o APT::Sandbox::User=root install "$@" </dev/null
}

# unpack NAME
unpack() {
  local packages archive
  read -r -a packages < <(packages_of "$1")
  if [ "$(cat "$CACHE/roots/$1/.packages" 2>/dev/null)" = "${packages[*]}" ]; then return; fi
  say "Unpacking ${packages[*]} to .cache/roots/$1"
  rm -rf -- "$WORK/archives" "$WORK/root"
  mkdir -p "$WORK/root" "$CACHE/roots"
  if ! fetch "${packages[@]}" >"$CACHE/packages.log" 2>&1; then
    apt-get -qq update >>"$CACHE/packages.log" 2>&1 && fetch "${packages[@]}" >>"$CACHE/packages.log" 2>&1 ||
      fail "Cannot fetch ${packages[*]}: $(tail -n 1 "$CACHE/packages.log") (all of it: $CACHE/packages.log)"
  fi
  for archive in "$WORK"/archives/*.deb; do dpkg-deb --extract "$archive" "$WORK/root"; done
  # On the host /lib and /bin are links into /usr; a folder laid over them would hide all else.
  for folder in bin sbin lib lib64; do
    [ -d "$WORK/root/$folder" ] || continue
    mkdir -p "$WORK/root/usr/$folder"
    cp -a --link -- "$WORK/root/$folder/." "$WORK/root/usr/$folder/"
    rm -rf -- "${WORK:?}/root/$folder"
  done
  echo "${packages[*]}" >"$WORK/root/.packages"
  rm -rf -- "$CACHE/roots/$1"
  mv -- "$WORK/root" "$CACHE/roots/$1"
}

command -v apt-get >/dev/null || { say "No apt-get: the tests with Debian's mail servers are left out" && exit; }
[ "$(id -u)" -eq 0 ] || { say "Not root: the tests with Debian's mail servers are left out" && exit; }
lock_cache
work_folder roots
[ $# -gt 0 ] || set -- postfix exim opensmtpd sendmail callers debian
for name in "$@"; do
  if [ "$name" = debian ]; then bootstrap; else unpack "$name"; fi
done
