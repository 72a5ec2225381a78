#!/usr/bin/env bash
# Unpacks MySQL's server from Debian's unstable suite into a folder of its own, for tests: Debian 12 has none.
# Nothing is installed into the system; the server runs with the C library that was unpacked beside it.
#   tools/install_mysql.sh FOLDER
set -euo pipefail
folder=${1:?folder}
[ -x "$folder/usr/sbin/mysqld" ] && exit 0
site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1)
apt=$folder.apt
rm -rf "$folder" "$apt"
mkdir -p "$apt"/{etc,lists/partial,cache/archives/partial} "$folder.part"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site sid main" >"$apt/etc/sources.list"
: >"$apt/status"
options=(-o Dir::Etc::sourcelist="$apt/etc/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::State="$apt" -o Dir::State::lists="$apt/lists"
  -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache" -o APT::Install-Recommends=false -o APT::Sandbox::User=root
  -o Dir::Etc::preferences=/dev/null -o Dir::Etc::preferencesparts=/dev/null)
apt-get "${options[@]}" update -qq
package=$(apt-cache "${options[@]}" pkgnames mysql-server-core | sort -V | tail -n 1)
apt-get "${options[@]}" install -y -qq --download-only "${package:?no mysql-server-core in unstable}" >/dev/null
for deb in "$apt"/cache/archives/*.deb; do dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$folder.part" --no-same-owner 2>/dev/null || dpkg-deb -x "$deb" "$folder.part"; done
[ -x "$folder.part/usr/sbin/mysqld" ] || { echo "The package $package holds no mysqld" >&2; exit 1; }
mv "$folder.part" "$folder"
rm -rf "$apt"
