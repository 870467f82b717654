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
    """Write down that the run begins, and choose the claims that are due."""
    parts = runtime.context
    with parts.ledger.write() as db:
        if store.runs.get(db, state["run_id"]) is None:
            store.runs.start(db, _begun(parts, state))
        due = [c.id for c in store.claims.active(db) if is_wanted(c, state)]
    runtime.stream_writer({"stage": "plan", "done": len(due), "total": len(due)})
    return {"claim_ids": due, "counts": {"claims": len(due)}}


def _begun(parts: Parts, state: RunState) -> Run:
    only = [*state.get("only_claims", []), *state.get("only_lines", [])]
    return Run(
        id=state["run_id"], started_at=parts.now(), as_of=state["as_of"], source=parts.source.name,
        judge=parts.judge.name, settings=parts.settings | ({"only": only} if only else {}),
    )  # fmt: skip


def is_wanted(claim: Claim, state: RunState) -> bool:
    """Whether the run was asked for this claim."""
    if claim.as_of and claim.as_of > state["as_of"][:7]:
        return False  # travelling back, it has not been made yet
    claims, lines = state.get("only_claims", []), state.get("only_lines", [])
    if not claims and not lines:
        return True
    return claim.id in claims or bool(set(claim.lines) & set(lines))


def collect(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Bring the papers of every due claim's window into the ledger."""
    parts, problems, seen, left = runtime.context, list[str](), 0, LeftOut()
    with parts.ledger.read() as db:
        known = cited_papers(db, parts.source.name)
    asked = wanted(parts, state)
    outlook = parts.source.outlook(asked, known)
    found = (p for p in parts.source.collect(asked, known) if existed_by(p.published, state["as_of"]))
    for batch in _batches(found, problems):
        with parts.ledger.write() as db:
            saved = store.papers.save(db, batch, parts.source.name, state["run_id"])
        seen += len(batch)
        left.note(batch, saved, asked)
        runtime.stream_writer({"stage": "collect", "done": seen})
    runtime.stream_writer({"stage": "collect", "done": seen, "total": seen})
    counts = {"papers_new": left.added, "collected_by": outlook.way, "requests_planned": outlook.requests}
    return {
        "problems": problems + parts.source.problems,
        "notices": [*parts.source.notices, *left.said(parts)],
        "counts": dict(parts.source.counts) | counts,
    }


class LeftOut:
    """Counts what was collected, and remembers what a reader should know was left out of it."""

    def __init__(self) -> None:
        self.added = 0
        self._withdrawn: set[str] = set()
        self._doubled: set[str] = set()

    def note(self, batch: Sequence[Paper], saved: Saved, asked: Sequence[Wanted]) -> None:
        """Take in one stored batch."""
        self.added += saved.new
        self._doubled |= saved.doubled
        self._withdrawn |= {p.id for p in batch if p.withdrawn and is_new_to_some(p, asked)}

    def said(self, parts: Parts) -> list[str]:
        """What was left out, in words; a paper may have come back in a later version."""
        told = []
        with parts.ledger.read() as db:
            papers = store.papers.get_many(db, sorted(self._withdrawn)).values()
        if gone := {p.id for p in papers if p.withdrawn}:
            told.append(f"left out because they are withdrawn: {_named(gone)}")
        if self._doubled:
            told.append(f"came in several versions, of which the newest was taken: {_named(self._doubled)}")
        return told


def _named(ids: set[str]) -> str:
    """Papers by id, the first few of many."""
    more = f" and {len(ids) - MOST_NAMED} more" if len(ids) > MOST_NAMED else ""
    return ", ".join(f"arXiv:{i}" for i in sorted(ids)[:MOST_NAMED]) + more


def is_new_to_some(paper: Paper, asked: Sequence[Wanted]) -> bool:
    """Whether a paper is newer than some claim, so that the claim will be screened against it."""
    return any(paper.published > (after_month(w.claim.as_of) or "") for w in asked)


def wanted(parts: Parts, state: RunState) -> list[Wanted]:
    """The window of each due claim."""
    with parts.ledger.read() as db:
        return [_wanted(db, parts, claim_id, state["as_of"]) for claim_id in state["claim_ids"]]


def _wanted(db: Connection, parts: Parts, claim_id: str, until: str) -> Wanted:
    claim = claim_of(db, claim_id)
    last = store.runs.last_healthy(db, claim.id, claim.revision, parts.source.name, parts.judge.name)
    return Wanted(claim, window_start(claim.as_of, last.window_to if last else None), until)


def claim_of(db: Connection, claim_id: str) -> Claim:
    """A claim that the plan named, which must exist."""
    claim = store.claims.get(db, claim_id)
    if claim is None:
        raise KeyError(claim_id)
    return claim


def candidates(db: Connection, parts: Parts, claim: Claim, until: str) -> list[str]:
    """Papers a claim has yet to meet: newer than it, not its sources, not met before."""
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
    """Every paper some due claim has yet to meet, each once."""
    found: set[str] = set()
    for claim_id in state["claim_ids"]:
        found.update(candidates(db, parts, claim_of(db, claim_id), state["as_of"]))
    return sorted(found)


def index(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Embed title and abstract of the papers that words rank best for some claim."""
    parts = runtime.context
    with parts.ledger.read() as db:
        every = all_candidates(db, parts, state)
    missing = parts.index.missing("papers", every)
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
    """The papers that words rank best for some claim: those worth embedding."""
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
    """Every paper some active claim has yet to meet, to be ranked; with the vectors there are."""
    with parts.ledger.read() as db:
        every: RunState = {"claim_ids": [c.id for c in store.claims.active(db)], "as_of": as_of}
        ids = all_candidates(db, parts, every)
        papers = store.papers.get_many(db, ids)
    corpus = Corpus(ids, [lexical_text(papers[i]) for i in ids])
    if with_vectors:
        missing = set(parts.index.missing("papers", ids))
        held = [i for i in ids if i not in missing]
        corpus.hold(held, parts.index.vectors("papers", held))
    return corpus


def texts_of(parts: Parts, ids: Sequence[str]) -> list[str]:
    """Title and abstract of papers, in the order asked."""
    with parts.ledger.read() as db:
        found = store.papers.get_many(db, ids)
    return [found[i].text for i in ids]


def _batches(papers: Iterator[Paper], problems: list[str]) -> Iterator[list[Paper]]:
    """Papers in batches; a source that fails is named, and what it gave before is kept."""
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
