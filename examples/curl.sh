#!/usr/bin/env bash
# Submits a batch and streams its results: examples/curl.sh [http://localhost:8080]
set -euo pipefail
url="${1:-http://localhost:8080}/api/v0/batch"

reply=$(curl -sSf "$url" -d '[
  {"path": "sample/items", "params": {"limit": 2}},
  {"path": "sample/image.png"},
  {"path": "sample/slow?ms=500"}]')
[[ $reply =~ \"id\":\ *\"([0-9]{16})\" ]]
id=${BASH_REMATCH[1]}
echo "batch $id"

# A stream may be cut at any time. It goes on behind the last result that is dealt with.
after=0 running=1
while [ "$running" != 0 ]; do
  while IFS= read -r line; do
    if [[ $line =~ ^\{\"position\":\ *([0-9]+),\ *\"Request\" ]]; then
      position=${BASH_REMATCH[1]}
      [[ $line =~ \"responseStatusCode\":\ *([0-9]+) ]]
      echo "result $position: status ${BASH_REMATCH[1]}"
      after=$position
    elif [[ $line =~ ^\{\"end\":.*\"runningRequests\":\ *([0-9]+) ]]; then
      running=${BASH_REMATCH[1]}
    fi
  done < <(curl -sN --fail-with-body "$url/$id/results?after=$after" || true)
  [ "$running" = 0 ] || sleep 1
done
echo done
