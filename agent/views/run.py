"""Runs as documents, and what they changed: the overview, a run's page, `retest status --json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

import store.claims
import store.lines
import store.runs
import store.verdicts
from agent.errors import NotFound
from agent.views.claim import citation_document, claim_document, statuses
from agent.views.model import ClaimStatus, Report
from agent.views.wording import changes_told, sentence
from store.records import Run
from store.standing import STANDINGS

Document = dict[str, Any]
MOST_FLIPS, MOST_CHANGES, MOST_RUNS = 12, 50, 50


def overview_page(db: Connection, today: str) -> Document:
    """Lines with verdict counts, the latest verdict changes, and the health of the last run."""
    tally = store.verdicts.tally(db)
    run, last = store.runs.latest(db), store.verdicts.last_run(db)
    changing_run = store.runs.get(db, last) if last else None
    nothing = store.verdicts.Flips([], 0, 0)
    flips = store.verdicts.flips(db, MOST_FLIPS, run_id=changing_run.id) if changing_run else nothing
    present = statuses(db, today, [v.claim_id for _, v in flips.shown])
    return {
        "lines": [
            {"id": line.id, "title": line.title, "question": line.question,
             "counts": {name: tally.get((line.id, name), 0) for name in STANDINGS}}
            for line in store.lines.active(db)
        ],
        "claims": store.claims.count(db),
        "run": run_document(run) if run else None,
        "changed_in": changing_run.id if changing_run else None,
        "changed_at": changing_run.as_of if changing_run else None,
        "changes": [
            _change(before, present[v.claim_id]) for before, v in flips.shown if v.claim_id in present
        ],
        "changes_in_all": flips.total,
        "changes_told": sentence(changes_told(flips.changed, flips.first)),
    }  # fmt: skip


def _change(before: str, status: ClaimStatus) -> Document:
    against = [c for c in status.citations if c.evidence.stance != "supports"]
    quote = next(iter(against or status.citations), None)
    return {
        "id": status.claim.id, "text": status.claim.text, "before": before,
        "after": status.rule_standing,
        "condition": status.verdict.condition if status.verdict else "",
        "quote": citation_document(quote) if quote else None,
    }  # fmt: skip


def runs_page(db: Connection) -> list[Document]:
    """The runs, newest first."""
    return [run_document(r) for r in store.runs.recent(db, MOST_RUNS)]


def run_page(db: Connection, today: str, run_id: str) -> Document:
    """A run: its counts and the verdicts it changed. Raises NotFound if there is no such run."""
    run = store.runs.get(db, run_id)
    if run is None:
        raise NotFound(f"no run {run_id!r}", "see the list of runs")
    flips = store.verdicts.flips(db, MOST_CHANGES, run_id=run_id)
    present = statuses(db, today, [v.claim_id for _, v in flips.shown])
    changes = [
        {"id": v.claim_id, "text": present[v.claim_id].claim.text, "before": before,
         "after": v.standing, "reason": v.reason,
         "is_earlier": v.revision != present[v.claim_id].claim.revision}
        for before, v in flips.shown if v.claim_id in present
    ]  # fmt: skip
    told = sentence(changes_told(flips.changed, flips.first))
    return run_document(run) | {"settings": run.settings, "changes": changes,
                                "changes_in_all": flips.total, "changes_told": told}  # fmt: skip


def run_document(held: Run) -> Document:
    """A run as shown in lists."""
    numbers: Mapping[str, Any] = {k: v for k, v in held.counts.items() if not isinstance(v, list | dict)}
    return {
        "id": held.id, "health": held.health, "reasons": list(held.reasons), "as_of": held.as_of,
        "started_at": held.started_at, "finished_at": held.finished_at, "source": held.source,
        "judge": held.judge, "counts": numbers, "notices": list(held.counts.get("notices", [])),
    }  # fmt: skip


def status_document(report: Report) -> dict[str, Any]:
    """The output of `retest status --json`, as specified in the design, section 7."""
    run = report.run
    return {
        "claims": [claim_document(s) for s in report.statuses],
        "run": {"id": run.id, "health": run.health, "reasons": list(run.reasons)} if run else None,
    }
