"""What was read of a paper, and what a judge says of it. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from store.records import ScopeMatch, Stance


@dataclass(frozen=True)
class Section:
    """A stretch `text[start:end]` that a reader recognised."""

    name: str
    page: int | None
    start: int
    end: int


@dataclass(frozen=True)
class Reading:
    """What was read of a paper version. `kind` is "abstract" or "full".

    `file_sha256` names the file a full text was read from. `hidden` counts characters that no person
    would see (white, tiny, off the page): they are not in `text`. `note` says what else was left out.
    """

    kind: str
    text: str
    sections: tuple[Section, ...]
    file_sha256: str = ""
    hidden: int = 0
    note: str = ""


@dataclass(frozen=True)
class Finding:
    """What a judge says of one atom: not yet evidence, for no gate has seen it.

    `agreement` is the share of the judge's samples that took this stance.
    """

    atom_id: str
    stance: Stance
    quote: str
    strength: float
    scope_match: dict[str, ScopeMatch] = field(default_factory=dict)
    condition: str = ""
    own_words: bool = True
    replication: bool = False
    passage_id: str = ""
    evidence_type: str = ""
    agreement: float = 1.0


@dataclass(frozen=True)
class Answer:
    """A judge's answer for one (claim, paper), and what it cost.

    `tokens_cached` are those of `tokens_in` that the provider had cached.
    """

    findings: tuple[Finding, ...]
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
