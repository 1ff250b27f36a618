# Sourced by the other scripts: paths, and functions for progress and errors. It runs nothing and
# needs nothing. CONTRIBUTING.md explains the variables that may be set from outside.
# shellcheck shell=bash
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)

# Everything that is downloaded or built on the way, the Deno cache too. It may be deleted.
CACHE=${NS8_SENDMAIL_CACHE:-$ROOT/.cache}
case $CACHE in /*) ;; *) CACHE=$PWD/$CACHE ;; esac

# The Deno that does everything, and the one that compiles where only its base is available.
DENO_VERSION=2.9.6
# shellcheck disable=SC2034 # for the scripts that source this file
OLDER_DENO_VERSION=2.7.11

# shellcheck disable=SC2034 # for the scripts that source this file
DENO=$CACHE/deno-$DENO_VERSION/deno
# shellcheck disable=SC2034
HOST_TARGET=$(uname -m)-unknown-linux-gnu

# A proxy that re-signs TLS has its certificate authority in the system's store.
export DENO_TLS_CA_STORE=${DENO_TLS_CA_STORE:-system}
export DENO_DIR=${DENO_DIR:-$CACHE/deno}
export DENO_NO_UPDATE_CHECK=1
export PATH=$CACHE/deno-$DENO_VERSION:$PATH
unset DENORT_BIN
[ -t 1 ] || export NO_COLOR=1
if [ -z "${NPM_CONFIG_REGISTRY:-}" ] && [ -e "$CACHE/npm-registry" ]; then
  NPM_CONFIG_REGISTRY=$(<"$CACHE/npm-registry")
  export NPM_CONFIG_REGISTRY
fi

# Gives the version of the project; it stands once, in deno.json.
project_version() {
  sed -nE 's/^ *"version": "([^"]+)".*/\1/p' "$ROOT/deno.json"
}

say() {
  printf '==> %s\n' "$*"
}

fail() {
  printf 'Error: %s\n' "$*" >&2
  exit 1
}

# Waits until no other script of the project changes the cache, and keeps it until this one ends.
lock_cache() {
  { mkdir -p "$CACHE" && [ -w "$CACHE" ]; } 2>/dev/null || fail "$CACHE cannot be written"
  exec 9>"$CACHE/lock"
  flock --nonblock 9 || { say "Waiting for another run to end" && flock 9; }
}

# Makes the empty folder $WORK in the locked cache, gone when the script ends. It is on the file
# system of what becomes of its content, so that a rename puts that in place at once or not at all.
work_folder() {
  WORK=$CACHE/work/$1
  rm -rf -- "$WORK"
  mkdir -p "$WORK"
  trap 'rm -rf -- "$WORK"' EXIT
}
