"""The papers that verdicts rest on, and how far back they were last looked at."""

from __future__ import annotations

from sqlalchemy import Connection

import store.evidence
import store.papers
import store.runs
from agent.ports import Known
from agent.retest.window import days_before


def known_papers(db: Connection, source: str) -> Known:
    """The papers of standing evidence, and since when a change of theirs may have been missed.

    A healthy run of a source looked at all there were. Where any other run came after it, the papers
    have to be asked for one by one.
    """
    last = store.runs.latest(db)
    healthy = last and (last.source, last.health) == (source, "complete")
    papers = store.papers.get_many(db, store.evidence.standing_papers(db))
    categories = {i: papers[i].categories for i in papers}
    return Known(categories, days_before(last.started_at[:10]) if last and healthy else None)
