#!/usr/bin/env bash
# Makes .cache/current/ns8-sendmail: what compile.sh has put into the executable, under `deno run` of
# the current Deno. The tests run both, since on an open network the executable has that runtime.
# Usage: current.sh, after compile.sh
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/../toolchain/environment.sh"

# Gives the flags in a file, each a string of C.
flags_in() {
  sed -n 's/^--.*/"&",/p' "$ROOT/scripts/bundle/$1"
}

FOLDER=$CACHE/current
lock_cache
rm -rf -- "$FOLDER"
mkdir -p "$FOLDER/deno"
cp -R -- "$CACHE/bundle-$HOST_TARGET" "$FOLDER/bundle"
v8_flags=$(grep '^--' "$ROOT/scripts/bundle/v8_flags.txt" | paste --serial --delimiters ,)
permissions=$(flags_in permissions.txt | tr -d '\n')
cc -O1 -Wall -Wextra -Werror -D "DENO=\"$(readlink -f -- "$DENO")\"" -D "DENO_VERSION=\"$DENO_VERSION\"" \
  -D "BUNDLE=\"$FOLDER/bundle\"" \
  -D "CACHE=\"$FOLDER/deno\"" -D "FLAGS=\"$v8_flags\"" -D "PERMISSIONS=${permissions%,}" \
  -o "$FOLDER/ns8-sendmail" "$ROOT/scripts/bundle/current.c"
"$FOLDER/ns8-sendmail" --version >/dev/null || fail "The program does not run under Deno $DENO_VERSION"
