#!/usr/bin/env bash
# Compiles dist/ns8-sendmail and dist/ns8-sendmail.sha256; for another machine's kind of processor
# dist/ns8-sendmail-TARGET. Does nothing when nothing has changed.
# Usage: compile.sh [TARGET], where TARGET is aarch64-unknown-linux-gnu or x86_64-unknown-linux-gnu
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/toolchain/environment.sh"
# shellcheck source=scripts/toolchain/checksums.sh
. "$ROOT/scripts/toolchain/checksums.sh"

TARGET=${1:-$HOST_TARGET}
"$ROOT/scripts/setup.sh" "$TARGET"

NAME=ns8-sendmail
[ "$TARGET" = "$HOST_TARGET" ] || NAME=ns8-sendmail-$TARGET
VERSION=$(compile_version "$TARGET")

# Gives a checksum of everything that the executable is made of.
fingerprint() {
  cd "$ROOT"
  {
    echo "$TARGET $VERSION"
    find main.ts lib deno.json deno.lock scripts/bundle scripts/compile.sh -type f -print0 |
      LC_ALL=C sort --zero-terminated | xargs -0 sha256sum
  } | sha256sum
}

up_to_date() {
  [ "$(cat "$CACHE/$NAME.fingerprint" 2>/dev/null)" = "$1" ] && [ -d "$CACHE/bundle-$TARGET" ] &&
    (cd "$ROOT/dist" && sha256sum --check --status "$NAME.sha256") 2>/dev/null
}

# Left out of the program: scripts/bundle/program.ts says why, and what stands in.
LEFT_OUT=(
  @ioredis/commands ./cluster ./connectors/SentinelConnector ./SentinelConnector
  ../fetch/index.js ./data-stream.js
)

# bundle SOURCE FILE OPTION...
bundle() {
  "$DENO" bundle --quiet --frozen --minify --platform deno --output "$2" "${@:3}" "$1"
}

# The program as one script, a function of `require`.
bundle_program() {
  local name
  bundle main.ts "$WORK/program.cjs" --format cjs "${LEFT_OUT[@]/#/--external=}"
  for name in "${LEFT_OUT[@]}"; do
    grep -qF "require(\"$name\")" "$WORK/program.cjs" || fail "No library asks for $name any more"
  done
  {
    printf '(function (require) {'
    cat "$WORK/program.cjs"
    printf '})'
  } >"$WORK/bundle/program.script"
}

V8_FLAGS=$(grep '^--' "$ROOT/scripts/bundle/v8_flags.txt" | paste --serial --delimiters ,)

# bundle_main SOURCE FILE NAME...: bundles a module that has files beside it, NAME=FILE each: bytecode as
# bytes, all others as text. They are imported, which the bundler would turn into base64, so the imports
# are put in front.
bundle_main() {
  local import kind
  bundle "$1" "$WORK/main.mjs"
  {
    for import in "${@:3}"; do
      case $import in *.bytecode) kind=bytes ;; *) kind=text ;; esac
      printf 'import %s from "./%s" with { type: "%s" };' "${import%%=*}" "${import#*=}" "$kind"
    done
    cat "$WORK/main.mjs"
  } >"$WORK/bundle/$2"
}

# compile MAIN FILE OPTION...: compiles in a folder that holds nothing but the bundles, since what
# lies beside them may be embedded. Their names and the dates in them are always the same.
compile() {
  find "$WORK/bundle" -exec touch --date=@0 {} +
  (cd "$WORK/bundle" &&
    DENORT_BIN=$CACHE/deno-$VERSION/denort-$TARGET "$CACHE/deno-$VERSION/deno" compile --quiet \
      --no-config --no-lock --no-check --no-code-cache --no-prompt --unstable-raw-imports \
      --v8-flags="$V8_FLAGS" --target "$TARGET" "${@:3}" --output "$2" "$1")
}

# A certificate for the servers of the warm-up. It is theirs alone, and leaves no trace.
make_certificate() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj / \
    -addext basicConstraints=critical,CA:FALSE -addext subjectAltName=critical,IP:127.0.0.1 \
    -keyout "$WORK/bundle/warmup.key" -out "$WORK/bundle/warmup.crt" 2>/dev/null ||
    fail "openssl makes no certificate for the warm-up"
}

# The bytecode of the program. What cannot run here (another processor) has to do without. A few of
# its bits depend on the moment; so that the same source makes the same executable, what comes twice
# in a row is taken.
warm_up() {
  local attempt sum previous=none
  if [ "$TARGET" != "$HOST_TARGET" ]; then return; fi
  make_certificate
  compile warmup.mjs "$WORK/warmup" --allow-all
  for attempt in {1..9}; do
    env -i PATH="$PATH" SSL_CERT_FILE="$WORK/bundle/warmup.crt" timeout 60 "$WORK/warmup" \
      </dev/null >"$WORK/program.bytecode" 2>"$WORK/warmup.log" ||
      fail "The program has not warmed up (attempt $attempt): $(tail -n 1 "$WORK/warmup.log")"
    sum=$(sha256sum <"$WORK/program.bytecode")
    if [ "$sum" = "$previous" ]; then return; fi
    previous=$sum
  done
  fail "No two of $attempt attempts to warm up gave the same bytecode"
}

compile_program() {
  local permissions
  mapfile -t permissions < <(grep '^--' "$ROOT/scripts/bundle/permissions.txt")
  echo DENO_TLS_CA_STORE=system >"$WORK/environment"
  mv -- "$WORK/program.bytecode" "$WORK/bundle/"
  compile ns8-sendmail.mjs "$WORK/$NAME" --env-file="$WORK/environment" "${permissions[@]}"
}

# What cannot run here (another processor) is not tried.
try_it() {
  if [ "$TARGET" != "$HOST_TARGET" ]; then return; fi
  env -i "$WORK/$NAME" --version >/dev/null || fail "The executable that was compiled does not run"
}

lock_cache
current=$(fingerprint)
if up_to_date "$current"; then
  say "dist/$NAME is up to date"
  exit
fi
say "Compiling dist/$NAME with Deno $VERSION"
verify_builders
work_folder compile
mkdir "$WORK/bundle"
cd "$ROOT"
bundle_main scripts/bundle/warmup.ts warmup.mjs SCRIPT=program.script KEY=warmup.key \
  CERTIFICATE=warmup.crt
bundle_program
: >"$WORK/program.bytecode"
warm_up
bundle_main scripts/bundle/launcher.ts ns8-sendmail.mjs SCRIPT=program.script BYTECODE=program.bytecode
rm -f -- "$WORK/bundle"/warmup.*
compile_program
try_it
(cd "$WORK" && sha256sum "$NAME" >"$NAME.sha256")
mkdir -p "$ROOT/dist"
rm -rf -- "$CACHE/$NAME.fingerprint" "$CACHE/bundle-$TARGET"
mv -- "$WORK/bundle" "$CACHE/bundle-$TARGET" # for current.sh
mv -f -- "$WORK/$NAME" "$WORK/$NAME.sha256" "$ROOT/dist/"
printf '%s\n' "$current" >"$CACHE/$NAME.fingerprint"
