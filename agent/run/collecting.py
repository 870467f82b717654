"""The first nodes: plan what is due, collect papers, index them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from langgraph.runtime import Runtime

import store.claims
import store.lines
import store.papers
import store.runs
from agent.core.window import after_month, existed_by, window_start
from agent.errors import SourceError
from agent.ports.sources import Wanted
from agent.run.candidates import candidates_of, claim_of, corpus_of, shortlist
from agent.run.parts import Parts
from agent.run.rechecking import cited_papers
from agent.run.state import RunState
from store.papers import Saved
from store.records import Claim, Paper, Retest, Run

_BATCH = 128
MOST_NAMED = 20


def plan(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Record the start of the run, and choose the claims that are due."""
    parts = runtime.context
    with parts.ledger.write() as db:
        if store.runs.get(db, state["run_id"]) is None:
            store.runs.start(db, _new_run(parts, state))
        due = [c for c in store.claims.active(db) if is_wanted(c, state)]
    runtime.stream_writer({"stage": "plan", "done": len(due), "total": len(due)})
    revisions = {c.id: c.revision for c in due}
    return {"claim_ids": list(revisions), "revisions": revisions, "counts": {"claims": len(due)}}


def _new_run(parts: Parts, state: RunState) -> Run:
    only = [*state.get("only_claims", []), *state.get("only_lines", [])]
    return Run(
        id=state["run_id"], started_at=parts.now(), as_of=state["as_of"], source=parts.source.name,
        judge=parts.judge.name, settings=parts.settings | ({"only": only} if only else {}),
    )  # fmt: skip


def is_wanted(claim: Claim, state: RunState) -> bool:
    """Whether the run covers this claim."""
    if claim.as_of and claim.as_of > state["as_of"][:7]:
        return False  # on a past as-of date the claim does not exist yet
    claims, lines = state.get("only_claims", []), state.get("only_lines", [])
    if not claims and not lines:
        return True
    return claim.id in claims or bool(set(claim.lines) & set(lines))


