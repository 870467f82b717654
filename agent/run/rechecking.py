"""Recheck the papers that present verdicts rest on: withdrawn, replaced, or unchanged."""

from __future__ import annotations

from langgraph.runtime import Runtime
from sqlalchemy import Connection

import store.claims
import store.evidence
import store.papers
import store.runs
import store.verdicts
from agent.core.quotes import find_quote
from agent.core.window import days_before
from agent.errors import ReadError
from agent.ports.sources import CitedPapers
from agent.run.parts import Parts
from agent.run.reading import Fetching, Read, keep
from agent.run.state import RunState
from store.records import Evidence, Paper


def cited_papers(db: Connection, source: str) -> CitedPapers:
    """The papers behind standing evidence, and since when a change to them may have been missed.

    A healthy run of a source checked all of them. If the latest run was any other, the papers have to be
    requested one by one.
    """
    last = store.runs.latest(db)
    healthy = last and (last.source, last.health) == (source, "complete")
    papers = store.papers.get_many(db, store.evidence.standing_papers(db))
    categories = {i: papers[i].categories for i in papers}
    return CitedPapers(categories, days_before(last.started_at[:10]) if last and healthy else None)


def fallen_claims(db: Connection) -> set[str]:
    """Claims whose present verdict cites lapsed evidence, from this run or before it was interrupted."""
    found = set()
    for claim in store.claims.active(db):
        present = store.verdicts.present(db, claim.id, claim.revision)
        if present and set(present.evidence_ids) & set(store.evidence.lapsed(db, claim.id, claim.revision)):
            found.add(claim.id)
    return found


def recheck(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Mark evidence as lapsed if its paper is withdrawn or its quote is gone from the newest version."""
    parts, unread = runtime.context, list[str]()
    with parts.ledger.read() as db:
        cited = store.evidence.standing(db)
        papers = store.papers.get_many(db, sorted({e.paper_id for e in cited}))
    fetching = Fetching(parts, frozenset(papers))
    for item in cited:
        try:
            reason = why_lapsed(parts, fetching, item, papers[item.paper_id])
        except ReadError as error:
            unread.append(f"the new version of arXiv:{item.paper_id} could not be checked: {error.message}")
            continue
        if reason:
            with parts.ledger.write() as db:
                store.evidence.lapse(db, item.id, state["run_id"], reason, parts.now())
    with parts.ledger.read() as db:
        also = sorted(fallen_claims(db) - set(state["claim_ids"]))
    problems = [*fetching.problems(), *dict.fromkeys(unread)]
    return {"also": also, "problems": problems, "counts": {"evidence_rechecked": len(cited)}}


def why_lapsed(parts: Parts, fetching: Fetching, item: Evidence, paper: Paper) -> str:
    """Why evidence no longer stands; empty if it does.

    Raises ReadError if its paper's new version cannot be checked.
    """
    if paper.withdrawn:
        return f"arXiv:{paper.id} was withdrawn{f' in v{paper.version}' if paper.version else ''}"
    if (paper.version or 0) <= (item.version or 0) or find_quote(item.quote, paper.text):
        return ""
    if item.section not in ("title", "abstract") and _is_in_whole(parts, fetching, item, paper):
        return ""
    before = f", which replaced v{item.version}" if item.version else ""
    return f"arXiv:{paper.id}v{paper.version}{before}, no longer has the quote"


def _is_in_whole(parts: Parts, fetching: Fetching, item: Evidence, paper: Paper) -> bool:
    """Whether the quote is in the full text of the paper's newest version."""
    with parts.ledger.read() as db:
        is_stored = paper.id in store.papers.read_whole(db, [paper])
        text = store.papers.newest_text(db, paper)
    if is_stored and text:
        return find_quote(item.quote, text[1]) is not None
    file = fetching.file_of(paper)
    if file is None:
        raise ReadError("its file is unavailable")
    reading = parts.reader.read(paper, file)
    keep(parts, Read(paper, reading))
    return find_quote(item.quote, reading.text) is not None
