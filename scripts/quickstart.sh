#!/usr/bin/env bash
# From a fresh clone to a message that has arrived: sets up, compiles, and runs the manual's own
# example with a throw-away Redis and a throw-away mail server on loopback.
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/toolchain/environment.sh"

"$ROOT/scripts/setup.sh" --quickstart
"$ROOT/scripts/compile.sh"

say "Starting a throw-away redis-server and a throw-away mail server"
export TMPDIR=$CACHE/tmp
mkdir -p "$TMPDIR"
cd "$ROOT"
exec "$DENO" run --quiet --frozen --no-prompt --allow-read --allow-write="$TMPDIR" \
  --allow-run=/bin/sh,openssl,redis-server --allow-net=127.0.0.1 --allow-env --allow-sys=hostname \
  scripts/quickstart.ts
