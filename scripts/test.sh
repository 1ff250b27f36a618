#!/usr/bin/env bash
# The one gate, for a laptop as for CI: sets up, compiles, then fmt, lint, check and all tests. The
# last line counts the tests of the run, and as failed also a check that found something.
# Usage: test.sh [--only-tests [FILE or option of deno test]...]
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/toolchain/environment.sh"

"$ROOT/scripts/setup.sh" --tests
"$ROOT/scripts/compile.sh"

cd "$ROOT"
export NS8_SENDMAIL_BINARY=$ROOT/dist/ns8-sendmail
passed=0 failed=0

# check NAME COMMAND...
check() {
  local name=$1
  shift
  say "$name"
  "$@" </dev/null || {
    echo "FAILED: $name"
    failed=$((failed + 1))
  }
}

# Deno's last line of summary is taken: "ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)". A run
# that has none, or in which no test passed, has failed whatever its status.
run_tests() {
  local log=$CACHE/test.log summary status=0
  NO_COLOR=1 "$DENO" test --no-check --no-prompt --frozen --allow-read --allow-write --allow-run --allow-net \
    --allow-env --allow-sys "$@" 2>&1 | tee "$log" || status=$?
  summary=$(sed -nE 's/^(ok|FAILED) \| ([0-9]+) passed.* \| ([0-9]+) failed.*/\2 \3/p' "$log" | tail -n 1)
  read -r passed tests_failed <<<"${summary:-0 0}"
  failed=$((failed + tests_failed))
  [ "$tests_failed" -eq 0 ] || return 0 # counted, and Deno has named them
  [ "$status" -eq 0 ] && [ "$passed" -gt 0 ]
}

if [ "${1:-}" = --only-tests ]; then
  shift
else
  check "deno fmt" "$DENO" fmt --check
  check "deno lint" "$DENO" lint
  check "deno check" "$DENO" check --frozen --quiet
fi
check "deno test" run_tests "$@"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
