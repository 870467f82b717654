"""The cascade: the embedded model screens papers before the LLM, and the screen itself is checked.

One in twenty of the papers it rejects is judged anyway, chosen by its key, so that a run can report how
often the screen misses something.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection

import store.calls
from agent.run.parts import Parts
from store.records import Call, Claim, Paper, Passage

ONE_IN = 20


def key_of(parts: Parts, claim: Claim, paper: Paper, passages: Iterable[Passage]) -> str:
    """The journal key of one screening. Raises ValueError if there is no screener."""
    screener = parts.screener
    if screener is None:
        raise ValueError("no screener")
    return store.calls.key_of(
        cascade=screener.name, least=parts.cascade, claim=claim.id, revision=claim.revision, paper=paper.id,
        version=paper.version, request=screener.request(claim, paper, tuple(passages)),
    )  # fmt: skip


def response(bearing: float, least: float, key: str) -> dict[str, Any]:
    """The journal entry: how likely the paper bears on the claim, and whether the LLM is asked."""
    rejected = bearing < least
    sampled = rejected and int(key, 16) % ONE_IN == 0
    return {"bearing": round(bearing, 4), "rejected": rejected, "asked": sampled or not rejected}


def outcome(db: Connection, key: str) -> dict[str, Any] | None:
    """The journalled outcome of one screening; None if there is none."""
    call: Call | None = store.calls.answered(db, key)
    return call.response if call else None


def miss_rate(counts: dict[str, Any]) -> float | None:
    """Of the rejected papers that were judged anyway, the share that did bear on their claim."""
    sampled = counts.get("cascade_sampled", 0)
    return round(counts.get("cascade_missed", 0) / sampled, 4) if sampled else None
