"""What is recorded about lines and claims: notes, source checks, overrides, writings. Plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from store.records import VerdictName


@dataclass(frozen=True)
class Note:
    """What a document says about a line besides its claims, or where else a claim was read (`claim_id`)."""

    line_id: str
    kind: str
    text: str
    document: str
    place: str
    claim_id: str = ""


STATED, PART, NOT_SAID = "states it", "states part of it", "does not say so in the text read"
NOT_FOUND, WRONG_DATE, NO_SOURCE = "paper not found", "wrong date", "no source named"
GROUNDED = (STATED, PART)
"""The possible results of a source check. `GROUNDED`: the source states the claim, in whole or in part."""


@dataclass(frozen=True)
class SourceCheck:
    """Whether the papers a claim cites state it. `quotes` are (part, arXiv id, verbatim quote)."""

    claim_id: str
    revision: int
    state: str
    reason: str
    quotes: tuple[tuple[str, str, str], ...]
    judge: str
    checked_at: str = ""


@dataclass(frozen=True)
class Override:
    """A person's decision over the rule's verdict. `name` None lifts the previous override.

    `over` is the id of the rule's verdict at that time.
    """

    claim_id: str
    revision: int
    name: VerdictName | None
    condition: str
    reason: str
    by: str
    over: int | None = None
    decided_at: str = ""


@dataclass(frozen=True)
class Sentence:
    """A sentence a model wrote, and the ids of the evidence or claims it rests on.

    `role` distinguishes sentences of one writing, as a question from the observation that would settle it.
    """

    text: str
    cites: tuple[str, ...]
    role: str = ""


@dataclass(frozen=True)
class Writing:
    """What a model wrote about a line, each sentence grounded; `left_out` counts those that were not.

    `about` is its subject within the line: a pair of evidence ids, or the line itself.
    """

    kind: Literal["reconciliation", "questions", "next lines"]
    line_id: str
    about: str
    sentences: tuple[Sentence, ...]
    left_out: int
    writer: str
    run_id: str | None = None
    written_at: str = ""
