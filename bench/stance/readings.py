"""What the shipped judge reads in labelled papers found by search, on claims it was not trained on.

There are two kinds of pool: those of the shared data, from a word search, and those of our own ranking.
Readings are cached in the work folder, so that choosing thresholds takes a second.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import NamedTuple

from agent.adapters.judges.embedded import EmbeddedJudge
from agent.adapters.judges.stance_model import LABELS, StanceModel
from agent.adapters.reading.abstract import AbstractReader
from agent.core import gates, passages
from agent.core.findings import Finding
from agent.evaluation.cases import LabelledCase, read_cases
from bench.data import DATA, read_jsonl, require
from bench.stance.data import fold_of, own_pairs
from store.records import Claim, Paper, Passage

READ = 0.25
"""Readings whose share of the whole is below this are not considered further."""
OF_A_KIND = 75
"""Number of pools read of each kind: about 1,500 papers, six minutes."""
ELSEWHERE = 1
"""Number of other papers in a pool whose sentences are read as if they were the body."""
_SIDE = {"supports": "supports", "relaxes": "adverse", "contradicts": "adverse", "neutral": "neutral"}


class Pool(NamedTuple):
    """A claim with labelled papers. `kind` is "words" or "own", after the ranking that found them."""

    kind: str
    claim: Claim
    papers: tuple[tuple[Paper, str], ...]


@dataclass(frozen=True)
class Row:
    """One labelled paper and what was read in it; `stance` is empty if nothing was."""

    pool: str
    claim: str
    paper: str
    label: str
    stance: str = ""
    whole: float = 0.0
    quoted: float = 0.0
    passes: bool = False
    quote: str = ""
    elsewhere: float = 0.0
    """The largest share that a sentence of the pool's other papers gives the side: a wrong quote."""

    @property
    def side(self) -> str:
        """Support or adverse."""
        return _SIDE[self.stance] if self.stance else ""

    @property
    def right(self) -> bool:
        """Whether the side matches the label."""
        return self.side == _SIDE[self.label]

    @property
    def bears(self) -> bool:
        """Whether the paper is labelled as bearing on the claim."""
        return self.label != "neutral"


def rows(folder: Path, work: Path, fold: int = 0) -> list[Row]:
    """All rows for a fold's claims, read once by the judge in `folder`."""
    model = StanceModel(folder)
    kept = work / f"readings-{model.weights_digest}.jsonl"
    if not kept.exists():
        judge = EmbeddedJudge(model)
        judge.model.settings |= {"read": READ}
        started, found = time.monotonic(), list[Row]()
        for n, pool in enumerate(pools(fold), 1):
            found += [read(judge, pool, number) for number in range(len(pool.papers))]
            if n % 25 == 0:
                print(
                    f"{len(found)} papers, {len(found) / (time.monotonic() - started):.1f} a second",
                    flush=True,
                )
        kept.write_text("".join(json.dumps(asdict(r)) + "\n" for r in found))
    return [Row(**json.loads(line)) for line in kept.read_text().splitlines()]


def pools(fold: int) -> Iterator[Pool]:
    """Both kinds of pool for the claims of one fold."""
    cases = [c for c in read_cases(require(DATA / "cases/pools.dev.jsonl")) if fold_of(c.claim) == fold]
    wanted = {i for c in cases for i in c.labels}
    records = read_jsonl(DATA / "stance/papers.jsonl.gz")
    papers = {
        r["id"]: paper_of(r["id"], r["published"], r["sentences"]) for r in records if r["id"] in wanted
    }
    for case in cases[:OF_A_KIND]:
        yield Pool("words", case.as_claim(), tuple((papers[i], label) for i, label in case.labels.items()))
    ranked: dict[str, list[tuple[Paper, str]]] = {}
    for pair in own_pairs():
        if fold_of(pair.claim) == fold:
            paper = paper_of(pair.paper, "9000-01", pair.sentences)
            ranked.setdefault(pair.claim, []).append((paper, LABELS[pair.label]))
    for claim, found in list(ranked.items())[:OF_A_KIND]:
        yield Pool("own", old(claim), tuple(found))


def paper_of(paper_id: str, published: str, sentences: Sequence[str]) -> Paper:
    """A paper with the title and abstract in `sentences`."""
    return Paper(paper_id, sentences[0], " ".join(sentences[1:]), published)


def old(text: str) -> Claim:
    """A claim old enough for every paper to be newer."""
    case = LabelledCase(id="c", claim=text, claim_date="1990-01", evidence=(), expected_verdict=None)
    return case.as_claim()


def read(judge: EmbeddedJudge, pool: Pool, number: int) -> Row:
    """Read one paper of a pool, and check its quote with every gate but the threshold."""
    paper, label = pool.papers[number]
    reading = AbstractReader().read(paper)
    cuts = tuple(passages.cut(reading, 1, paper.id))
    silent = Row(pool.kind, pool.claim.text, paper.id, label)
    found = next((r for r in judge.readings(pool.claim, cuts) if not r.in_body), None)
    if found is None:
        return silent
    evidence = gates.weigh(gates.Case(
        claim=pool.claim, paper=paper, text_id=1, text=reading.text, passages=cuts,
        finding=Finding(found.atom_id, found.stance, found.quote, 1.0), judge=judge.name,
        threshold_in=lambda _: 0.0, until="9999-12-31",
    ))  # fmt: skip
    others = [_as_body(p) for n, (p, _) in enumerate(pool.papers) if n != number][:ELSEWHERE]
    elsewhere = judge.quote(pool.claim.text, found.stance, others, in_body=True)
    return replace(
        silent, stance=found.stance, whole=round(found.whole, 4), quoted=round(found.quoted, 4),
        passes=evidence.status == "counted", quote=found.quote,
        elsewhere=round(elsewhere[1], 4) if elsewhere else 0.0,
    )  # fmt: skip


def _as_body(paper: Paper) -> Passage:
    """An abstract, presented as a section of a body."""
    return Passage(paper.id, 1, paper.id, "results", 1, 0, len(paper.abstract), paper.abstract)
