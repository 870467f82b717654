"""Retests against an arXiv that fails on a seeded schedule: no wrong verdict, no paper lost, gaps named.

    python -m bench.faults [--seeds 500]

Each seed retests one claim three times against the stand-in over HTTP: with faults, without faults, and with
faults after a paper that its verdict rests on was withdrawn. The clock is injected.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import Any
from unittest import mock

import store.claims
import store.lines
import store.papers
import store.verdicts
from agent.adapters.arxiv import fetch_plan as arxiv_plan
from agent.adapters.arxiv import source as arxiv_source
from agent.adapters.reading.sandbox import Sandbox
from store.home.files import Home
from store.ledger import Ledger
from store.records import Axis, Claim, Line, Provenance, Run
from tests.standins.arxiv import ArxivServer, arxiv_server, seeded
from tests.standins.world import World, paper

MONTHS = [*(f"2025-{m:02d}" for m in range(6, 13)), *(f"2026-{m:02d}" for m in range(1, 9))]
STARS = [
    paper(99, title="On stars", abstract="Stars shine.", id=f"{m[2:4]}{m[5:]}.00099", published=f"{m}-28")
    for m in MONTHS
]
"""A paper in every month, so that no window of a whole category is empty."""
QUIET = [*STARS, *(paper(n) for n in range(1, 7))]
GONE = {"version": 2, "comment": "This paper has been withdrawn by the authors", "updated": "2026-08-30"}
TRUTHS: dict[str, tuple[list[dict[str, Any]], str | None]] = {
    "contradicted": ([*QUIET, paper(7, body="raises"), paper(8, "raises")], "relaxed"),
    "relaxed": ([*QUIET, paper(7, "lowers"), paper(8, body="narrows")], "still-holds"),
    "still-holds": ([*QUIET, paper(7), paper(8, body="lowers")], "still-holds"),
}
"""Papers by the verdict they call for, and the verdict after the last of them is withdrawn."""
ADVERSE = ("relaxed", "contradicted")
CLAIM = Claim(
    id="tuning-hurts", text="Fine-tuning lowers the faithfulness of a model's chain of thought.",
    kind="claim", lines=("faith",), as_of="2025-05", sources=(),
    provenance=(Provenance("a document", "line 1"),),
    durable_question="Does tuning decide faithfulness?", perishable_limitation="Outcome rewards only.",
    scope={"training": Axis("fine-tuning", ("fine-tun",), load_bearing=True)},
)  # fmt: skip


def main() -> None:
    """Print the figures as one JSON document; exit 1 if any required property fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=500)
    args = parser.parse_args()
    seen, broken, started = Counter[str](), dict[int, list[str]](), time.perf_counter()
    sandbox = Sandbox()
    for seed in range(args.seeds):
        with tempfile.TemporaryDirectory() as folder:
            wrong, counts = trial(seed, Path(folder), sandbox)
        seen.update(counts)
        if wrong:
            broken[seed] = wrong
    sandbox.close()
    figures = {"seeds": args.seeds, "broken": broken, **dict(sorted(seen.items()))}
    print(json.dumps(figures | {"seconds": round(time.perf_counter() - started, 1)}, indent=1))
    raise SystemExit(bool(broken))


MAKES = {
    "search": ((arxiv_plan, "PER_DAY", 10_000),),
    "harvest": ((arxiv_source, "share_of", lambda *_, **__: 0.0),),
    "listing": ((arxiv_source, "share_of", lambda *_, **__: 0.0), (arxiv_plan, "CHANGED_PER_DAY", 1)),
}
"""Patches that make the planner choose each way of collecting."""


def trial(seed: int, folder: Path, sandbox: Sandbox) -> tuple[list[str], Counter[str]]:
    """The violations found with one seed, and counts of what happened."""
    rng = random.Random(seed)
    truth, way = rng.choice(list(TRUTHS)), rng.choice(("search", "harvest", "listing"))
    records, after = TRUTHS[truth]
    world = World(folder / "gate", sandbox)
    home, wrong, seen = _home(folder), list[str](), Counter({f"way {way}": 1, f"truth {truth}": 1})
    with ExitStack() as stack:
        server = stack.enter_context(arxiv_server([dict(r) for r in records]))
        for module, name, value in MAKES[way]:
            stack.enter_context(mock.patch.object(module, name, value))
        for stage, faulty, expected in (
            ("first", True, truth),
            ("again", False, truth),
            ("withdrawn", True, after),
        ):
            if stage == "withdrawn":
                server.records[-1] |= GONE
            server.schedule = seeded(seed * 3 + len(stage)) if faulty else lambda *_: None
            run = world.run(home, server)
            seen[f"{stage} {run.health}"] += 1
            seen["requests"] += run.counts["requests"]
            wrong += [f"{stage}: {w}" for w in violations(home, server, run, expected, truth)]
            if not faulty and run.health != "complete":
                wrong.append(f"{stage}: degraded though nothing failed: {run.reasons}")
    return wrong, seen


def _home(folder: Path) -> Home:
    home = Home(folder / "home")
    home.root.mkdir()
    ledger = Ledger.open(home.ledger, create=True)
    with ledger.write() as db:
        store.lines.save_all(db, [Line("faith", "Faithfulness", "Is reasoning faithful?")])
        store.claims.save(db, CLAIM, "2026-08-01T00:00:00+00:00")
    ledger.close()
    return home


def violations(home: Home, server: ArxivServer, run: Run, expected: str | None, before: str) -> list[str]:
    """The violations in a run of properties that must hold whatever arXiv did."""
    name, known, whole = _stored(home)
    about = {r["id"] for r in server.records} - {s["id"] for s in STARS}
    remarks = " ".join([*run.reasons, *run.counts["notices"]])
    unread = {i for i in (known & about) - whole if f"arXiv:{i}" not in remarks}
    least = min((b[0] - a[0] for a, b in pairwise(server.log)), default=3.0)
    found = {
        f"the verdict is {name}, not {expected}": run.health == "complete" and name != expected,
        f"{name} in a degraded run": run.health != "complete" and not _may_be(name, expected, before),
        f"requests {least:.2f} s apart": least < 3,
        "a paper that was seen is lost": bool(server.given - known),
        "papers are missing and the run says it is complete": run.health == "complete"
        and bool(about - known),
        "degraded without a reason": run.health != "complete" and not run.reasons,
        f"{unread} were not read whole, and nothing says so": bool(unread) and "not asked for" not in remarks,
    }
    return [what for what, is_so in found.items() if is_so]


def _may_be(name: str | None, expected: str | None, before: str) -> bool:
    """Whether an incomplete run may leave this verdict: none, the old one, the right one, or part of it."""
    return name in (None, expected, before) or (name in ADVERSE and expected in ADVERSE)


def _stored(home: Home) -> tuple[str | None, set[str], set[str]]:
    ledger = Ledger.open(home.ledger)
    with ledger.read() as db:
        history = store.verdicts.history(db, CLAIM.id)
        papers = store.papers.get_many(db, store.papers.all_ids(db))
        gone = {p.id for p in papers.values() if p.withdrawn}
        whole = store.papers.read_whole(db, papers.values()) | gone
    ledger.close()
    return (history[-1].name if history else None), set(papers), whole


if __name__ == "__main__":
    main()
