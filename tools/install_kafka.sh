#!/usr/bin/env bash
# Fetches Apache Kafka, Kafka Connect and Debezium's connectors from Maven Central, for tests; with VERSION a broker of
# that version alone.
#   tools/install_kafka.sh FOLDER [VERSION]
set -euo pipefail
folder=${1:?folder}
version=${2:-}
pom=$(cd "$(dirname "$0")" && pwd)/kafka/${version:+broker.}pom.xml
sum=$(sha256sum "$pom" | cut -c1-16)
[ -f "$folder/$sum.done" ] && exit 0
rm -rf "$folder"
mkdir -p "$folder"
# A registry under load drops a download now and then.
for attempt in 1 2 3; do
  if mvn -q -B -U -f "$pom" ${version:+-Dkafka="$version"} dependency:copy-dependencies -DoutputDirectory="$folder/jars" >"$folder/mvn.log" 2>&1; then
    touch "$folder/$sum.done"
    exit 0
  fi
done
tail -20 "$folder/mvn.log" >&2
exit 1
