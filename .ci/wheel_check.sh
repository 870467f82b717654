#!/usr/bin/env bash
# Build the wheel, install it with all it needs in a fresh environment outside the checkout, use it there.
set -euo pipefail
bin=$(cd "$1" && pwd)
away=$(mktemp -d)
trap 'rm -rf "$away"' EXIT
"$bin/pip" wheel --quiet --no-deps --wheel-dir "$away" .
"$bin/python" -m venv "$away/env"
"$away/env/bin/pip" install --quiet --retries 0 --extra-index-url "$2" "$away"/retest-*.whl
cd "$away"
env/bin/retest --help >/dev/null
env/bin/retest --home "$away/home" init
env/bin/retest --home "$away/home" doctor >/dev/null
env/bin/retest --home "$away/home" status --json |
  env/bin/python -c 'import json, sys; assert len(json.load(sys.stdin)["claims"]) == 24'
echo "wheel: installed elsewhere, seeded 24 claims, doctor content"
