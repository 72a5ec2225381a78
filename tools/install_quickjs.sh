#!/usr/bin/env bash
# Builds QuickJS-ng, which Debian 12 does not have. The sources come from crates.io, whose crate rquickjs-sys carries
# them; tools/quickjs/Cargo.lock pins the digest.
#   tools/install_quickjs.sh FOLDER      FOLDER gets include/ and lib/; nothing is done if it holds them already
set -euo pipefail
folder=${1:?folder}
here=$(cd "$(dirname "$0")" && pwd)
version=0.16.2
[ -f "$folder/lib/quickjs-$version.done" ] && exit 0
work=$folder.work
rm -rf "$work" "$folder"
mkdir -p "$work" "$folder/lib" "$folder/include"
trap 'rm -rf "$work"' EXIT
cargo vendor --quiet --locked --manifest-path "$here/quickjs/Cargo.toml" "$work/vendor" >/dev/null
sources=$work/vendor/rquickjs-sys/quickjs
cmake -G Ninja -S "$sources" -B "$work/build" -DCMAKE_BUILD_TYPE=Release -DCMAKE_POSITION_INDEPENDENT_CODE=ON >"$work/cmake.log" 2>&1 || { cat "$work/cmake.log"; exit 1; }
ninja -C "$work/build" qjs >"$work/ninja.log" 2>&1 || { tail -50 "$work/ninja.log"; exit 1; }
cp "$work/build/libqjs.a" "$folder/lib/"
cp "$sources/quickjs.h" "$folder/include/"
touch "$folder/lib/quickjs-$version.done"
