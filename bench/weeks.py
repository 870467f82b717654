"""What twelve consecutive weeks cost on a snapshot: new papers, and the work they cause.

    python -m bench.weeks --snapshot full-223k.jsonl.xz [--first 2026-05-16] [--weeks 12] [--shortlist 100]

Uses the bundled claims and the embedded judge. The first row is the run that catches up with the past.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from agent.backtest import service
from agent.backtest.service import DayClock
from agent.claims import pack
from agent.run import service as runs
from agent.settings import load
from agent.wiring.run import open_parts
from store.home.files import Home

COUNTS = ("papers_new", "papers_embedded", "pairs_screened", "judged", "answers_reused", "verdicts_appended")


def main() -> None:
    """Print one JSON document: one row per week, and a second run of the last day."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--snapshot", required=True)
    parser.add_argument("--first", default="2026-05-16")
    parser.add_argument("--weeks", type=int, default=12)
    parser.add_argument("--shortlist", type=int, default=100)
    args = parser.parse_args()
    start = date.fromisoformat(args.first)
    days = [(start + timedelta(weeks=n)).isoformat() for n in range(args.weeks + 1)]
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        packs = [pack.read(path) for path in pack.shipped()]
        service.prepare(home, [x for p in packs for x in p.lines], [c for p in packs for c in p.claims])
        settings = load({
            "home": str(home.root), "source": "snapshot", "snapshot": args.snapshot,
            "shortlist": args.shortlist,
        }, {})  # fmt: skip
        rows = [_week(settings, day) for day in [*days, days[-1]]]
    print(json.dumps(rows, indent=1))


def _week(settings: Any, day: str) -> dict[str, Any]:
    started = time.perf_counter()
    with open_parts(settings, DayClock(day)) as parts:
        run = runs.start(parts, day, [], [], lambda _: None, 2)
    seconds = round(time.perf_counter() - started)
    return {"as_of": day, "seconds": seconds, **{name: run.counts.get(name, 0) for name in COUNTS}}


if __name__ == "__main__":
    main()
