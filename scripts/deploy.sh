#!/usr/bin/env bash
# Copies the compiled executable, its manual page and its completions to several hosts at once over
# ssh. On a host the file gets a name with its version and checksum, and is tried there; then the link
# ns8-sendmail is switched to it in one step. So a program that starts at that moment never finds half
# of a file, and one that runs keeps its own file: the version before stays until the next one comes.
# A host that has the file already is left alone. A host that fails does not stop the others.
# The README's chapter "Upgrade and uninstall" has the command that takes it away again.
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/toolchain/environment.sh"

USAGE="Usage: deploy.sh [--listener] [--to PATH] [USER@]HOST..."
HELP="$USAGE

Copies dist/ns8-sendmail, its manual page and its completions to hosts over ssh. Root may write to
/usr/local/bin there. A host that has this version already is left alone.

  --listener  copies dist/ns8-sendmail-listener instead, for hosts without an agent of the cluster
  --to PATH   where it is to be called; default /usr/local/bin/ns8-sendmail
  --help      prints this text

Example: ./scripts/deploy.sh root@node1.example.org root@node2.example.org"

VERSION=$(project_version)

# Runs on the host: prints a mark, then the processor and the checksum of the executable, if there is
# one. What a login shell prints before the mark is ignored.
# shellcheck disable=SC2016 # it is the host that expands them
ASK='echo; echo "@@ $(uname -m)"; if [ -f "$1" ]; then sha256sum <"$1"; fi'

# Runs on the host, with the compressed executable on standard input: PATH CHECKSUM NAME VERSION.
# shellcheck disable=SC2016
INSTALL='
  set -eu
  umask 022
  to=$1 checksum=$2 name=$3 version=$4
  [ ! -d "$to" ] || { echo "$to is a folder" >&2; exit 1; }
  folder=$(dirname -- "$to")
  new=$(mktemp -- "$folder/.ns8-sendmail.XXXXXXXX")
  link=$new.link
  trap "rm -f -- \"\$new\" \"\$link\"" EXIT
  gzip -dc >"$new" || { echo "what has arrived is not whole" >&2; exit 1; }
  [ "$(sha256sum <"$new")" = "$checksum" ] || { echo "what has arrived has another checksum" >&2; exit 1; }
  chmod 755 "$new"
  there=$("$new" --version) || { echo "the executable does not run there" >&2; exit 1; }
  [ "$there" = "$name $version" ] || { echo "it is $there there, not $name $version" >&2; exit 1; }
  before=$(readlink -- "$to" || true)
  real=$(basename -- "$to")-$version-$(printf %.8s "$checksum")
  mv -fT -- "$new" "$folder/$real"
  ln -s -- "$real" "$link"
  mv -fT -- "$link" "$to"
  for file in "$to"-[0-9]*-????????; do
    case $file in
      "$folder/$real" | "$folder/$before") ;;
      *) rm -f -- "$file" ;;
    esac
  done'

# Runs on the host, with a document on standard input: PATH.
# shellcheck disable=SC2016
WRITE='set -eu; umask 022; mkdir -p -- "$(dirname -- "$1")"; cat >"$1.new"; mv -fT -- "$1.new" "$1"'

# quote WORD...: prints the words quoted for a shell.
quote() {
  local word
  for word in "$@"; do printf " '%s'" "${word//\'/\'\\\'\'}"; done
}

# run_on HOST SCRIPT ARGUMENT...: runs a script on a host.
run_on() {
  ssh -- "$1" "sh -c$(quote "$2" sh "${@:3}")"
}

# one_line TEXT: prints the output of a host on one line, without control characters.
one_line() {
  tr -s '\n' ' ' <<<"$1" | LC_ALL=C tr -cd '[:print:]' | cut -c 1-300 | sed 's/ *$//'
}

# executable_for PROCESSOR: prints the path of the executable; fails if its checksum is wrong.
executable_for() {
  local name=$NAME
  [ "$1-unknown-linux-gnu" = "$HOST_TARGET" ] || name=$NAME-$1-unknown-linux-gnu
  if ! [ -e "$ROOT/dist/$name" ]; then
    echo "dist/$name is missing (./scripts/$COMPILE $1-unknown-linux-gnu)" >&2
    return 1
  fi
  if ! (cd "$ROOT/dist" && sha256sum --check --status "$name.sha256"); then
    echo "dist/$name is not what dist/$name.sha256 says" >&2
    return 1
  fi
  echo "$ROOT/dist/$name"
}

