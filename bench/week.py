"""How long a weekly run takes: the seeded claims, 2,500 papers, an empty home, the embedded judge.

    python -m bench.week [--papers 2500]

The papers are the newest in the sample snapshot. Seconds are given per stage, as the run reports them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import store.claims
from agent.run import service
from agent.settings import load
from agent.wiring.run import open_parts
from bench.data import DATA, read_jsonl


def main() -> None:
    """Run once and print the figures as one JSON document."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=2500)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        snapshot = Path(folder) / "week.jsonl"
        newest = sorted(read_jsonl(DATA / "arxiv/sample-7k.jsonl.gz"), key=lambda r: str(r["published"]))
        snapshot.write_text("".join(json.dumps(r) + "\n" for r in newest[-args.papers :]))
        subprocess.run([sys.executable, "-m", "agent", "--home", str(home), "init"], check=True)
        settings = load({"home": str(home), "source": "snapshot", "snapshot": str(snapshot)}, {})
        print(json.dumps(timed(settings), indent=1))


def timed(settings: Any, claims: int | None = None) -> dict[str, Any]:
    """Seconds per stage, from its first event to the next stage's, for all claims or the first few."""
    spent: dict[str, float] = defaultdict(float)
    last = {"stage": "start", "at": time.perf_counter()}

    def listen(event: dict[str, Any]) -> None:
        now = time.perf_counter()
        spent[str(last["stage"])] += now - float(str(last["at"]))
        last.update(stage=event["stage"], at=now)

    started = time.perf_counter()
    with open_parts(settings) as parts:
        with parts.ledger.read() as db:
            ids = [c.id for c in store.claims.active(db) if c.as_of][:claims]
        day = parts.clock.now().date().isoformat()
        run = service.start(parts, day, ids, [], listen, settings.concurrency)
    whole = time.perf_counter() - started
    return {
        "seconds": round(whole, 1),
        "by_stage": {stage: round(seconds, 1) for stage, seconds in spent.items()},
        "counts": {k: v for k, v in run.counts.items() if isinstance(v, int)},
    }


if __name__ == "__main__":
    main()