def collect(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Collect the papers in every due claim's window into the ledger."""
    parts, problems, seen, left = runtime.context, list[str](), 0, LeftOut()
    with parts.ledger.read() as db:
        cited = cited_papers(db, parts.source.name)
    windows = wanted(parts, state)
    outlook = parts.source.outlook(windows, cited)
    found = (p for p in parts.source.collect(windows, cited) if existed_by(p.published, state["as_of"]))
    for batch in _batches(found, problems):
        with parts.ledger.write() as db:
            saved = store.papers.save(db, batch, parts.source.name, state["run_id"])
        seen += len(batch)
        left.note(batch, saved, windows)
        runtime.stream_writer({"stage": "collect", "done": seen})
    runtime.stream_writer({"stage": "collect", "done": seen, "total": seen})
    counts = {"papers_new": left.added, "collected_by": outlook.way, "requests_planned": outlook.requests}
    return {
        "problems": problems + parts.source.problems,
        "notices": [*parts.notices, *parts.source.notices, *left.said(parts)],
        "counts": dict(parts.source.counts) | counts,
    }


class LeftOut:
    """Counts the papers collected, and remembers those left out, for the report."""

    def __init__(self) -> None:
        self.added = 0
        self._withdrawn: set[str] = set()
        self._doubled: set[str] = set()

    def note(self, batch: Sequence[Paper], saved: Saved, asked: Sequence[Wanted]) -> None:
        """Record one stored batch."""
        self.added += saved.new
        self._doubled |= saved.doubled
        self._withdrawn |= {p.id for p in batch if p.withdrawn and is_new_to_some(p, asked)}

    def said(self, parts: Parts) -> list[str]:
        """Notices of what was left out. A withdrawn paper may have come back in a later version."""
        notes = []
        with parts.ledger.read() as db:
            papers = store.papers.get_many(db, sorted(self._withdrawn)).values()
        if gone := {p.id for p in papers if p.withdrawn}:
            notes.append(f"left out because they are withdrawn: {_named(gone)}")
        if self._doubled:
            notes.append(f"came in several versions, of which the newest was taken: {_named(self._doubled)}")
        return notes


def _named(ids: set[str]) -> str:
    """The papers' ids as text, shortened if there are many."""
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return ", ".join(f"arXiv:{i}" for i in sorted(ids)[:MOST_NAMED]) + more


def is_new_to_some(paper: Paper, asked: Sequence[Wanted]) -> bool:
    """Whether a paper is newer than some claim, which will then be screened against it."""
    return any(paper.published > (after_month(w.claim.as_of) or "") for w in asked)


def looked_until(source: str, last: Retest | None) -> str | None:
    """The day up to which a source need not be asked again.

    A snapshot may be another file each time, with papers of any age: it is read from the claim's month.
    """
    return last.window_to if last and source != "snapshot" else None


def wanted(parts: Parts, state: RunState) -> list[Wanted]:
    """The search window of each due claim."""
    with parts.ledger.read() as db:
        last = store.runs.last_healthy_of_all(db, parts.source.name, parts.judge.name)
        own = store.lines.categories(db)
    return [
        wanted_for(claim, looked_until(parts.source.name, last.get((claim.id, claim.revision))),
                   state["as_of"], own)
        for claim in _due(parts, state)
    ]  # fmt: skip


def wanted_for(claim: Claim, looked_at: str | None, until: str, own: Mapping[str, tuple[str, ...]]) -> Wanted:
    """What to collect for a claim that was searched for up to `looked_at`, given its lines' own categories.

    A claim that is also in a line without categories is searched for where the source searches anyway, too.
    """
    categories = tuple(dict.fromkeys(c for line in claim.lines for c in own.get(line, ())))
    and_usual = bool(categories) and not all(line in own for line in claim.lines)
    return Wanted(claim, window_start(claim.as_of, looked_at), until, categories, and_usual)


def index(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Embed title and abstract of the papers that rank best by words for some claim."""
    parts = runtime.context
    candidates = candidates_of(parts, state)
    rows = candidates.of_any(_due(parts, state))
    missing = parts.index.missing("papers", candidates.named(rows))
    ids = sorted(_shortlisted(parts, state).intersection(missing)) if missing else []
    for start in range(0, len(ids), _BATCH):
        batch = ids[start : start + _BATCH]
        embed(parts, batch)
        runtime.stream_writer({"stage": "index", "done": start + len(batch), "total": len(ids)})
    runtime.stream_writer({"stage": "screen", "done": 0, "total": len(state["claim_ids"])})
    return {"counts": {"papers_embedded": len(ids), "papers_ranked_by_words_only": len(missing) - len(ids)}}


def embed(parts: Parts, ids: Sequence[str]) -> None:
    """Embed title and abstract of those papers that have no vector yet."""
    missing = parts.index.missing("papers", ids)
    if missing:
        parts.index.add("papers", missing, parts.embedder.embed(texts_of(parts, missing)))


def _shortlisted(parts: Parts, state: RunState) -> set[str]:
    """The papers that rank best by words for some claim: those worth embedding."""
    corpus, found = corpus_of(parts, state), set[str]()
    for claim in _due(parts, state):
        found.update(corpus.ids[row] for row in shortlist(parts, state, claim))
    return found


def _due(parts: Parts, state: RunState) -> list[Claim]:
    return [claim_of(parts, state, claim_id) for claim_id in state["claim_ids"]]


def texts_of(parts: Parts, ids: Sequence[str]) -> list[str]:
    """Title and abstract of papers, in the given order."""
    with parts.ledger.read() as db:
        found = store.papers.get_many(db, ids)
    return [found[i].text for i in ids]


def _batches(papers: Iterator[Paper], problems: list[str]) -> Iterator[list[Paper]]:
    """Papers in batches; if the source fails, the failure is noted and earlier papers are kept."""
    batch: list[Paper] = []
    try:
        for paper in papers:
            batch.append(paper)
            if len(batch) == _BATCH:
                yield batch
                batch = []
    except SourceError as error:
        problems.append(str(error))
    if batch:
        yield batch
