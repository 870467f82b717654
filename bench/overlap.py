"""Does reading keep up with arXiv's gate? A live run on the stand-in, three real seconds per request.

    python -m bench.overlap [--claims 5] [--whole 8]

The stand-in serves the sample snapshot, with one of the three shared PDFs (16 pages) as each paper's file;
the embedder is the real one. Prints the time until the first judged pair, divided by requests x 3 s.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from typing import Any

from agent.adapters.arxiv.snapshot import SnapshotSource
from agent.settings import load
from bench.data import DATA, require
from bench.reading import PAPERS
from bench.week import timed
from tests.standins.arxiv import arxiv_server, record_of

COLLECTING = ("start", "run", "plan", "collect", "index", "screen", "read")
"""Stages before judging, whose time arXiv's gate should hide."""


def main() -> None:
    """Run once and print the figures as one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--claims", type=int, default=5)
    parser.add_argument("--whole", type=int, default=8, help="papers read in full per claim")
    parser.add_argument("--reader", choices=["pdfminer", "pypdf"], default="pdfminer")
    args = parser.parse_args()
    snapshot = DATA / "arxiv/sample-7k.jsonl.gz"
    require(snapshot)
    bodies = [(DATA / "pdfs" / name).read_bytes() for name in PAPERS]
    records = [record_of(p) | {"html": False} for p in SnapshotSource(snapshot).everything()]
    for n, record in enumerate(records):
        record["pdf"] = bodies[n % len(bodies)]
    with tempfile.TemporaryDirectory() as folder, arxiv_server(records) as server:
        subprocess.run([sys.executable, "-m", "agent", "--home", folder + "/home", "init"], check=True)
        settings = load({
            "home": folder + "/home", "source": "arxiv", "arxiv_url": server.url, "oai_url": server.oai_url,
            "arxiv_site": server.site, "gate_dir": folder + "/gate", "whole": args.whole, "keep": args.whole,
            "pdf_reader": args.reader,
        }, {})  # fmt: skip
        measured = timed(settings, args.claims)
    print(json.dumps(figures(measured, len(server.log)), indent=1))


def figures(measured: dict[str, Any], requests: int) -> dict[str, Any]:
    """The ratio and its components."""
    spent = sum(measured["by_stage"].get(stage, 0.0) for stage in COLLECTING)
    counts = {k: measured["counts"].get(k) for k in ("papers_new", "papers_read_whole", "passages_embedded")}
    return {
        "requests": requests, "requests_x_3_s": 3 * requests, "seconds_before_judging": round(spent, 1),
        "ratio": round(spent / (3 * requests), 3), **counts, "by_stage": measured["by_stage"],
    }  # fmt: skip


if __name__ == "__main__":
    main()
