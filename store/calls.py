"""The journal of paid work: intent before the call, response after it, and no call is paid twice."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from store.records import Call
from store.tables.schema import calls

JUDGES = ("llm", "embedded")
"""Kinds of calls that judge a paper."""
LAST = "9999"
"""Sorts after every instant."""
PAID = ("llm", "writer")
"""Kinds of calls that cost money."""


def key_of(**parts: object) -> str:
    """A stable key over everything an answer depends on."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


def answered(db: Connection, key: str) -> Call | None:
    """The journalled call with a response, or None."""
    row = db.execute(select(calls).where(calls.c.key == key, calls.c.response.is_not(None))).first()
    if row is None or row.response is None:
        return None
    return Call(
        row.key,
        row.run_id,
        row.kind,
        row.model,
        row.request,
        row.response,
        row.error,
        row.tokens_in,
        row.tokens_out,
    )


def intend(db: Connection, call: Call, now: str) -> None:
    """Record that a call is about to be made."""
    values = {"run_id": call.run_id, "asked_at": now, "error": None}
    if db.execute(update(calls).where(calls.c.key == call.key).values(values)).rowcount:
        return
    row = {
        "key": call.key,
        "kind": call.kind,
        "model": call.model,
        "request": call.request,
        "tokens_in": 0,
        "tokens_out": 0,
    }
    db.execute(insert(calls).values(row | values))


def respond(db: Connection, key: str, response: dict[str, Any], tokens: tuple[int, int], now: str) -> None:
    """Record the response to an intended call."""
    values = {
        "response": response,
        "tokens_in": tokens[0],
        "tokens_out": tokens[1],
        "answered_at": now,
    }
    db.execute(update(calls).where(calls.c.key == key).values(values))


def fail(db: Connection, key: str, error: str, now: str) -> None:
    """Record that an intended call gave no usable answer; it may be retried."""
    db.execute(update(calls).where(calls.c.key == key).values(error=error, answered_at=now))


def judged(db: Connection, model: str, until: str) -> list[Call]:
    """Every answer of a judge up to the instant `until`, in key order."""
    query = select(calls).where(calls.c.model == model, calls.c.response.is_not(None))
    rows = db.execute(query.where(calls.c.answered_at <= until).order_by(calls.c.key))
    return [Call(r.key, r.run_id, r.kind, r.model, r.request, r.response) for r in rows]


def judged_for(db: Connection, paper_id: str) -> int:
    """For how many claims a judge has answered on a paper."""
    asked = select(calls.c.request).where(calls.c.kind.in_(JUDGES), calls.c.response.is_not(None))
    about = calls.c.request["paper"].as_string() == paper_id
    return len({row.request["claim"] for row in db.execute(asked.where(about))})


def unasked(db: Connection, claim_id: str, until: str = LAST) -> set[str]:
    """The papers that the cascade kept from the judge for a claim, up to the instant `until`."""
    chosen = (calls.c.kind == "cascade") & (calls.c.asked_at <= until)
    rows = db.execute(select(calls.c.request, calls.c.response).where(chosen))
    answers = [(r.request, r.response or {"asked": True}) for r in rows if r.request["claim"] == claim_id]
    return {request["paper"] for request, answer in answers if not answer["asked"]}


def spent(db: Connection, run_id: str) -> dict[str, dict[str, Any]]:
    """A run's paid calls (samples included) and tokens by claim, or by line for writings about a line.

    `batched` holds the tokens among them that went through a batch.
    """
    found: dict[str, dict[str, Any]] = {}
    for call in of_run(db, run_id):
        if call.response is None or call.kind not in PAID:
            continue
        row = found.setdefault(
            call.request["claim"],
            {"calls": 0, "tokens_in": 0, "tokens_cached": 0, "tokens_out": 0},
        )
        row["calls"] += 1
        row["tokens_in"] += call.tokens_in
        row["tokens_cached"] += call.response.get("tokens_cached", 0)
        row["tokens_out"] += call.tokens_out
        if call.response.get("batched"):
            batched = row.setdefault("batched", {"tokens_in": 0, "tokens_cached": 0, "tokens_out": 0})
            batched["tokens_in"] += call.tokens_in
            batched["tokens_cached"] += call.response.get("tokens_cached", 0)
            batched["tokens_out"] += call.tokens_out
    return found


def mean_tokens(db: Connection) -> tuple[float, float] | None:
    """Mean tokens in and out of the judge's answers so far, or None if there are none."""
    answered = (calls.c.kind == "llm") & calls.c.response.is_not(None)
    row = db.execute(select(func.avg(calls.c.tokens_in), func.avg(calls.c.tokens_out)).where(answered)).one()
    return (float(row[0]), float(row[1])) if row[0] is not None else None


def of_run(db: Connection, run_id: str | None) -> list[Call]:
    """Every call of a run, in key order; for None, those made outside runs."""
    rows = db.execute(select(calls).where(calls.c.run_id == run_id).order_by(calls.c.key))
    return [
        Call(
            r.key,
            r.run_id,
            r.kind,
            r.model,
            r.request,
            r.response,
            r.error,
            r.tokens_in,
            r.tokens_out,
        )
        for r in rows
    ]
