#!/usr/bin/env bash
# Copies the compiled executable to hosts over ssh, each in place of the one before in one step, and
# only after its checksum and its --version have been verified there. A host that has it already is
# left alone, and one that fails does not keep the others from it.
# Usage: deploy.sh [--to PATH] [USER@]HOST...
# To take it away again: ssh HOST rm /usr/local/bin/ns8-sendmail
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/toolchain/environment.sh"

# Agents of a cluster look there before they look where the cluster keeps its own ns8-sendmail.
TO=/usr/local/bin/ns8-sendmail
VERSION="ns8-sendmail $(sed -nE 's/^ *"version": "([^"]+)".*/\1/p' "$ROOT/deno.json")"

# On the host: says which processor it has, and which executable, if any.
# shellcheck disable=SC2016 # it is the host that expands them
ASK='uname -m; if [ -f "$1" ]; then sha256sum <"$1"; fi'

# On the host, with the executable on standard input.
# shellcheck disable=SC2016
INSTALL='
  set -eu
  umask 022
  new=$1.new.$$
  trap "rm -f -- \"\$new\"" EXIT
  cat >"$new"
  [ "$(sha256sum <"$new")" = "$2" ] || { echo "what has arrived has another checksum" >&2; exit 1; }
  chmod 755 "$new"
  version=$("$new" --version) || { echo "the executable does not run there" >&2; exit 1; }
  [ "$version" = "$3" ] || { echo "it is $version there, not $3" >&2; exit 1; }
  mv -f -- "$new" "$1"'

usage() {
  fail "Usage: deploy.sh [--to PATH] [USER@]HOST..."
}

# quote WORD...: for a shell to read.
quote() {
  local word
  for word in "$@"; do printf " '%s'" "${word//\'/\'\\\'\'}"; done
}

# on HOST SCRIPT ARGUMENT...
on() {
  ssh -C -- "$1" "sh -c$(quote "$2" sh "${@:3}")"
}

# Gives the executable for a processor, after a look whether it is whole.
executable_for() {
  local name=ns8-sendmail
  [ "$1-unknown-linux-gnu" = "$HOST_TARGET" ] || name=ns8-sendmail-$1-unknown-linux-gnu
  if ! [ -e "$ROOT/dist/$name" ]; then
    echo "dist/$name is missing (./scripts/compile.sh $1-unknown-linux-gnu)" >&2
    return 1
  fi
  if ! (cd "$ROOT/dist" && sha256sum --check --status "$name.sha256"); then
    echo "dist/$name is not what dist/$name.sha256 says" >&2
    return 1
  fi
  echo "$ROOT/dist/$name"
}

# deploy HOST: fails with the reason on standard error.
deploy() {
  local answer processor there executable checksum
  answer=$(on "$1" "$ASK" "$TO" </dev/null) || return 1
  { read -r processor && read -r there; } <<<"$answer" || there=
  executable=$(executable_for "$processor") || return 1
  checksum=$(sha256sum <"$executable")
  if [ "$there" = "$checksum" ]; then
    say "$1 has $VERSION already"
    return
  fi
  on "$1" "$INSTALL" "$TO" "$checksum" "$VERSION" <"$executable" || return 1
  say "$1 has $VERSION in $TO"
}

if [ "${1:-}" = --to ]; then
  case ${2:-} in /*) TO=$2 ;; *) usage ;; esac
  shift 2
fi
[ $# -gt 0 ] || usage
for host in "$@"; do
  case $host in "" | -*) usage ;; esac
done

exec 3>&1
failed=()
for host in "$@"; do
  why=$(deploy "$host" 2>&1 >&3) && continue
  failed+=("$host")
  printf 'Error: %s: %s\n' "$host" "$why" >&2
done
[ ${#failed[@]} -eq 0 ] || fail "Not deployed to ${failed[*]}"