# processor_in ANSWER: prints the processor that the host has named.
processor_in() {
  local processor
  processor=$(sed -n 's/^@@ //p' <<<"$1" | head -n 1)
  case $processor in
    *[!A-Za-z0-9_]* | "") echo "it does not say which processor it has" >&2 && return 1 ;;
    *) echo "$processor" ;;
  esac
}

# copy_documents HOST: copies the manual page and the completions to the folder share beside bin.
copy_documents() {
  local prefix
  [ "$NAME" = ns8-sendmail ] && [ -e "$DOCUMENTS/ns8-sendmail.1" ] || return 0
  case $TO in */bin/ns8-sendmail) prefix=${TO%/bin/ns8-sendmail} ;; *) return 0 ;; esac
  {
    run_on "$1" "$WRITE" "$prefix/share/man/man1/ns8-sendmail.1" <"$DOCUMENTS/ns8-sendmail.1" &&
      run_on "$1" "$WRITE" "$prefix/share/bash-completion/completions/ns8-sendmail" <"$DOCUMENTS/ns8-sendmail.bash" &&
      run_on "$1" "$WRITE" "$prefix/share/zsh/site-functions/_ns8-sendmail" <"$DOCUMENTS/_ns8-sendmail"
  } >/dev/null
}

# deploy HOST: fails with the reason on standard error.
deploy() {
  local answer processor there executable checksum
  answer=$(run_on "$1" "$ASK" "$TO" </dev/null) || return 1
  processor=$(processor_in "$answer") || return 1
  there=$(sed -n '/^@@ /,$p' <<<"$answer" | sed -n 2p)
  executable=$(executable_for "$processor") || return 1
  checksum=$(sha256sum <"$executable")
  if [ "$there" = "$checksum" ]; then
    # An earlier run may have ended before it copied them.
    copy_documents "$1" || return 1
    say "$1 has $NAME $VERSION already"
    return
  fi
  say "Copying $NAME $VERSION to $1"
  gzip -1c <"$executable" | run_on "$1" "$INSTALL" "$TO" "$checksum" "$NAME" "$VERSION" >/dev/null || return 1
  copy_documents "$1" || return 1
  say "$1 has $NAME $VERSION in $TO"
}

NAME=ns8-sendmail COMPILE=compile.sh TO=
while true; do
  case ${1:-} in
    --help) printf '%s\n' "$HELP" && exit ;;
    --listener) NAME=ns8-sendmail-listener COMPILE=compile-listener.sh && shift ;;
    --to)
      case ${2:-} in /*[!/]) TO=$2 ;; *) fail "$USAGE" ;; esac
      shift 2
      ;;
    *) break ;;
  esac
done
TO=${TO:-/usr/local/bin/$NAME}
[ $# -gt 0 ] || fail "$USAGE"
for host in "$@"; do
  case $host in "" | -*) fail "$USAGE" ;; esac
done

DOCUMENTS=$(mktemp -d)
trap 'rm -rf -- "$DOCUMENTS"' EXIT
# Without Deno there are no documents; the executable is copied all the same.
if [ -x "$DENO" ] && [ -e "$ROOT/scripts/documents.ts" ]; then
  (cd "$ROOT" && "$DENO" run --quiet --frozen --no-prompt --allow-read=CHANGELOG.md --allow-write="$DOCUMENTS" scripts/documents.ts "$DOCUMENTS") || true
fi

# All hosts at once. The lines of a host are printed when it is done.
exec 3>&1
running=()
for host in "$@"; do
  (
    why=$(deploy "$host" 2>&1 >&3) && exit
    printf 'Error: %s: %s\n' "$host" "$(one_line "$why")" >&2
    exit 1
  ) &
  running+=($!)
done
failed=()
for at in "${!running[@]}"; do
  wait "${running[at]}" || failed+=("${@:at+1:1}")
done
[ ${#failed[@]} -eq 0 ] || fail "Not deployed to ${failed[*]}"
