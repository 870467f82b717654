"""Fetch what a report is made of from the ledger."""

from __future__ import annotations

from sqlalchemy import Connection

import store.claims
import store.evidence
import store.notes
import store.overrides
import store.papers
import store.runs
import store.source_checks
import store.verdicts
import store.writings
from agent.reports.model import Contents
from store.records import Claim, Retest

NEAREST = 5


def load(db: Connection, today: str, *, run_id: str | None = None, only: list[str] | None = None) -> Contents:
    """Load the ledger as it stands, for all claims or only some.

    `run_id` names the run whose changes are shown; without it, the last finished one.
    """
    claims = [c for c in store.claims.active(db) if only is None or c.id in only]
    evidence = store.evidence.by_claim(db)
    retests = store.runs.latest_retests(db)
    nearest = _nearest(db, claims, retests)
    cited = {e.paper_id for c in claims for e in evidence.get((c.id, c.revision), [])}
    wanted = sorted(cited | {p for ids in nearest.values() for p in ids})
    return Contents(
        lines=store.claims.all_lines(db),
        claims=claims,
        histories=store.verdicts.histories(db),
        evidence=evidence,
        retests=retests,
        papers=store.papers.get_many(db, wanted),
        nearest=nearest,
        run=store.runs.get(db, run_id) if run_id else store.runs.latest(db),
        today=today,
        places=store.evidence.places(db),
        checks=store.source_checks.newest(db),
        overrides=store.overrides.standing(db),
        writings=store.writings.newest(db),
        next_lines=store.notes.of_kind(db, "next-line"),
    )


def _nearest(db: Connection, claims: list[Claim], retests: dict[str, Retest]) -> dict[str, list[str]]:
    """The best papers each claim was ever screened against: what an unchallenged verdict rests on."""
    known = [c.id for c in claims if c.id in retests]
    return {claim_id: store.runs.nearest(db, claim_id, NEAREST) for claim_id in known}
