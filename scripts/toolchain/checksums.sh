# Sourced after environment.sh by the scripts that download files, or run them: the checksum of each
# file. A program is compared when it is downloaded, and again before it runs, since somebody who may
# write to the cache may have changed it.
# shellcheck shell=bash

# Gives npm's name of a target's processor.
npm_architecture() {
  case $1 in
    x86_64*) echo x64 ;;
    aarch64*) echo arm64 ;;
  esac
}

# The bundler that `deno bundle` of this Deno runs. Deno would download it without any comparison.
ESBUILD_VERSION=0.25.5
# shellcheck disable=SC2034 # for the scripts that source this file
ESBUILD=$DENO_DIR/dl/esbuild-$ESBUILD_VERSION-1/esbuild-linux-$(npm_architecture "$HOST_TARGET")

# Gives the checksum of a package, an archive, a program or a module; npm's are in the form of
# `npm view`. The packages of Deno hold what is in the archives of its release server.
checksum_of() {
  case $1 in
    deno-2.9.6-x86_64-unknown-linux-gnu.zip) echo sha256:394f07f4da2bebe6ce6f1e7ce0fa16429b29b08c35e3fac3fe25972676dff4b2 ;;
    deno-2.9.6-aarch64-unknown-linux-gnu.zip) echo sha256:9a46afc6c392c7cd2ff71a31558935545b46408d0e87f7a86908c712721c046e ;;
    @deno/linux-x64-glibc@2.9.6) echo sha512-3md4TKLCuzsLDmfOoC5KN7NAZaxSVkMgm64vg6foD00JBADCpYS2/5QqXfzgnP5ZQz3iLP9vBQJtEgc116OAoQ== ;;
    @deno/linux-x64-glibc@2.7.11) echo sha512-TCRXqy4rHI+pKmWfjIz/qfDyfTz61qhxj+03kEJ3r0YzRGsXNoHyE7WiUawwUK2hbrBAu7hn3m5833VUYqRzOg== ;;
    @deno/linux-arm64-glibc@2.9.6) echo sha512-poqhoH9B3nYloigEMPT5t8HY+wBeiuea1An5Q7fqgJzP0SYmWsoS/oUnWO/pEiA4ofzIBy1Elt/in58xKtxEoQ== ;;
    deno-2.9.6-x86_64) echo sha256:bceb5b6a6239b0b010418406d8c77a508f67cf4337d94288f1c19fe71304aab0 ;;
    deno-2.9.6-aarch64) echo sha256:d08d392418df53f4e6e88a08909c0e1bccbf9adcead7232df72b6ad6075ec416 ;;
    deno-2.7.11-x86_64) echo sha256:e518fbc96877fbc2b37820ec54a02e473166cb25a5d4d627ffde37360fd7d210 ;;
    @stdy/cli-linux-x64@0.22.2) echo sha512-kp5QdG26EC8gEzVXI0YgzmiiFHz7DFCNRLNfAWa2rDPHr/jUBnfkP8AlbTPmv0YNQpnKn1wzSWHFw88fn/OTog== ;;
    @stdy/cli-linux-arm64@0.22.2) echo sha512-HjSQdAt40CpYIauUKJ1xyIEsdrf5LtQP1x8Su7BEZJN94807ROJXxabW+jXyc48823tVBkrnxNUUTrBK4TVTRw== ;;
    denort-2.7.11-x86_64) echo sha256:f12d5d3886d5ea138304fb8d67d7396cfbedf53656676132152cb89f3fa4d8e6 ;;
    denort-2.7.11-aarch64) echo sha256:9c888d915647ff971a497acd39ee45ea63da5f19d12d4363124942c257c055ef ;;
    @esbuild/linux-x64@0.25.5) echo sha512-uhj8N2obKTE6pSZ+aMUbqq+1nXxNjZIIjCjGLfsWvVpy7gKCOL6rsY1MhRh9zLtUtAI7vpgLMK6DxjO8Qm9lJw== ;;
    @esbuild/linux-arm64@0.25.5) echo sha512-Z9kfb1v6ZlGbWj8EJk9T6czVEjjq2ntSYLY2cw6pAZl4oKtfgQuS4HOq41M/BcoLPzrUbNd+R4BXFyH//nHxVg== ;;
    esbuild-0.25.5-x86_64) echo sha256:3331e0b23c99d93d9a39e436a4838de40ca1c95ac3bcbd9874ba169d8545b634 ;;
    esbuild-0.25.5-aarch64) echo sha256:d6d656d9326ce1c55c01f73604a3cffda35c63cce60016e9ed795ac91cd1e67d ;;
    parse_args.ts) echo sha256:1c971913479b011d42303421840548aa0fc73725816fad10c44b68dfa4897235 ;;
    *) fail "There is no checksum for $1, so it is not used" ;;
  esac
}

# The checksum of a file, in the form of the one that it is compared with. OpenSSL is four times as
# fast, and not needed.
actual_checksum() {
  case $2 in
    sha512-*) echo "sha512-$(openssl dgst -sha512 -binary "$1" | base64 -w 0)" ;;
    *) echo "sha256:$({ openssl dgst -sha256 -r <"$1" || sha256sum <"$1"; } 2>/dev/null | cut -d ' ' -f 1)" ;;
  esac
}

# verify FILE CHECKSUM NAME
verify() {
  local actual
  actual=$(actual_checksum "$1" "$2")
  [ "$actual" = "$2" ] || fail "$3 has a wrong checksum: $actual instead of $2"
}

# same FILE CHECKSUM: succeeds if the file exists and has the checksum.
same() {
  [ -f "$1" ] && [ "$(actual_checksum "$1" "$2")" = "$2" ]
}

# The checksum of the base of a version: that of the current Deno has been published beside it, and
# was noted when it came.
base_checksum() {
  local noted=$CACHE/deno-$1/denort-$2.checksum
  if [ "$1" = "$OLDER_DENO_VERSION" ]; then checksum_of "denort-$1-${2%%-*}"; else cat -- "$noted" 2>/dev/null; fi
}

# compile_version TARGET: gives the Deno version that compiles for it, or fails: the newest that has a
# base in the cache. Its programs have been compared.
compile_version() {
  local version deno machine=${HOST_TARGET%%-*}
  for version in "$DENO_VERSION" "$OLDER_DENO_VERSION"; do
    [ -e "$CACHE/deno-$version/denort-$1" ] || continue
    deno=$(checksum_of "deno-$version-$machine") || continue
    same "$CACHE/deno-$version/deno" "$deno" || continue
    same "$CACHE/deno-$version/denort-$1" "$(base_checksum "$version" "$1")" || continue
    echo "$version"
    return
  done
  return 1
}

# Verifies the programs that make an executable; each script that makes one calls it.
verify_builders() {
  local machine=${HOST_TARGET%%-*}
  # shellcheck disable=SC2153 # environment.sh sets it
  verify "$DENO" "$(checksum_of "deno-$DENO_VERSION-$machine")" "$DENO"
  verify "$ESBUILD" "$(checksum_of "esbuild-$ESBUILD_VERSION-$machine")" "$ESBUILD"
}
