#!/usr/bin/env bash
# Compiles dist/ns8-sendmail and dist/ns8-sendmail.sha256; for another machine's kind of processor
# dist/ns8-sendmail-TARGET. Does nothing when nothing has changed.
# Usage: compile.sh [TARGET], where TARGET is aarch64-unknown-linux-gnu or x86_64-unknown-linux-gnu
# shellcheck source=scripts/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"

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
    find main.ts lib deno.json deno.lock scripts/links scripts/permissions.txt scripts/compile.sh -type f -print0 |
      LC_ALL=C sort --zero-terminated | xargs -0 sha256sum
  } | sha256sum
}

up_to_date() {
  [ "$(cat "$CACHE/$NAME.fingerprint" 2>/dev/null)" = "$1" ] &&
    (cd "$ROOT/dist" && sha256sum --check --status "$NAME.sha256" 2>/dev/null)
}

# Bundles with the current Deno and compiles in a folder that holds nothing but the bundle, since
# what lies beside it may be embedded. Its name and the dates in it are always the same, so that the
# same source makes the same executable.
compile() {
  local permissions
  mapfile -t permissions < <(grep '^--' "$ROOT/scripts/permissions.txt")
  cd "$ROOT"
  "$DENO" bundle --quiet --frozen --minify --platform deno --output "$WORK/bundle/ns8-sendmail.mjs" main.ts
  echo DENO_TLS_CA_STORE=system >"$WORK/environment"
  touch --date=@0 "$WORK/bundle/ns8-sendmail.mjs"
  cd "$WORK/bundle"
  DENORT_BIN=$CACHE/deno-$VERSION/denort-$TARGET "$CACHE/deno-$VERSION/deno" compile --quiet \
    --no-config --no-lock --no-check --no-code-cache --no-prompt --target "$TARGET" \
    --env-file="$WORK/environment" "${permissions[@]}" --output "$WORK/$NAME" ns8-sendmail.mjs
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
work_folder compile
mkdir "$WORK/bundle"
compile
try_it
(cd "$WORK" && sha256sum "$NAME" >"$NAME.sha256")
mkdir -p "$ROOT/dist"
rm -f -- "$CACHE/$NAME.fingerprint"
mv -f -- "$WORK/$NAME" "$WORK/$NAME.sha256" "$ROOT/dist/"
printf '%s\n' "$current" >"$CACHE/$NAME.fingerprint"
