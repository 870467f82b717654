"""The first nodes: plan what is due, collect papers, index them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from langgraph.runtime import Runtime
from sqlalchemy import Connection

import store.claims
import store.evidence
import store.papers
import store.runs
from agent.core.window import after_month, existed_by, window_start
from agent.errors import SourceError
from agent.ports.sources import Wanted
from agent.retrieval.corpus import Corpus, lexical_text, query_of
from agent.run.parts import Parts
from agent.run.rechecking import cited_papers
from agent.run.state import RunState
from store.papers import Saved
from store.records import Claim, Paper, Run

_BATCH = 128
MOST_NAMED = 20


def plan(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Record the start of the run, and choose the claims that are due."""
    parts = runtime.context
    with parts.ledger.write() as db:
        if store.runs.get(db, state["run_id"]) is None:
            store.runs.start(db, _new_run(parts, state))
        due = [c.id for c in store.claims.active(db) if is_wanted(c, state)]
    runtime.stream_writer({"stage": "plan", "done": len(due), "total": len(due)})
    return {"claim_ids": due, "counts": {"claims": len(due)}}


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
        "notices": [*parts.source.notices, *left.said(parts)],
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


def wanted(parts: Parts, state: RunState) -> list[Wanted]:
    """The search window of each due claim."""
    with parts.ledger.read() as db:
        return [_wanted(db, parts, claim_id, state["as_of"]) for claim_id in state["claim_ids"]]


def _wanted(db: Connection, parts: Parts, claim_id: str, until: str) -> Wanted:
    claim = claim_of(db, claim_id)
    last = store.runs.last_healthy(db, claim.id, claim.revision, parts.source.name, parts.judge.name)
    return Wanted(claim, window_start(claim.as_of, last.window_to if last else None), until)


def claim_of(db: Connection, claim_id: str) -> Claim:
    """A planned claim. Raises KeyError if it does not exist."""
    claim = store.claims.get(db, claim_id)
    if claim is None:
        raise KeyError(claim_id)
    return claim


def candidates(db: Connection, parts: Parts, claim: Claim, until: str) -> list[str]:
    """Papers to test a claim on: newer than it, not its sources, unseen or due to be read again."""
    last = store.runs.last_healthy(db, claim.id, claim.revision, parts.source.name, parts.judge.name)
    found = store.papers.unseen(
        db,
        after_month(claim.as_of),
        until,
        last.seen_through if last else 0,
        last.window_to if last else None,
    )
    again = store.evidence.to_read_again(db, claim.id, claim.revision, last.finished_at if last else "")
    return [i for i in dict.fromkeys([*found, *again]) if i not in claim.source_ids]


def all_candidates(db: Connection, parts: Parts, state: RunState) -> list[str]:
    """Every paper that some due claim has yet to be tested on, each once."""
    found: set[str] = set()
    for claim_id in state["claim_ids"]:
        found.update(candidates(db, parts, claim_of(db, claim_id), state["as_of"]))
    return sorted(found)


def index(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Embed title and abstract of the papers that rank best by words for some claim."""
    parts = runtime.context
    with parts.ledger.read() as db:
        candidate_ids = all_candidates(db, parts, state)
    missing = parts.index.missing("papers", candidate_ids)
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
    corpus = corpus_of(parts, state["as_of"], with_vectors=False)
    found: set[str] = set()
    with parts.ledger.read() as db:
        for claim_id in state["claim_ids"]:
            claim = claim_of(db, claim_id)
            sources = list(store.papers.get_many(db, sorted(claim.source_ids)).values())
            rows = corpus.rows(candidates(db, parts, claim, state["as_of"]))
            if len(rows):
                best = corpus.shortlist(query_of(claim, sources), rows, parts.limits.shortlist)
                found.update(corpus.ids[i] for i in best)
    return found


def corpus_of(parts: Parts, as_of: str, *, with_vectors: bool) -> Corpus:
    """Every paper that some active claim has yet to be tested on, with the available vectors."""
    with parts.ledger.read() as db:
        all_claims: RunState = {"claim_ids": [c.id for c in store.claims.active(db)], "as_of": as_of}
        ids = all_candidates(db, parts, all_claims)
        papers = store.papers.get_many(db, ids)
    corpus = Corpus(ids, [lexical_text(papers[i]) for i in ids])
    if with_vectors:
        missing = set(parts.index.missing("papers", ids))
        embedded = [i for i in ids if i not in missing]
        corpus.hold(embedded, parts.index.vectors("papers", embedded))
    return corpus


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
