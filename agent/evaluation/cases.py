"""Labelled cases: a claim, newer papers with their stances, and the verdicts that are right.

The format is one JSON object per line: `id, claim, claim_date (YYYY-MM), source_arxiv_ids, evidence:
[{arxiv_id, stance, quote}], expected_verdict (null: untested), acceptable_verdicts`. Unknown fields
are ignored.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from agent.errors import UsageError
from store.records import Claim, Source, Stance, VerdictName

_MONTH = r"^\d{4}-(0[1-9]|1[0-2])$"


class Labelled(BaseModel):
    """What one paper says about a case's claim. A quote may be null."""

    model_config = ConfigDict(frozen=True)
    arxiv_id: str
    stance: Stance
    quote: str | None = None


class LabelledCase(BaseModel):
    """One case. `expected_verdict` None means that its papers do not test the claim."""

    model_config = ConfigDict(frozen=True)
    id: str
    claim: Annotated[str, Field(min_length=1)]
    claim_date: Annotated[str, Field(pattern=_MONTH)]
    source_arxiv_ids: tuple[str, ...] = ()
    evidence: tuple[Labelled, ...]
    expected_verdict: VerdictName | None
    acceptable_verdicts: tuple[VerdictName | None, ...] = ()
    control: str | None = None

    @property
    def accepted(self) -> tuple[VerdictName | None, ...]:
        """The verdicts that count as right; the expected one is always among them."""
        return tuple(dict.fromkeys((self.expected_verdict, *self.acceptable_verdicts)))

    @property
    def labels(self) -> dict[str, Stance]:
        """The stance of each evidence paper, each paper once."""
        return {e.arxiv_id: e.stance for e in self.evidence}

    @property
    def bearing(self) -> frozenset[str]:
        """The papers that retrieval has to find: the evidence that is not neutral."""
        return frozenset(i for i, stance in self.labels.items() if stance != "neutral")

    def as_claim(self) -> Claim:
        """The case as a ledger claim: without scope, with its sources."""
        return Claim(
            id=self.id, text=self.claim, kind="claim", lines=(), as_of=self.claim_date,
            sources=tuple(Source(i) for i in self.source_arxiv_ids), provenance=(),
            durable_question="", perishable_limitation="",
        )  # fmt: skip


def read_cases(path: Path) -> list[LabelledCase]:
    """Read a file of cases. Raises UsageError naming the invalid line and field."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the cases {path}: {error}", "name a JSON Lines file") from error
    cases = [_case(path, n, line) for n, line in enumerate(lines, 1) if line.strip()]
    seen: set[str] = set()
    for case in cases:
        if case.id in seen:
            raise UsageError(f"{path}: two cases have the id {case.id!r}", "give each its own")
        seen.add(case.id)
    if not cases:
        raise UsageError(f"{path} holds no cases", "write one JSON object per line")
    return cases


def _case(path: Path, number: int, line: str) -> LabelledCase:
    try:
        return LabelledCase.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(p) for p in first["loc"]) or "the line"
        raise UsageError(
            f"{path}, line {number}: {place}: {first['msg']}", "see `retest eval --help` for the format"
        ) from error
