"""A ledger with many claims: how long status, a dry run, reports and the first page take.

    python -m bench.large [--claims 10000] [--evidence 10]

Each command runs in its own process, as a person would start it; seconds are those of the second call.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests

import store.claims
import store.evidence
import store.lines
import store.papers
import store.runs
import store.verdicts
from store.home.files import Home
from store.ledger import Ledger
from store.records import Axis, Claim, Evidence, GateResult, Line, Paper, Provenance, Run, Source, Verdict
from tests.standins.site import site

COMMANDS = {
    "status": ("status", "--json"),
    "dry run": ("run", "--dry-run", "--json"),
    "claim show": ("claim", "show", "claim-7", "--json"),
    "report": ("report",),
    "report as PDF": ("report", "--format", "pdf"),
    "report as HTML": ("report", "--format", "html"),
    "report as RO-Crate": ("report", "--format", "crate"),
}
PASSED = tuple(
    GateResult(name, "passed", "as it should be")
    for name in ("found", "newer", "exists", "own words", "in scope", "second opinion", "threshold")
)


def main() -> None:
    """Print seconds and megabytes as one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--claims", type=int, default=10_000)
    parser.add_argument("--evidence", type=int, default=10, help="rows per claim")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder) / "home")
        fill(home, args.claims, args.evidence)
        costs = {name: timed(home, command) for name, command in COMMANDS.items()}
        with site(home) as at:
            costs |= {f"page {path}": _page(at + path) for path in ("/", "/claims?q=number", "/lines/line-0")}
        size = round(home.ledger.stat().st_size / 1e6)
    print(json.dumps({"claims": args.claims, "evidence": args.claims * args.evidence, "ledger_mb": size,
                      "commands": costs}, indent=1))  # fmt: skip


def _page(address: str) -> dict[str, Any]:
    """Median response time in milliseconds of nine requests, after a first one."""
    responses = [requests.get(address, timeout=60) for _ in range(10)][1:]
    times = sorted(1000 * a.elapsed.total_seconds() for a in responses)
    return {"ms": round(times[len(times) // 2]), "bytes": len(responses[0].content)}


def timed(home: Home, command: tuple[str, ...]) -> dict[str, Any]:
    """Seconds of a command's second call; the peak memory of any child so far, in MB."""
    whole = [sys.executable, "-m", "agent", "--home", str(home.root), *command]
    for _ in range(2):
        started = time.perf_counter()
        done = subprocess.run(whole, check=True, capture_output=True)
        seconds = time.perf_counter() - started
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"seconds": round(seconds, 2), "bytes": len(done.stdout), "most_mb_so_far": round(most)}


def fill(home: Home, claims: int, evidence: int) -> None:
    """A home with many claims in ten lines, each with a verdict that rests on its evidence."""
    home.root.mkdir(parents=True)
    ledger = Ledger.open(home.ledger, create=True)
    with ledger.write() as db:
        store.lines.save_all(db, [Line(f"line-{n}", f"Line {n}", f"What of {n}?") for n in range(10)])
        store.runs.start(db, Run("run-1", "2026-09-01T06:00:00+00:00", "2026-09-01", "snapshot", "j", {}))
        papers = [
            Paper(f"2601.{n:05d}", f"Paper {n}", "We find that it is so.", "2026-01-05", 1, (f"Author {n}",))
            for n in range(1000)
        ]
        store.papers.save(db, papers, "snapshot", "run-1")
        texts = {p.id: store.papers.save_text(db, p, "abstract", p.text) for p in papers}
        for n in range(claims):
            store.claims.save(db, _claim(n), "2026-09-01T06:00:00+00:00")
            items = list(_evidence(n, evidence, papers, texts))
            store.evidence.save(db, items)
            store.verdicts.save(db, Verdict(
                "relaxed", "narrowed", "another setting", 0.9, evidence_ids=tuple(e.id for e in items[:3]),
                claim_id=f"claim-{n}", run_id="run-1", reason="3 papers narrowing it",
                decided_at="2026-09-01T07:00:00+00:00",
            ))  # fmt: skip
        run = store.runs.get(db, "run-1")
        if run:
            ended = Run(**run.__dict__ | {"health": "complete", "finished_at": "2026-09-01T07:00:00+00:00"})
            store.runs.finish(db, ended)
    ledger.close()


def _claim(n: int) -> Claim:
    return Claim(
        id=f"claim-{n}", text=f"Fine-tuning number {n} lowers faithfulness.", kind="claim",
        lines=(f"line-{n % 10}",), as_of="2024-11", sources=(Source("2411.15382"),),
        provenance=(Provenance("a document", f"line {n}"),), durable_question="Does it?",
        perishable_limitation="One setting.", scope={"training": Axis("fine-tuning", ("fine-tun",), True)},
    )  # fmt: skip


def _evidence(n: int, count: int, papers: list[Paper], texts: dict[str, int]) -> Iterator[Evidence]:
    for i in range(count):
        paper = papers[(n * count + i) % len(papers)]
        yield Evidence(
            f"e-{n}-{i}", f"claim-{n}", 1, f"claim-{n}", paper.id, 1, texts[paper.id], paper.published,
            "relaxes", "We find that it is so.", 0, 22, "abstract", {}, "another setting", True, False,
            0.9, "j",
            "counted" if i < 3 else "lead", PASSED, run_id="run-1",
        )  # fmt: skip


if __name__ == "__main__":
    main()
