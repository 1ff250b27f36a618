#!/usr/bin/env bash
# Gets what the system's packages do not have: Deno, the base that `deno compile` puts the program
# into, and the libraries. Downloads only what is missing.
# Usage: toolchain.sh [TARGET]
#
# Deno's release server is asked first. Where it cannot be reached, everything comes over the npm
# registry: Deno itself, and out of a program that others compiled with Deno 2.7.11 the base of that
# version (so 2.7.11 must do the compiling then) and the one module that is used from JSR.
#
# Everything is downloaded into a work folder beside its place, checked, and only then moved there.
# shellcheck source=scripts/toolchain/environment.sh
. "$(dirname -- "${BASH_SOURCE[0]}")/environment.sh"
# shellcheck source=scripts/toolchain/checksums.sh
. "$ROOT/scripts/toolchain/checksums.sh"

TARGET=${1:-$HOST_TARGET}
RELEASES=${NS8_SENDMAIL_RELEASES:-https://github.com/denoland/deno/releases/download}
STD_CLI=$ROOT/vendor/jsr.io/@std/cli
STD_CLI_VERSION=1.0.24

# Where to download from: only by https, also where a server sends on to another. A mirror on this
# machine is an exception, which the tests use.
protocols() {
  local loopback='^http://(127\.0\.0\.1|localhost|\[::1\]):[0-9]+/'
  if [[ $1 =~ $loopback ]]; then echo '=http,https'; else echo '=https'; fi
}

# fetch URL FILE OPTION...
fetch() {
  curl --proto "$(protocols "$1")" --proto-redir =https --fail --silent --location --output "$2" "${@:3}" "$1"
}

# download URL FILE
download() {
  fetch "$1" "$2" --show-error --retry 2 --connect-timeout 10 --speed-time 30 --speed-limit 1000 ||
    fail "Cannot download $1"
}

# The probe is a small file that is needed anyway: the checksum of the base, by those who made it.
release_server_answers() {
  if [ -z "${release_server:-}" ]; then
    release_server=no
    fetch "$RELEASES/v$DENO_VERSION/denort-$TARGET.zip.sha256sum" "$WORK/denort.sha256" \
      --connect-timeout 3 --max-time 8 && release_server=yes
  fi
  [ "$release_server" = yes ]
}

# npm_package NAME VERSION: gets the package's archive, verified, as $WORK/package.tgz.
npm_package() {
  local checksum
  checksum=$(checksum_of "$1@$2")
  if ! command -v npm >/dev/null && [ -z "${NPM_CONFIG_REGISTRY:-}" ]; then
    "$ROOT/scripts/toolchain/packages.sh" npm
  fi
  say "Downloading $1@$2 (npm registry)"
  if command -v npm >/dev/null; then
    (cd "$WORK" && npm pack --silent "$1@$2" </dev/null) >"$WORK/name" ||
      fail "npm cannot download $1@$2; npm view $1@$2 says why"
    mv -- "$WORK/$(tail -n 1 "$WORK/name")" "$WORK/package.tgz"
  else
    download "${NPM_CONFIG_REGISTRY%/}/$1/-/${1##*/}-$2.tgz" "$WORK/package.tgz"
  fi
  verify "$WORK/package.tgz" "$checksum" "$1@$2"
}

# release_file NAME CHECKSUM MEMBER FILE: a member of an archive of the release server.
release_file() {
  say "Downloading $1 of Deno $DENO_VERSION (release server)"
  download "$RELEASES/v$DENO_VERSION/$1" "$WORK/archive.zip"
  verify "$WORK/archive.zip" "$2" "$1"
  unzip -p "$WORK/archive.zip" "$3" >"$4"
}

# get_deno VERSION: an installed one is used where it is the very file that would be downloaded.
get_deno() {
  local folder=$CACHE/deno-$1 installed checksum machine=${HOST_TARGET%%-*}
  checksum=$(checksum_of "deno-$1-$machine")
  if same "$folder/deno" "$checksum"; then return; fi
  installed=$(PATH=${PATH#"$CACHE/deno-$DENO_VERSION:"} command -v deno || true)
  mkdir -p "$folder"
  if [ -n "$installed" ] && same "$installed" "$checksum"; then
    ln -sfn -- "$installed" "$folder/deno"
    return
  fi
  if [ "$1" = "$DENO_VERSION" ] && release_server_answers; then
    release_file "deno-$HOST_TARGET.zip" "$(checksum_of "deno-$1-$HOST_TARGET.zip")" deno "$WORK/deno"
  else
    npm_package "@deno/linux-$(npm_architecture "$machine")-glibc" "$1"
    tar -xzf "$WORK/package.tgz" -C "$WORK" --strip-components=1 package/deno
  fi
  verify "$WORK/deno" "$checksum" "Deno $1"
  chmod 755 "$WORK/deno"
  [ "$("$WORK/deno" -V 2>/dev/null)" = "deno $1" ] || fail "The Deno $1 that was downloaded does not run here"
  mv -f -- "$WORK/deno" "$folder/deno"
}

# Puts the bundler where Deno looks for it before it downloads one.
get_esbuild() {
  local checksum machine=${HOST_TARGET%%-*}
  checksum=$(checksum_of "esbuild-$ESBUILD_VERSION-$machine")
  if same "$ESBUILD" "$checksum"; then return; fi
  npm_package "@esbuild/linux-$(npm_architecture "$machine")" "$ESBUILD_VERSION"
  tar -xzf "$WORK/package.tgz" -C "$WORK" --strip-components=2 package/bin/esbuild
  verify "$WORK/esbuild" "$checksum" "esbuild $ESBUILD_VERSION"
  chmod 755 "$WORK/esbuild"
  mkdir -p "$(dirname -- "$ESBUILD")"
  mv -f -- "$WORK/esbuild" "$ESBUILD"
}

# Unpacks the program that others compiled with Deno 2.7.11. Its last 8 bytes are the length of the
# data behind the base, themselves included.
unpack_donor() {
  npm_package "@stdy/cli-linux-$(npm_architecture "$TARGET")" 0.22.2
  tar -xzf "$WORK/package.tgz" -C "$WORK" --strip-components=2 package/bin/steady
  local length
  length=$(tail -c 8 "$WORK/steady" | od -An -t u8 | tr -d ' ')
  head -c "-$length" "$WORK/steady" >"$WORK/denort"
  tail -c "$length" "$WORK/steady" >"$WORK/data"
  verify "$WORK/denort" "$(checksum_of "denort-$OLDER_DENO_VERSION-${TARGET%%-*}")" "The base of Deno $OLDER_DENO_VERSION"
}

get_base() {
  local base
  if compile_version "$TARGET" >/dev/null; then return; fi
  if release_server_answers; then
    release_file "denort-$TARGET.zip" "sha256:$(cut -d ' ' -f 1 "$WORK/denort.sha256")" denort "$WORK/denort"
    base=$CACHE/deno-$DENO_VERSION/denort-$TARGET
    actual_checksum "$WORK/denort" sha256 >"$base.checksum"
    mv -f -- "$WORK/denort" "$base"
  else
    get_deno "$OLDER_DENO_VERSION"
    unpack_donor
    mv -f -- "$WORK/denort" "$CACHE/deno-$OLDER_DENO_VERSION/denort-$TARGET"
  fi
}

# Gives the place of a text in a file, in bytes from its start.
offset_of() {
  LC_ALL=C grep --text --byte-offset --only-matching --fixed-strings --max-count=1 -- "$1" "$2" |
    sed -n '1s/:.*//p'
}

# Writes the module and the two files about it in the form in which Deno keeps JSR modules in vendor/.
vendor_std_cli() {
  [ -e "$WORK/data" ] || unpack_donor
  local size=25673 folder=$WORK/cli
  mkdir -p "$folder/$STD_CLI_VERSION"
  tail -c "+$(offset_of "@std/cli/$STD_CLI_VERSION/parse_args.ts" "$WORK/data")" "$WORK/data" >"$WORK/rest"
  tail -c "+$(($(offset_of '// Copyright 2018-2025 the Deno authors' "$WORK/rest") + 1))" "$WORK/rest" >"$WORK/module"
  head -c "$size" "$WORK/module" >"$folder/$STD_CLI_VERSION/parse_args.ts"
  local checksum
  checksum=$(checksum_of parse_args.ts)
  verify "$folder/$STD_CLI_VERSION/parse_args.ts" "$checksum" "parse_args.ts of @std/cli"
  cat >"$folder/meta.json" <<END
{"scope":"std","name":"cli","latest":"$STD_CLI_VERSION","versions":{"$STD_CLI_VERSION":{}}}
END
  cat >"$folder/${STD_CLI_VERSION}_meta.json" <<END
{"manifest":{"/parse_args.ts":{"size":$size,"checksum":"${checksum/:/-}"}},
"exports":{"./parse-args":"./parse_args.ts"},
"lockfileChecksum":"b655a5beb26aa94f98add6bc8889f5fb9bc3ee2cc3fc954e151201f4c4200a5e"}
END
  rm -rf -- "$STD_CLI"
  mkdir -p "$(dirname -- "$STD_CLI")"
  mv -- "$folder" "$STD_CLI"
}

# npm may have its registry from a file that Deno does not read.
remember_registry() {
  if [ -n "${NPM_CONFIG_REGISTRY:-}" ] || ! command -v npm >/dev/null; then return; fi
  NPM_CONFIG_REGISTRY=$(npm config get registry </dev/null 2>/dev/null) || return 0
  printf '%s\n' "$NPM_CONFIG_REGISTRY" >"$CACHE/npm-registry"
  export NPM_CONFIG_REGISTRY
}

# deno.lock has the checksums of the libraries.
deno_install() {
  (cd "$ROOT" && "$DENO" install --frozen --quiet </dev/null)
}

install_libraries() {
  if [ ! -e "$STD_CLI/$STD_CLI_VERSION/parse_args.ts" ]; then
    say "Downloading the libraries (JSR and npm registry)"
    { release_server_answers && deno_install; } || vendor_std_cli
  fi
  deno_install || fail "deno install failed"
}

case $TARGET in
  x86_64-unknown-linux-gnu | aarch64-unknown-linux-gnu) ;;
  *) fail "There is no $TARGET, only x86_64-unknown-linux-gnu and aarch64-unknown-linux-gnu" ;;
esac
lock_cache
work_folder toolchain
# npm writes nothing elsewhere, and soon gives up where there is no network.
export npm_config_cache=$WORK/npm npm_config_update_notifier=false
export npm_config_fetch_retry_mintimeout=1000 npm_config_fetch_retry_maxtimeout=3000

get_deno "$DENO_VERSION"
remember_registry
get_base
get_esbuild
install_libraries
