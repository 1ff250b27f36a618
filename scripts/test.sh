#!/usr/bin/env bash
# The one gate, the same on a laptop and in CI: sets up, then runs fmt, lint and check, and stops at
# the first that fails; then compiles and runs all tests, and at the same time those of the executable
# under the current Deno (tests/support/program/runtimes.ts). The last line counts the tests of both
# runs; a check that failed counts as one failed test.
# Usage: test.sh [--quick | --only-tests [FILE or option of deno test]...]
#   --quick       the checks and the unit tests alone
#   --only-tests  the types, then the tests that are named; all of them where none is
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/toolchain/environment.sh"

passed=0 failed=0

# Prints the counts as the last line, and ends the run.
finish() {
  echo "$passed passed, $failed failed"
  [ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
  exit
}

# check NAME COMMAND...: ends the run where the command fails.
check() {
  say "$1"
  "${@:2}" </dev/null && return
  echo "FAILED: $1"
  failed=$((failed + 1))
  finish
}

# Always in a subshell, which becomes Deno.
deno_test() {
  export NO_COLOR=1
  exec "$DENO" test --no-check --no-prompt --frozen --allow-read --allow-write --allow-run --allow-net \
    --allow-env --allow-sys "$@" </dev/null 2>&1
}

# count LOG STATUS: adds up what a run of Deno has printed, and has ended with. Deno's last line of
# summary is taken: "ok | 12 passed (3 steps) | 0 failed | 1 ignored (2s)". A run that has none, or in
# which no test passed, has failed whatever its status.
count() {
  local summary some=0 others=0
  summary=$(sed -nE 's/^(ok|FAILED) \| ([0-9]+) passed.* \| ([0-9]+) failed.*/\2 \3/p' "$1" | tail -n 1)
  read -r some others <<<"${summary:-0 0}"
  passed=$((passed + some))
  failed=$((failed + others))
  # Deno has named the tests that failed, and they are counted.
  if [ "$others" -gt 0 ] || { [ "$2" -eq 0 ] && [ "$some" -gt 0 ]; }; then return; fi
  echo "FAILED: deno test"
  failed=$((failed + 1))
}

run_tests() {
  local log=$CACHE/test.log status=0
  say "deno test"
  deno_test "$@" | tee "$log" || status=$?
  count "$log" "$status"
}

# Begins the tests of the executable under the current Deno. They take as long as all tests of the
# executable itself, and each waits a lot, so both run at once, on one processor each.
begin_under_current_deno() {
  local once
  once=$("$DENO" run --quiet --frozen --no-prompt --allow-env --allow-read --allow-run tests/support/program/runtimes.ts)
  "$ROOT/scripts/bundle/current.sh"
  NS8_SENDMAIL_BINARY=$CACHE/current/ns8-sendmail deno_test --ignore="$once" tests/e2e >"$CACHE/current.log" &
  CURRENT=$!
  trap 'kill "$CURRENT" 2>/dev/null' EXIT
}

end_under_current_deno() {
  local status=0
  wait "$CURRENT" || status=$?
  trap - EXIT
  say "deno test under Deno $DENO_VERSION"
  cat "$CACHE/current.log"
  count "$CACHE/current.log" "$status"
}

check_format() { check "deno fmt" "$DENO" fmt --check; }
check_lint() { check "deno lint" "$DENO" lint; }
check_types() { check "deno check" "$DENO" check --frozen --quiet; }

"$ROOT/scripts/setup.sh" --tests
cd "$ROOT"
export NS8_SENDMAIL_BINARY=${NS8_SENDMAIL_BINARY:-$ROOT/dist/ns8-sendmail}

case ${1:-} in
  --quick)
    check_format
    check_lint
    check_types
    run_tests --parallel tests/unit
    ;;
  --only-tests)
    check_types
    "$ROOT/scripts/compile.sh"
    run_tests "${@:2}"
    ;;
  *)
    check_format
    check_lint
    check_types
    "$ROOT/scripts/compile.sh"
    begin_under_current_deno
    run_tests "$@"
    end_under_current_deno
    ;;
esac
finish
