#!/usr/bin/env bash
# Makes a checkout ready: what is installed is used, the rest is fetched; a second run changes
# nothing and needs no network. Writes nothing outside the checkout but what the system's package
# manager installs.
# Usage: setup.sh [--quickstart | --tests] [TARGET]
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/toolchain/environment.sh"
# shellcheck source=scripts/toolchain/checksums.sh
. "$ROOT/scripts/toolchain/checksums.sh"

# openssl makes a certificate for the warm-up, see compile.sh.
programs=(openssl) roots=()
case ${1:-} in
  --quickstart)
    programs+=(redis-server)
    shift
    ;;
  --tests)
    roots=(postfix exim opensmtpd sendmail callers debian)
    programs+=(redis-server redis-cli logger setpriv python3 aiosmtpd bwrap unshare useradd strace s-nail msmtp man zsh cc seccomp
      mmdebstrap dpkg-deb rpmbuild rpm2cpio ip hostname)
    shift
    ;;
esac
target=${1:-$HOST_TARGET}

# These are only needed to download.
if ! [ -x "$DENO" ] || ! [ -x "$ESBUILD" ] || ! ls "$CACHE"/deno-*/denort-"$target" >/dev/null 2>&1; then
  programs+=(curl ca-certificates unzip)
fi

"$ROOT/scripts/toolchain/packages.sh" "${programs[@]}"
"$ROOT/scripts/toolchain/toolchain.sh" "$target"
if [ ${#roots[@]} -gt 0 ]; then "$ROOT/scripts/toolchain/roots.sh" "${roots[@]}"; fi
