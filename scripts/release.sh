#!/usr/bin/env bash
# Makes dist/release: executables and packages for both kinds of processor, the manual page, the
# completions, the handler and the unit, the licenses, the bill of materials, the checksums, and the
# chapter of the changelog about this version.
# Usage: release.sh [TAG], where TAG has to be v and the version in deno.json
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/toolchain/environment.sh"
# shellcheck source=scripts/toolchain/checksums.sh
. "$ROOT/scripts/toolchain/checksums.sh"

VERSION=$(project_version)
RELEASE=$ROOT/dist/release

# Gives the chapter of the changelog about this version.
notes() {
  awk -v heading="## [$VERSION]" '
    index($0, heading) == 1 { found = 1; next }
    /^## / { found = 0 }
    found' "$ROOT/CHANGELOG.md"
}

[ -z "${1:-}" ] || [ "$1" = "v$VERSION" ] || fail "The tag is $1, but deno.json says $VERSION"
# Not by grep -q: it ends at the first match, and then awk fails where the chapter is long.
[ -n "$(notes | tr -d '[:space:]')" ] || fail "CHANGELOG.md does not say what is new in $VERSION"

rm -rf -- "$RELEASE"
mkdir -p "$RELEASE"
for target in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu; do
  "$ROOT/scripts/compile.sh" "$target"
  "$ROOT/scripts/compile-listener.sh" "$target"
  for name in ns8-sendmail ns8-sendmail-listener; do
    file=$name-$target
    [ "$target" = "$HOST_TARGET" ] && file=$name
    cp --link -- "$ROOT/dist/$file" "$RELEASE/$name-$target"
  done
done
(cd "$ROOT" && "$DENO" run --quiet --frozen --allow-read=CHANGELOG.md --allow-write="$RELEASE" scripts/documents.ts "$RELEASE")
version=$(compile_version "$HOST_TARGET")
(cd "$ROOT" && "$DENO" run --quiet --frozen --allow-read --allow-write="$RELEASE" scripts/inventory.ts \
  "$RELEASE" "$CACHE/deno-$version/denort-$HOST_TARGET" "$version")
for target in x86_64-unknown-linux-gnu aarch64-unknown-linux-gnu; do
  "$ROOT/scripts/packages/packages.sh" "$target" "$RELEASE/ns8-sendmail-$target" "$RELEASE" \
    "$RELEASE/THIRD-PARTY" "$RELEASE"
done
cp -- "$ROOT/LICENSE" "$ROOT/scripts/host/10handler" "$ROOT/scripts/host/ns8-sendmail-listener.service" "$RELEASE/"
(cd "$RELEASE" && sha256sum -- * >SHA256SUMS)
notes >"$RELEASE/NOTES.md"
