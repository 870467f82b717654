"""Load a report's contents from the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection

import store.calls
import store.claims
import store.evidence
import store.lines
import store.papers
import store.remarks.notes
import store.remarks.overrides
import store.remarks.source_checks
import store.remarks.writings
import store.runs
import store.verdicts
from agent.views.model import Contents
from store.records import Claim, Verdict

LOOKED_AT = 20
"""How many of the closest papers are examined to find those that do not challenge a claim."""


def load(
    db: Connection,
    today: str,
    *,
    run_id: str | None = None,
    only: Collection[str] | None = None,
    cited: bool = False,
    since: str = "",
    gates: bool = True,
) -> Contents:
    """Load the ledger's current contents, for all claims or only some.

    Changes are those since the instant `since`; without it, those of the run `run_id` or, by default, of the
    last finished one. `cited` loads only what current verdicts rest on: enough to show statuses, and many
    times faster. Gate results make up most of a large ledger; `gates=False` skips them.
    """
    claims = store.claims.active(db, only)
    evidence = store.evidence.by_claim(db, only, cited=cited, gates=gates)
    histories = store.verdicts.histories(db, only, newest=cited)
    current = [e for c in claims for e in evidence.get((c.id, c.revision), [])]
    nearest = {} if cited else _nearest(db, claims, histories)
    wanted = {e.paper_id for e in current} | {p for ids in nearest.values() for p in ids}
    return Contents(
        lines=store.lines.active(db),
        claims=claims,
        histories=histories,
        evidence=evidence,
        retests=store.runs.latest_retests(db, only),
        papers=store.papers.get_many(db, sorted(wanted)),
        nearest=nearest,
        run=store.runs.get(db, run_id) if run_id else store.runs.latest(db),
        today=today,
        places=store.evidence.places(db, [e.id for e in current]),
        checks=store.remarks.source_checks.newest(db),
        overrides=store.remarks.overrides.standing(db),
        writings=store.remarks.writings.newest(db),
        next_lines=store.remarks.notes.of_kind(db, "next-line"),
        since=since,
        lead_counts=store.evidence.lead_counts(db) if cited else None,
    )


def _nearest(
    db: Connection, claims: Sequence[Claim], histories: Mapping[str, Sequence[Verdict]]
) -> dict[str, list[str]]:
    """The closest papers a claim was ever screened against: what an unchallenged verdict rests on."""
    silent = [c.id for c in claims if any(v.basis == "unchallenged" for v in histories.get(c.id, [])[-1:])]
    return {
        claim_id: [
            i
            for i in store.runs.nearest(db, claim_id, LOOKED_AT)
            if i not in store.calls.unasked(db, claim_id)
        ]
        for claim_id in silent
    }
