"""What was read of a paper, and what a judge found in it. Plain data."""

from __future__ import annotations

from dataclasses import dataclass, field

from store.records import ScopeMatch, Stance


@dataclass(frozen=True)
class Section:
    """A section `text[start:end]` recognised by a reader."""

    name: str
    page: int | None
    start: int
    end: int


@dataclass(frozen=True)
class Reading:
    """The text read of a paper version. `kind` is "abstract" or "full".

    `file_sha256` is the hash of the file a full text was read from. `hidden` counts characters that no
    person would see (white, tiny, off the page); `text` omits them. `note` says what else was left out.
    """

    kind: str
    text: str
    sections: tuple[Section, ...]
    file_sha256: str = ""
    hidden: int = 0
    note: str = ""


@dataclass(frozen=True)
class Finding:
    """What a judge says about one atom. Not yet evidence: no gate has checked it.

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

    `tokens_cached` is the part of `tokens_in` that the provider had cached, `left_out` the number of
    passages for which the judge had no room.
    """

    findings: tuple[Finding, ...]
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0
    left_out: int = 0
