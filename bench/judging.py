"""Time and memory of judging, here and in another checkout, compared in one run.

    git worktree add ../before COMMIT
    python -m bench.judging --reference ../before [--cases 40]

Both judge the same pools with `retest eval` and this interpreter: reference, here, here, reference.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from bench.data import DATA, read_jsonl, require

HERE = Path(__file__).parents[1]


class Cost(NamedTuple):
    """The cost of one evaluation."""

    seconds: float
    megabytes: float


def main() -> None:
    """Print both costs and their ratios as one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--reference", type=Path, required=True, help="another checkout of this project")
    parser.add_argument("--cases", type=int, default=40, help="pools to judge, some ten papers each")
    args = parser.parse_args()
    lines = require(DATA / "cases/pools.dev.jsonl").read_text().splitlines()[: args.cases]
    with tempfile.TemporaryDirectory() as folder:
        cases = Path(folder) / "cases.jsonl"
        cases.write_text("\n".join(lines) + "\n")
        snapshot = records(lines, Path(folder) / "papers.jsonl")
        runs = {place: [judged(place, cases, snapshot)] for place in (args.reference, HERE)}
        for place in (HERE, args.reference):
            runs[place].append(judged(place, cases, snapshot))
    before, after = (Cost(*map(min, zip(*runs[p], strict=True))) for p in (args.reference, HERE))
    print(json.dumps({
        "papers": sum(len(json.loads(line)["evidence"]) for line in lines),
        "reference": before._asdict(), "here": after._asdict(),
        "ratio": {n: round(getattr(after, n) / getattr(before, n), 2) for n in Cost._fields},
    }, indent=1))  # fmt: skip


def records(lines: Sequence[str], path: Path) -> Path:
    """Write the records of the cases' papers as a snapshot."""
    wanted = {e["arxiv_id"] for line in lines for e in json.loads(line)["evidence"]}
    papers = (r for r in read_jsonl(DATA / "stance/papers.jsonl.gz") if r["id"] in wanted)
    rows = (
        {"id": r["id"], "title": r["sentences"][0], "abstract": " ".join(r["sentences"][1:]),
         "published": r["published"]}
        for r in papers
    )  # fmt: skip
    path.write_text("".join(json.dumps(t) + "\n" for t in rows))
    return path


def judged(checkout: Path, cases: Path, snapshot: Path) -> Cost:
    """Evaluate a file of cases in a checkout: wall-clock seconds and peak memory."""
    command = [sys.executable, "-m", "agent", "eval", str(cases), "--json", "--snapshot", str(snapshot)]
    started = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=checkout, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": ""}
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"bench: {' '.join(command)} failed in {checkout}")
    return Cost(round(time.perf_counter() - started, 1), round(usage.ru_maxrss / 1e3))


if __name__ == "__main__":
    main()
