#!/usr/bin/env bash
# Installs, through the system's package manager, the programs that are missing.
# Usage: packages.sh PROGRAM...
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"

present() {
  case $1 in
    aiosmtpd) /usr/bin/python3 -c 'import aiosmtpd' 2>/dev/null ;;
    seccomp) /usr/bin/python3 -c 'import seccomp' 2>/dev/null ;;
    ca-certificates) [ -e /etc/ssl/certs/ca-certificates.crt ] || [ -e /etc/pki/tls/certs/ca-bundle.crt ] ;;
    *) command -v "$1" >/dev/null ;;
  esac
}

# Gives the packages that hold a program: Debian's and Fedora's, with commas between several.
packages_of() {
  case $1 in
    aiosmtpd) echo python3-aiosmtpd python3-aiosmtpd ;;
    bwrap) echo bubblewrap bubblewrap ;;
    cc) echo gcc,libc6-dev gcc,glibc-devel ;;
    gpg) echo gpg gnupg2 ;;
    ip) echo iproute2 iproute ;;
    logger) echo bsdutils util-linux ;;
    man) echo man-db man-db ;;
    dpkg-deb) echo dpkg dpkg ;;
    rpmbuild) echo rpm rpm-build ;;
    rpm2cpio) echo rpm2cpio rpm ;;
    setpriv | unshare) echo util-linux util-linux ;;
    useradd) echo passwd shadow-utils ;;
    npm) echo npm nodejs-npm ;;
    python3) echo python3-minimal python3 ;;
    redis-cli) echo redis-tools redis ;;
    redis-server) echo redis-server redis ;;
    *) echo "$1" "$1" ;;
  esac
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@" </dev/null
}

# The lists of packages are fetched only where they turn out to be missing or too old.
install_debian() {
  apt_get install --yes --no-install-recommends "$@" ||
    { apt_get update && apt_get install --yes --no-install-recommends "$@"; }
}

install_fedora() {
  dnf install --assumeyes --setopt=install_weak_deps=False "$@" </dev/null
}

missing=()
for program in $(printf '%s\n' "$@" | sort -u); do
  present "$program" || missing+=("$program")
done
[ ${#missing[@]} -gt 0 ] || exit 0

if command -v apt-get >/dev/null; then
  family=0 command='apt-get install' install=install_debian
elif command -v dnf >/dev/null; then
  family=1 command='dnf install' install=install_fedora
else
  fail "Missing programs: ${missing[*]}. Neither apt-get nor dnf is here to install them"
fi

packages=()
for program in "${missing[@]}"; do
  read -r -a names < <(packages_of "$program")
  IFS=, read -r -a names <<<"${names[family]}"
  packages+=("${names[@]}")
done

[ "$(id -u)" -eq 0 ] ||
  fail "Missing programs: ${missing[*]}. Run as root: $command ${packages[*]}"

say "Installing ${packages[*]} ($command)"
mkdir -p "$CACHE"
if ! "$install" "${packages[@]}" >"$CACHE/packages.log" 2>&1; then
  fail "$command ${packages[*]} failed: $(tail -n 1 "$CACHE/packages.log") (all of it: $CACHE/packages.log)"
fi
for program in "${missing[@]}"; do
  present "$program" || fail "$command ${packages[*]} went well, but there is still no $program"
done
