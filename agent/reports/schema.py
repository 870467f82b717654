"""The report as one published document, from which formats are rendered, and its JSON Schema. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from store.standing import Standing

FORMAT = 2


class Piece(BaseModel):
    """A part of the document: it has the fields it names, and no other."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Quote(Piece):
    """A word-for-word quote that code found again in the paper version it names."""

    part: int | None = Field(description="number of the part of the claim it is on; null: the whole claim")
    arxiv_id: str
    version: int | None
    title: str
    published: str = Field(description="v1 date, to the day or the month")
    quote: str
    place: str = Field(description="section and page, or that only the abstract was read")
    stance: str = Field(description="supports, relaxes or contradicts")
    strength: float
    condition: str
    url: str = Field(description="the page of exactly that version")


class Paper(Piece):
    """A paper."""

    arxiv_id: str
    version: int | None
    title: str
    published: str
    authors: list[str]
    url: str


class Stand(Piece):
    """A verdict a claim had, and since when."""

    day: str
    verdict: Standing


class Override(Piece):
    """A person's word over the rule's verdict."""

    by: str
    reason: str
    condition: str
    decided_at: str
    rule_verdict: Standing


class Claim(Piece):
    """A claim as it stands."""

    id: str
    text: str
    lines: list[str]
    as_of: str | None = Field(description="month it was claimed in; null where no source states it")
    age_months: int | None
    sources: list[str]
    verdict: str = Field(description="still-holds, relaxed, contradicted or none yet")
    standing: Standing = Field(description="what people read: silence and open leads told apart")
    basis: str
    confidence: float | None
    contested: bool
    condition: str = Field(description="holds unless ...")
    reason: str
    rule_version: int | None
    tested_at: str | None
    tested_through: str | None
    trend: list[Stand]
    quotes: list[Quote]
    leads: int = Field(description="quotes that do not count, kept for review")
    open_leads: int = Field(
        description="adverse leads that a person has to look at before silence means anything"
    )
    strongest_lead: Quote | None
    nearest: list[Paper]
    durable_question: str
    perishable_limitation: str
    source_check: str | None
    tags: list[str]
    override: Override | None


class Change(Piece):
    """A verdict that changed: what it was, what it is, and the quote that did it."""

    claim_id: str
    text: str
    before: Standing
    after: Standing
    condition: str
    quote: Quote | None


class Line(Piece):
    """A line of inquiry and its claims."""

    id: str
    title: str
    question: str
    claims: list[str]


class Written(Piece):
    """A sentence a model wrote, grounded in what it cites."""

    line: str
    text: str
    role: str
    cites: list[str] = Field(description="arXiv ids, or ids of claims")


class Disagreement(Piece):
    """Two papers of the last six months that stand against each other on a claim."""

    claim_id: str
    axes: list[str]
    supporting: Quote
    adverse: Quote
    written_by: str | None
    why: list[Written]


class Remark(Piece):
    """A claim and what is to be said of it."""

    claim_id: str
    why: str


class NextLine(Piece):
    """A question to open next, from a document or a model."""

    text: str
    origin: str
    cites: list[str]


class Run(Piece):
    """The run behind the report, so that a reader can judge the judge."""

    id: str
    as_of: str
    health: str
    reasons: list[str]
    notices: list[str]
    source: str
    judge: str
    started_at: str
    finished_at: str | None
    counts: dict[str, Any]
    settings: dict[str, Any]


class Prompt(Piece):
    """A prompt that models were given."""

    name: str
    version: int
    sha256: str


class ReportDocument(Piece):
    """A claim status report."""

    format: int = FORMAT
    day: str
    since: str | None = Field(description="what changes are counted from; null: the run's own")
    changed_in: str | None = Field(description="the run whose changes are told, where not counted from a day")
    note: str = Field(description="what a reader should know of the judge")
    unchallenged: int = Field(description="how many claims no newer paper was found to challenge")
    tally: dict[str, int]
    changes_told: str = Field(description="how many verdicts changed and how many are first ones, in words")
    changes: list[Change]
    lines: list[Line]
    claims: list[Claim]
    disagreements: list[Disagreement]
    questions: list[Written]
    askable: list[Remark]
    next_lines: list[NextLine]
    ungrounded: list[Remark]
    untested: list[Remark]
    run: Run | None
    rule_versions: list[int]
    prompts: list[Prompt]
    product: str

    @property
    def cited(self) -> list[Quote]:
        """The papers that verdicts rest on: one quote per paper version, sorted by arXiv id."""
        found = {(q.arxiv_id, q.version or 0): q for c in self.claims for q in c.quotes}
        return [found[key] for key in sorted(found)]

    def claim(self, claim_id: str) -> Claim:
        """A claim by its id. Raises KeyError."""
        return self._by_id[claim_id]

    @property
    def _by_id(self) -> dict[str, Claim]:
        known: dict[str, Claim] | None = self.__dict__.get("_known")
        if known is None:
            known = {c.id: c for c in self.claims}
            self.__dict__["_known"] = known
        return known


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a report (draft 2020-12)."""
    made = ReportDocument.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Claim status report", **made}


def side(quotes: Sequence[Quote], stance: str, most: int) -> list[Quote]:
    """The strongest quotes of one stance."""
    return [q for q in quotes if q.stance == stance][:most]
