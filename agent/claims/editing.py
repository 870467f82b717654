"""Change claims by hand: add and edit them, override their verdicts, and tag them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

import store.claims
import store.lines
import store.remarks.overrides
import store.verdicts
from agent.arxiv_ids import BadId, read_id
from agent.claims import lines
from agent.claims.importing import free_id
from agent.claims.reading.pieces import is_month
from agent.errors import UsageError
from store.records import AXES, Axis, Claim, Provenance, Source, VerdictName
from store.remarks import Override

MOST_LETTERS = 40
FIELDS: Mapping[str, Any] = {
    "text": None, "as_of": None, "sources": (), "lines": (), "question": None, "limitation": None,
    "scope": (), "terms": (), "load_bearing": (), "new_line": None,
}  # fmt: skip
"""The fields of a claim that can be given, and the values that mean "not given"."""


def added(db: Connection, given: Mapping[str, Any], now: str) -> str:
    """Add a claim, and its line if a new one is given; return its id.

    Raises UsageError naming what is missing or invalid.
    """
    given = _with_new_line(db, given)
    if not (given["text"] or "").strip() or not given["lines"]:
        raise UsageError("a claim needs a text and a line", "retest line list shows the lines")
    claim_id = free_id(given["text"], store.claims.every_id(db))
    claim = Claim(
        id=claim_id, text="", kind="claim", lines=(), as_of=None, sources=(),
        provenance=(Provenance("by hand", now[:10]),), durable_question="", perishable_limitation="",
    )  # fmt: skip
    store.claims.save(db, changed(db, claim, given, now), now)
    return claim_id


def changed(db: Connection, claim: Claim, given: Mapping[str, Any], now: str) -> Claim:
    """Return the claim with the given fields replaced. Raises UsageError naming what is invalid."""
    given = _with_new_line(db, given)
    known = {line.id for line in store.lines.active(db)}
    if unknown := set(given["lines"]) - known:
        raise UsageError(f"no line {min(unknown)!r}", f"known lines: {', '.join(sorted(known))}")
    if given["text"] is not None and not given["text"].strip():
        raise UsageError("a claim's text cannot be blank", "give its text, or leave it out")
    as_of = given["as_of"]
    if as_of and is_month(as_of) and as_of > now[:7]:
        raise UsageError(f"as-of {as_of} is in the future", "give the month in which the claim was made")
    if as_of and as_of != "unknown" and not is_month(as_of):
        raise UsageError(f"as-of {as_of!r} is not a valid month", "write YYYY-MM, or unknown")
    return replace(
        claim,
        text=given["text"] or claim.text,
        durable_question=given["question"] or claim.durable_question,
        perishable_limitation=given["limitation"] or claim.perishable_limitation,
        lines=given["lines"] or claim.lines,
        sources=sources_of(given["sources"]) or claim.sources,
        as_of=claim.as_of if not as_of else None if as_of == "unknown" else as_of,
        scope=_scope(claim, given),
        atoms=() if given["text"] and given["text"] != claim.text else claim.atoms,
    )


def _with_new_line(db: Connection, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """The fields with a new line made and added to the claim's lines, if a title for one is given."""
    if not given.get("new_line"):
        return given
    line = lines.added(db, given["new_line"])
    return {**given, "lines": (*given["lines"], line.id), "new_line": None}


def _scope(claim: Claim, given: Mapping[str, Any]) -> dict[str, Axis]:
    scope = dict(claim.scope)
    for name, value in map(_pair, given["scope"]):
        scope[name] = replace(scope.get(name, Axis("")), value=value)
    for name, value in map(_pair, given["terms"]):
        scope[name] = replace(
            _axis(scope, name), terms=tuple(t.strip() for t in value.split(",") if t.strip())
        )
    for name in given["load_bearing"]:
        scope[name] = replace(_axis(scope, name), load_bearing=True)
    return {name: scope[name] for name in AXES if name in scope}


def _axis(scope: dict[str, Axis], name: str) -> Axis:
    if name not in scope:
        raise UsageError(f"the claim has no scope on {name!r}", f"give --scope {name}=VALUE")
    return scope[name]


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if name not in AXES or not equals or not value.strip():
        raise UsageError(f"{text!r} is not AXIS=VALUE", f"the axes are {', '.join(AXES)}")
    return name, value.strip()


def sources_of(ids: Sequence[str]) -> tuple[Source, ...]:
    """Sources from their ids. Raises UsageError naming an id that is wrong."""
    return tuple(map(_source, ids))


def _source(text: str) -> Source:
    try:
        return Source(read_id(text).id)
    except BadId as error:
        raise UsageError(str(error), "use an id such as 2411.15382") from error


def claim_of(db: Connection, claim_id: str) -> Claim:
    """Return the newest revision of a claim. Raises UsageError if there is none."""
    claim = store.claims.get(db, claim_id)
    if claim is None:
        raise UsageError(f"no claim {claim_id!r}", "retest claim list shows them")
    return claim


def overridden(
    db: Connection, claim_id: str, verdict: VerdictName | None, condition: str, reason: str, by: str, now: str
) -> Override:
    """Override the rule's verdict, which is kept; a verdict of None lifts the previous override.

    Raises UsageError if the claim is unknown, or if the reason or name is empty.
    """
    claim = claim_of(db, claim_id)
    reason, by = " ".join(reason.split()), " ".join(by.split())
    if not reason or not by:
        raise UsageError("an override needs a reason and a name", "give both")
    rule = store.verdicts.present(db, claim.id, claim.revision)
    over = rule.id if rule else None
    override = Override(claim.id, claim.revision, verdict, condition.strip(), reason, by, over, now)
    store.remarks.overrides.save(db, override, now)
    return override


def tags_of(words: list[str]) -> list[str]:
    """Return words as tags. Raises UsageError for one that is invalid."""
    tags = [w.strip().casefold() for w in words]
    if wrong := [w for w in tags if not w or len(w) > MOST_LETTERS or not w.isprintable()]:
        raise UsageError(f"{wrong[0]!r} is not a valid tag", f"use one to {MOST_LETTERS} characters")
    return tags
