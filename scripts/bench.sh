#!/usr/bin/env bash
# Measures the executable beside a compiled "hello", the least that the runtime takes, and beside the
# other programs of this host that send mail; prints tables, and writes dist/benchmark.json. It takes
# about five minutes and needs a machine without other load.
# Usage: bench.sh [--effort FACTOR] [--only TEXT] [--reference FILE] [--json FILE]
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/toolchain/environment.sh"
# shellcheck source=scripts/toolchain/checksums.sh
. "$ROOT/scripts/toolchain/checksums.sh"

"$ROOT/scripts/setup.sh" --tests
"$ROOT/scripts/compile.sh"
[ -x /usr/bin/time ] || fail "Missing program: /usr/bin/time. Install the package time"

# Postfix's smtp-sink: the host's, or that of the tests' Postfix with the libraries beside it.
POSTFIX=$CACHE/roots/postfix/usr
SINK=$(PATH=$PATH:/usr/sbin:$POSTFIX/sbin command -v smtp-sink) ||
  fail "Missing program: smtp-sink. Install the package postfix"

export TMPDIR=$CACHE/tmp
mkdir -p "$TMPDIR" "$CACHE/bench"
VERSION=$(compile_version "$HOST_TARGET")

# The floors are compiled as the program is.
for floor in hello handshake; do
  DENORT_BIN=$CACHE/deno-$VERSION/denort-$HOST_TARGET "$CACHE/deno-$VERSION/deno" compile --quiet \
    --no-config --no-lock --no-check --no-code-cache --no-prompt --allow-net \
    --output "$CACHE/bench/$floor" "$ROOT/scripts/bench/floor_$floor.ts"
done

cd "$ROOT"
exec "$DENO" run --quiet --frozen --no-prompt --no-check --allow-read --allow-write --allow-run \
  --allow-net=127.0.0.1 --allow-env --allow-sys scripts/bench/bench.ts --built="$CACHE/bench" \
  --sink="$SINK" --libraries="$POSTFIX/lib/postfix:$POSTFIX/lib/$(uname -m)-linux-gnu" \
  --json="$ROOT/dist/benchmark.json" "$@"
