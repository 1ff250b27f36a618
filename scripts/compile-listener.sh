#!/usr/bin/env bash
# Compiles dist/ns8-sendmail-listener and its checksum, for hosts without an agent of the cluster.
# Usage: compile-listener.sh [TARGET], as for compile.sh
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/toolchain/environment.sh"
# shellcheck source=scripts/toolchain/checksums.sh
. "$ROOT/scripts/toolchain/checksums.sh"

TARGET=${1:-$HOST_TARGET}
"$ROOT/scripts/setup.sh" "$TARGET"

NAME=ns8-sendmail-listener
[ "$TARGET" = "$HOST_TARGET" ] || NAME=$NAME-$TARGET
VERSION=$(compile_version "$TARGET")

lock_cache
verify_builders
work_folder listener
say "Compiling dist/$NAME with Deno $VERSION"
mkdir -p "$WORK/bundle" "$ROOT/dist"
(cd "$ROOT" && "$DENO" bundle --quiet --frozen --minify --platform deno \
  --output "$WORK/bundle/ns8-sendmail-listener.mjs" scripts/listen.ts)
# It runs whatever handlers there are, each with the whole environment.
(cd "$WORK/bundle" && DENORT_BIN=$CACHE/deno-$VERSION/denort-$TARGET \
  "$CACHE/deno-$VERSION/deno" compile --quiet --no-config --no-lock --no-check --no-code-cache --no-prompt \
  --target "$TARGET" --allow-env --allow-net --allow-read --allow-run --deny-import \
  --output "$WORK/$NAME" ns8-sendmail-listener.mjs)
(cd "$WORK" && sha256sum "$NAME" >"$NAME.sha256")
mv -f -- "$WORK/$NAME" "$WORK/$NAME.sha256" "$ROOT/dist/"
