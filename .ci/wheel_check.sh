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
env/bin/retest --home "$away/home" report --out "$away/report.pdf"
env/bin/retest --home "$away/home" report --out "$away/report.html"
env/bin/python - "$away/home" <<'END'
import sys
from agent.settings import load
from agent.web.app import build
from agent.web.render import FOLDER
app = build(load({"home": sys.argv[1]}))
assert app.state.templates.get_template("overview.html") and (FOLDER / "static/app.js").exists()
END
echo "wheel: installed elsewhere, seeded 24 claims, doctor content, PDF and pages made"
