"""How the cost of a run grows with claims and with papers: CPU seconds of each stage, fitted exponents.

    python -m bench.growth [--claims 100 1000 10000] [--papers 500 2000]

The graph, gates, rule, SQLite and Chroma are real. The source yields made papers, the embedder gives a
vector of 32 numbers made from a text's hash, and the judge finds everything neutral: what is measured is our
own work. The stages are `import` (of the claims), `collect`, `index` (shortlist and embed), `screen`, and the
`rest`. The exponent of a stage is the slope of log seconds over log claims (papers fixed), or over log papers
(claims fixed); 1 is linear. A second run of the same week is measured too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import store.claims
import store.lines
from agent.adapters.reading.abstract import AbstractReader
from agent.core.budget import Budget
from agent.core.findings import Answer
from agent.core.screening import Limits
from agent.ports.sources import CitedPapers, Outlook, Wanted
from agent.reports.building import of_run
from agent.run import service
from agent.run.parts import Parts
from store.home.files import Home
from store.ledger import Ledger
from store.records import Claim, Line, Paper, Passage, Provenance, Source, Stance
from store.vectors.index import open_index

DAY, WIDTH = "2026-09-01", 32
WORDS = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in ("a", "e", "i", "o", "u") for c in
         ("ning", "tion", "ral", "mer", "dent", "lyse", "vance", "ture", "sis", "ment")]  # fmt: skip
STAGES = ("import", "collect", "index", "screen", "rest")


class HashEmbedder:
    """Unit vectors made from each text's hash."""

    name = "hash"

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors [len(texts), WIDTH]."""
        rows = [np.frombuffer(hashlib.sha256(t.encode()).digest(), dtype=np.uint8) for t in texts]
        found = np.array(rows, dtype=np.float32).reshape(len(texts), WIDTH) - 127.5
        unit: NDArray[np.float32] = found / np.linalg.norm(found, axis=1, keepdims=True)
        return unit


class MadePapers:
    """A source of made papers."""

    name, problems, notices = "arxiv", list[str](), list[str]()

    def __init__(self, papers: Sequence[Paper]) -> None:
        self._papers = papers
        self.counts: dict[str, int] = {}

    def outlook(self, wanted: Sequence[Wanted], cited: CitedPapers) -> Outlook:  # noqa: ARG002
        """Nothing is asked of anybody."""
        return Outlook("made")

    def collect(self, wanted: Sequence[Wanted], cited: CitedPapers) -> Iterator[Paper]:  # noqa: ARG002
        """All of them."""
        yield from self._papers


class SilentJudge:
    """Finds everything neutral."""

    name, kind, calibration, open_from = "silent", "embedded", (1.0, 0.0), 1.0

    def threshold_of(self, stance: Stance, section: str) -> float:  # noqa: ARG002
        """Nothing counts."""
        return 1.0

    def request(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:  # noqa: ARG002
        """Names alone."""
        return {"claim": claim.id, "paper": paper.id}

    def judge(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> Answer:  # noqa: ARG002
        """No findings."""
        return Answer(())


class StillClock:
    """Always the same day."""

    def now(self) -> datetime:
        """The instant."""
        return datetime(2026, 9, 1, tzinfo=UTC)


def main() -> None:
    """Print seconds and exponents as one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--claims", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--papers", type=int, nargs="+", default=[500, 2000])
    args = parser.parse_args()
    most = max(args.papers)
    rows = [measured(claims, most) for claims in args.claims]
    middle = args.claims[len(args.claims) // 2]
    others = [measured(middle, papers) for papers in args.papers if papers != most]
    by_papers = [*others, next(r for r in rows if r["claims"] == middle)]
    print(json.dumps({
        "runs": [*rows, *others],
        "exponents by claims": exponents(rows, "claims"),
        "exponents by papers": exponents(by_papers, "papers"),
    }, indent=1))  # fmt: skip


def exponents(rows: Sequence[dict[str, Any]], by: str) -> dict[str, float]:
    """The slope of log seconds over log `by`, for every stage and the whole."""
    if len(rows) < 2:
        return {}
    x = np.log([r[by] for r in rows])
    return {
        name: round(float(np.polyfit(x, np.log([max(r[name], 1e-3) for r in rows]), 1)[0]), 2)
        for name in (*STAGES, "whole")
    }


def measured(claims: int, papers: int) -> dict[str, Any]:
    """CPU seconds of each stage of one run, and of a second one."""
    rng = random.Random(claims * 7919 + papers)
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        started = time.process_time()
        fill(home, claims, rng)
        row: dict[str, Any] = {
            "claims": claims,
            "papers": papers,
            "import": time.process_time() - started,
        }
        with opened(home, [paper(n, rng) for n in range(papers)]) as parts:
            row |= run(parts)
        with opened(home, []) as parts:
            row["second run"] = round(run(parts)["whole"], 2)
    row["whole"] += row["import"]
    shown = {k: round(v, 2) if isinstance(v, float) else v for k, v in row.items()}
    print(json.dumps(shown), flush=True)
    return shown


def run(parts: Parts) -> dict[str, float]:
    """CPU seconds of the stages of one run."""
    spent, last, stage = dict.fromkeys(STAGES[1:], 0.0), time.process_time(), "collect"
    begun = last
    names = {"collect": "collect", "screen": "screen", "index": "index", "read": "rest", "judge": "rest"}

    def listen(event: dict[str, Any]) -> None:
        nonlocal last, stage
        now = time.process_time()
        spent[stage] += now - last
        last = now
        if event.get("stage") == "collect" and "total" in event:
            stage = "index"
        else:
            stage = names.get(event.get("stage", ""), stage)

    service.start(parts, DAY, [], [], listen, 2)
    spent[stage] += time.process_time() - last
    return spent | {"whole": time.process_time() - begun}


@contextmanager
def opened(home: Home, papers: Sequence[Paper]) -> Iterator[Parts]:
    """The parts of a run."""
    ledger, embedder = Ledger.open(home.ledger), HashEmbedder()
    with open_index(home.index, embedder.name, holder="bench") as index:
        yield Parts(
            home=home, ledger=ledger, index=index, source=MadePapers(papers), reader=AbstractReader(),
            embedder=embedder, judge=SilentJudge(), clock=StillClock(), limits=Limits(keep=5, floor=0.6),
            budget=Budget(), report=of_run,
        )  # fmt: skip
    ledger.close()


def fill(home: Home, claims: int, rng: random.Random) -> None:
    """A home with so many claims in twenty lines."""
    ledger = Ledger.open(home.ledger, create=True)
    with ledger.write() as db:
        store.lines.save_all(db, [Line(f"line-{n}", f"Line {n}", "What holds?") for n in range(20)])
        for n in range(claims):
            store.claims.save(db, claim(n, rng), "2026-01-01T00:00:00+00:00")
    ledger.close()


def claim(number: int, rng: random.Random) -> Claim:
    """A made claim of fifteen words."""
    return Claim(
        f"claim-{number}", said(rng, 15), "finding", (f"line-{number % 20}",), f"2025-{1 + number % 12:02d}",
        (Source(f"2401.{number % 10_000:05d}"),), (Provenance("bench", "made"),), "", "",
    )  # fmt: skip


def paper(number: int, rng: random.Random) -> Paper:
    """A made paper of a hundred and fifty words."""
    text = ". ".join(said(rng, 15) for _ in range(10))
    day = f"2026-08-{1 + number % 28:02d}"
    return Paper(f"2608.{number:05d}", said(rng, 8), text, day, 1, (f"Author {number}",), ("cs.CL",))


def said(rng: random.Random, words: int) -> str:
    """So many made words."""
    return " ".join(rng.choices(WORDS, k=words))


if __name__ == "__main__":
    main()
