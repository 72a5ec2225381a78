#!/usr/bin/env bash
# Builds librdkafka where the system's is missing or older than 2.5 (Debian 12's 2.0 has a fatal fault in the idempotent
# producer and is too old for safe transactions). The sources come from crates.io, whose crate rdkafka-sys carries
# them; tools/librdkafka/Cargo.lock pins the digest.
#   tools/install_librdkafka.sh FOLDER      FOLDER gets include/ and lib/; nothing is done if it holds them already
set -euo pipefail
folder=${1:?folder}
here=$(cd "$(dirname "$0")" && pwd)
version=2.12.1
[ -f "$folder/lib/pkgconfig/rdkafka-$version.done" ] && exit 0
work=$folder.work
rm -rf "$work" "$folder"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT
cargo vendor --quiet --locked --manifest-path "$here/librdkafka/Cargo.toml" "$work/vendor" >/dev/null
sources=$work/vendor/rdkafka-sys/librdkafka
cmake -G Ninja -S "$sources" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$folder" -DCMAKE_INSTALL_LIBDIR=lib \
  -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DRDKAFKA_BUILD_STATIC=ON -DRDKAFKA_BUILD_EXAMPLES=OFF -DRDKAFKA_BUILD_TESTS=OFF \
  -DWITH_SSL=ON -DWITH_SASL=ON -DWITH_ZSTD=ON -DWITH_CURL=ON -DENABLE_LZ4_EXT=ON >"$work/cmake.log" 2>&1 || { cat "$work/cmake.log"; exit 1; }
ninja -C "$work/build" rdkafka install >"$work/ninja.log" 2>&1 || { tail -50 "$work/ninja.log"; exit 1; }
touch "$folder/lib/pkgconfig/rdkafka-$version.done"
