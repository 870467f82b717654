"""The ledger's entities as frozen dataclasses. Plain data: no I/O, and only a few derived properties.

Months are "YYYY-MM"; days are "YYYY-MM-DD"; instants are ISO 8601 in UTC. An as-of month that no
source states is None and is shown as "unknown"; it is never guessed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from store.standing import Standing

Stance: TypeAlias = Literal["supports", "relaxes", "contradicts", "neutral"]
VerdictName: TypeAlias = Literal["still-holds", "relaxed", "contradicted"]
Basis: TypeAlias = Literal["reconfirmed", "unchallenged", "narrowed", "refuted", "untested"]
ScopeMatch: TypeAlias = Literal["same", "different", "unknown"]
EvidenceStatus: TypeAlias = Literal["counted", "lead", "rejected", "second"]
"""`second`: read by another judge than the run's own. It is shown but never counts."""
GateOutcome: TypeAlias = Literal["passed", "failed", "not run"]

Direction: TypeAlias = Literal["increases", "decreases", "no change", "other"]
AXES = ("model", "scale", "training", "task", "scaffold", "metric")
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Axis:
    """One scope axis of a claim: its value, and the terms a paper would use for it."""

    value: str
    terms: tuple[str, ...] = ()
    load_bearing: bool = False


@dataclass(frozen=True)
class Source:
    """A paper that a claim is drawn from, or only "likely" is, with the month its document gives."""

    arxiv_id: str
    status: Literal["cited", "likely"] = "cited"
    month: str | None = None


@dataclass(frozen=True)
class Provenance:
    """Where a claim was read: the document, the place in it, and any note made on import."""

    document: str
    place: str
    note: str = ""


@dataclass(frozen=True)
class Line:
    """A line of inquiry: one open question.

    `categories` are searched for its claims; if there are none, those of the settings.
    """

    id: str
    title: str
    question: str
    categories: tuple[str, ...] = ()
    archived: bool = False


@dataclass(frozen=True)
class Atom:
    """One part of a compound claim, retested on its own. Its own axes override the claim's.

    `direction` is which way the effect goes; `quantifier` is the claim's own word for how often it holds.
    Both are empty if nobody has specified them.
    """

    id: str
    text: str
    scope: dict[str, Axis] = field(default_factory=dict)
    direction: Direction | Literal[""] = ""
    quantifier: str = ""


@dataclass(frozen=True)
class Claim:
    """One revision of a dated claim."""

    id: str
    text: str
    kind: str
    lines: tuple[str, ...]
    as_of: str | None
    sources: tuple[Source, ...]
    provenance: tuple[Provenance, ...]
    durable_question: str
    perishable_limitation: str
    scope: dict[str, Axis] = field(default_factory=dict)
    atoms: tuple[Atom, ...] = ()
    revision: int = 1
    tags: tuple[str, ...] = ()

    @property
    def parts(self) -> tuple[Atom, ...]:
        """The atoms to retest: the claim itself if it has none."""
        return self.atoms or (Atom(self.id, self.text),)

    def scope_of(self, atom_id: str) -> dict[str, Axis]:
        """The scope of one part: the claim's axes, overridden by the part's own."""
        own = next((atom.scope for atom in self.atoms if atom.id == atom_id), {})
        return self.scope | own

    def load_bearing(self, atom_id: str) -> tuple[str, ...]:
        """Axes without which the part would be a different claim."""
        return tuple(name for name, axis in self.scope_of(atom_id).items() if axis.load_bearing)

    @property
    def source_ids(self) -> frozenset[str]:
        """Ids of the claim's own sources."""
        return frozenset(s.arxiv_id for s in self.sources)


@dataclass(frozen=True)
class Paper:
    """An arXiv record. `published` is the date of v1: a day, or a month if the day is unknown."""

    id: str
    title: str
    abstract: str
    published: str
    version: int | None = None
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    updated: str | None = None
    comment: str | None = None
    withdrawn: bool = False

    @property
    def text(self) -> str:
        """The stored text of the record: title, blank line, abstract."""
        return f"{self.title}\n\n{self.abstract}"

    @property
    def url(self) -> str:
        """The page of the exact version used, or of the paper if the version is unknown."""
        return f"https://arxiv.org/abs/{self.id}{f'v{self.version}' if self.version else ''}"


@dataclass(frozen=True)
class Passage:
    """A span `text[start:end]` of a paper's stored text."""

    id: str
    text_id: int
    paper_id: str
    section: str
    page: int | None
    start: int
    end: int
    text: str


@dataclass(frozen=True)
class GateResult:
    """The result of one gate for one piece of evidence. `settleable`: a person could overrule it.

    A gate with nothing to check, such as a second opinion without a second judge, was not run: it
    neither passed nor failed.
    """

    gate: str
    outcome: GateOutcome
    reason: str
    settleable: bool = False

    @property
    def failed(self) -> bool:
        """Whether the evidence must not count."""
        return self.outcome == "failed"


@dataclass(frozen=True)
class Evidence:
    """One paper's stance on one atom of a claim, with its quote and its gate results."""

    id: str
    claim_id: str
    revision: int
    atom_id: str
    paper_id: str
    version: int | None
    text_id: int
    published: str
    stance: Stance
    quote: str
    start: int | None
    end: int | None
    section: str
    scope_match: dict[str, ScopeMatch]
    condition: str
    own_words: bool
    replication: bool
    strength: float
    judge: str
    status: EvidenceStatus
    gates: tuple[GateResult, ...]
    authors: tuple[str, ...] = ()
    run_id: str = ""


@dataclass(frozen=True)
class Verdict:
    """What the rule decided about a claim. `name` is None until something has tested it.

    `open_leads` counts the adverse leads that kept the rule from calling the silence unchallenged.
    """

    name: VerdictName | None
    basis: Basis
    condition: str = ""
    confidence: float | None = None
    contested: bool = False
    evidence_ids: tuple[str, ...] = ()
    rule_version: int = 1
    reason: str = ""
    id: int | None = None
    claim_id: str = ""
    revision: int = 1
    run_id: str = ""
    decided_at: str = ""
    open_leads: int = 0

    @property
    def standing(self) -> Standing:
        """The standing shown to people."""
        if self.name is None:
            return "open" if self.open_leads else "none yet"
        return "no challenge found" if self.basis == "unchallenged" else self.name


@dataclass(frozen=True)
class Retest:
    """One claim's retest in one run: its window, its counts, and whether it was healthy."""

    run_id: str
    claim_id: str
    revision: int
    source: str
    judge: str
    window_from: str | None
    window_to: str
    seen_through: int
    screened: int
    relevant: int
    judged: int
    healthy: bool
    finished_at: str


@dataclass(frozen=True)
class Screening:
    """One paper's score for one claim in one run, kept or dropped."""

    claim_id: str
    paper_id: str
    rank: int
    dense: float
    lexical: float
    fused: float
    kept: bool


@dataclass(frozen=True)
class Run:
    """One retest run. `health` is "running", "complete" or "degraded"; `reasons` say why."""

    id: str
    started_at: str
    as_of: str
    source: str
    judge: str
    settings: dict[str, Any]
    health: str = "running"
    reasons: tuple[str, ...] = ()
    counts: dict[str, Any] = field(default_factory=dict)
    finished_at: str | None = None


@dataclass(frozen=True)
class Call:
    """One journalled question to a judge or writer; `run_id` is None outside a run."""

    key: str
    run_id: str | None
    kind: str
    model: str
    request: dict[str, Any]
    response: dict[str, Any] | None = None
    error: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
