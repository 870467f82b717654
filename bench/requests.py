"""arXiv requests for a week's collection with 10, 100 and 1,000 claims, counted by the stand-in.

    python -m bench.requests [--snapshot full-223k.jsonl.xz]

The stand-in serves the newest records of the snapshot. Each claim's current verdict rests on two papers,
which are checked again. The clock is injected, so nothing waits.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from datetime import date, timedelta
from pathlib import Path

from agent.adapters.arxiv.api import ArxivApi
from agent.adapters.arxiv.http import ArxivHttp
from agent.adapters.arxiv.oai import ArxivListing
from agent.adapters.arxiv.rate_limiter import RateLimiter
from agent.adapters.arxiv.snapshot import SnapshotSource
from agent.adapters.arxiv.source import ArxivSource
from agent.ports.sources import CitedPapers, Wanted
from bench.data import DATA, require
from bench.faults import CLAIM
from store.records import Paper
from tests.standins.arxiv import arxiv_server, record_of
from tests.standins.world import Time, TimeClock

CLAIMS = (10, 100, 1000)
CATEGORIES = ("cs.CL", "cs.LG", "cs.AI")
DAYS = 14
"""One week, plus one week of overlap."""


def main() -> None:
    """Print one row for each number of claims."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--snapshot", type=Path, default=DATA / "arxiv/full-223k.jsonl.xz")
    args = parser.parse_args()
    require(args.snapshot)
    dated = [p for p in SnapshotSource(args.snapshot).everything() if len(p.published) == 10]
    newest = max(p.published for p in dated)
    after = (date.fromisoformat(newest) - timedelta(days=DAYS)).isoformat()
    recent = [p for p in dated if p.published >= after[:8]]
    for number in CLAIMS:
        print(json.dumps(row(recent, number, after, newest)))


def row(papers: list[Paper], number: int, after: str, until: str) -> dict[str, object]:
    """What one week's collection plans and requests."""
    wanted = [Wanted(CLAIM, after, until)] * number
    cited = CitedPapers({p.id: p.categories for p in papers[: 2 * number]}, after)
    time = Time()
    with tempfile.TemporaryDirectory() as folder, arxiv_server([record_of(p) for p in papers]) as server:
        server.now = time.now
        gate = RateLimiter(Path(folder), time.now, time.sleep)
        way = ArxivHttp(gate, TimeClock(time), monotonic=time.now)
        source = ArxivSource(
            way, ArxivApi(way, server.url), ArxivListing(way, server.oai_url), categories=CATEGORIES
        )
        outlook = source.outlook(wanted, cited)
        got = len(list(source.collect(wanted, cited)))
    return {
        "claims": number, "papers_checked_again": len(cited.ids), "way": outlook.way, "ways": outlook.ways,
        "requests_planned": outlook.requests, "requests_made": len(server.log), "papers": got,
        "minutes": round((time.at - TimeClock(Time()).time.at) / 60, 2), "problems": source.problems,
    }  # fmt: skip


if __name__ == "__main__":
    main()
