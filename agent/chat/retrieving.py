"""Find what in the ledger is relevant to a question: by topic, by line, by a paper it names, or all of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection

import store.claims
import store.evidence
import store.lines
import store.papers
import store.verdicts
from agent.chat.parts import ChatParts
from agent.chat.question import Question
from agent.chat.sources import statuses
from agent.core.window import after_month
from agent.retrieval.finder import MOST_CLAIMS
from agent.retrieval.search import Hit
from agent.views.model import ClaimStatus
from agent.views.wording import changes_told, sentence
from store.standing import STANDINGS

FEW_WORDS, FEW_QUOTES, MOST_PAPERS, READ_AHEAD = 4, 3, 5, 20
MOST_TOLD = 8


@dataclass(frozen=True)
class Recalled:
    """Claims found, best first; `summary` summarizes them, or says that there are none."""

    hits: list[Hit]
    found: Mapping[str, ClaimStatus]
    summary: str = ""
    papers: list[dict[str, Any]] = field(default_factory=list)


def recall(parts: ChatParts, asked: Question, memory: list[dict[str, Any]]) -> Recalled:
    """Find what is relevant to a question."""
    with parts.ledger.read() as db:
        if asked.is_wide and asked.wants_changes:
            return _changed(db, parts.today(), asked.since)
        named = _by_paper(db, asked.ids)
    asked = in_context(asked, memory)
    vector = parts.finder.vector(asked.topic)
    line = None if named or asked.wants_changes else parts.finder.line_of(vector)
    if line is not None:
        return _of_line(parts, line)
    hits = _each_once([*named, *parts.finder.claims(asked.topic, asked.ids, vector)])[:MOST_CLAIMS]
    with parts.ledger.read() as db:
        found = statuses(db, parts.today(), [h.id for h in hits])
        after = _bound(db, asked, found)
    papers = []
    if _wants_papers(asked, hits, found):
        judged = _already_judged(found)
        near = parts.finder.near(vector, asked.topic, after, most=READ_AHEAD)
        papers = [n.document() for n in near if n.paper.id not in judged][:MOST_PAPERS]
    return Recalled(hits, found, papers=papers)


def in_context(question: Question, memory: list[dict[str, Any]]) -> Question:
    """Prepend the previous question to one that is too short to search for on its own."""
    before = [turn["question"] for turn in memory if turn["question"]]
    if len(question.topic.split()) >= FEW_WORDS or not before or question.ids:
        return question
    return replace(question, topic=f"{before[-1]} {question.topic}")


def _of_line(parts: ChatParts, line_id: str) -> Recalled:
    """Answer a question as broad as a line: count its claims by verdict and list adverse verdicts first."""
    with parts.ledger.read() as db:
        line = next(x for x in store.lines.active(db) if x.id == line_id)
        tally = store.verdicts.tally(db)
        counts = {name: tally.get((line_id, name), 0) for name in STANDINGS}
        chosen = [store.claims.search(db, line=line_id, verdict=n, most=MOST_TOLD)[0] for n in STANDINGS]
        ids = [i for some in chosen for i in some][:MOST_TOLD]
        found, total = statuses(db, parts.today(), ids), sum(counts.values())
    tally_text = ", ".join(f"{n} {name}" for name, n in counts.items() if n)
    some = f"; {len(ids)} of them are shown" if total > len(ids) else ""
    lead = f"The line “{line.title}” asks this: of its {total} claims {tally_text}{some}."
    return Recalled([Hit(i, 1.0) for i in ids], found, lead)


def _changed(db: Connection, today: str, since: str | None) -> Recalled:
    """All verdict changes since a day, or in the last run that gave a verdict."""
    run = None if since else store.verdicts.last_run(db)
    flips = store.verdicts.flips(db, MOST_CLAIMS, run_id=run, since=since or "")
    ids = [v.claim_id for _, v in flips.shown]
    when = f"since {since}" if since else "in the last run that gave a verdict"
    some = f"; {len(ids)} of them are shown" if flips.total > len(ids) else ""
    summary = f"{sentence(when)}: {changes_told(flips.changed, flips.first)}{some}."
    return Recalled([Hit(i, 1.0) for i in ids], statuses(db, today, ids), summary)


def _by_paper(db: Connection, ids: tuple[str, ...]) -> list[Hit]:
    """Claims for which a paper named in the question is evidence."""
    items = [e for paper_id in ids for e in store.evidence.of_paper(db, paper_id) if e.status != "rejected"]
    counted_first = sorted(items, key=lambda e: (e.status != "counted", -e.strength, e.id))
    return [Hit(e.claim_id, 1.0) for e in counted_first]


def _wants_papers(asked: Question, hits: list[Hit], found: Mapping[str, ClaimStatus]) -> bool:
    has_few = sum(len(s.citations) for s in found.values()) < FEW_QUOTES
    return asked.wants_newer or asked.since is not None or (bool(hits) and has_few)


def day_after(parts: ChatParts, asked: Question) -> str | None:
    """The day after which a question wants papers, or None if it implies no day."""
    with parts.ledger.read() as db:
        return _bound(db, replace(asked, wants_newer=True), {})


def _bound(db: Connection, asked: Question, found: Mapping[str, ClaimStatus]) -> str | None:
    """The day after which papers are wanted: the day asked for, or that of the paper or claim."""
    if asked.since or not asked.wants_newer:
        return asked.since
    if asked.ids:
        named = store.papers.get_many(db, list(asked.ids))
        return max((p.published for p in named.values()), default=after_month(_month_of(asked.ids[0])))
    months = [s.claim.as_of for s in found.values() if s.claim.as_of]
    return after_month(months[0]) if months else None


def _month_of(paper_id: str) -> str:
    """The month encoded in an arXiv id; old-style ids (archive/YYMMNNN) start in 1991."""
    digits = paper_id.rpartition("/")[2][:4]
    century = "19" if digits[:2] >= "91" else "20"
    return f"{century}{digits[:2]}-{digits[2:4]}"


def _already_judged(found: Mapping[str, ClaimStatus]) -> set[str]:
    """Papers already judged for these claims, and the claims' own sources."""
    judged = {c.paper.id for s in found.values() for c in (*s.citations, *s.leads, *s.rejected)}
    return judged | {p for s in found.values() for p in s.claim.source_ids}


def _each_once(hits: list[Hit]) -> list[Hit]:
    return list({h.id: h for h in reversed(hits)}.values())[::-1]
