"""The node that reads: the best kept papers whole, the others by their records, all cut to passages.

Fetching, reading and embedding go on at once: arXiv lets us ask every three seconds, and in that time
the paper before can be read and embedded.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import zip_longest
from typing import NamedTuple

from langgraph.runtime import Runtime

import store.papers
import store.runs
from agent.core import passages
from agent.core.findings import Reading
from agent.errors import ReadError, SourceError
from agent.ports.sources import PaperFile
from agent.run.background import Behind
from agent.run.parts import Parts
from agent.run.state import RunState
from store.records import Paper, Passage

READERS = 2


class Read(NamedTuple):
    """A paper as it was read. `said` is what a reader of the report should know, if anything."""

    paper: Paper
    reading: Reading
    said: str = ""


def read(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Read the kept papers, cut them to passages, embed the passages."""
    parts = runtime.context
    with parts.ledger.read() as db:
        kept = [store.runs.kept(db, state["run_id"], claim_id) for claim_id in state["claim_ids"]]
        papers = store.papers.get_many(db, best_first(kept, max(map(len, kept), default=0)))
        known = store.papers.read_whole(db, papers.values())
    whole = [i for i in to_fetch(kept, parts) if i not in known] if parts.downloads else []
    rest = [i for i in papers if i not in whole and i not in known]
    fetching = Fetching(parts, frozenset(whole))
    counts = {"papers_read": len(papers), "papers_read_whole": 0, "passages_embedded": 0}
    notices = over_the_cap(kept, parts)
    with Behind() as behind:
        for paper_id in known:  # a run killed between reading and embedding left them without vectors
            behind.do(embed, parts, _stored(parts, papers[paper_id]))
        for done, item in enumerate(readings(parts, fetching, [papers[i] for i in [*rest, *whole]]), 1):
            cuts = keep(parts, item)
            counts["papers_read_whole"] += item.reading.kind == "full"
            counts["passages_embedded"] += len(cuts)
            notices += [item.said] if item.said else []
            behind.do(embed, parts, cuts)
            runtime.stream_writer({"stage": "read", "done": done + len(known), "total": len(papers)})
    runtime.stream_writer({"stage": "judge", "done": 0, "total": sum(map(len, kept))})
    return {"counts": counts, "problems": fetching.problems(), "notices": notices}


def best_first(kept: Sequence[Sequence[str]], each: int) -> list[str]:
    """Every claim's best paper, then every claim's second, each paper once, `each` a claim at most."""
    rounds = zip_longest(*(ids[:each] for ids in kept))
    return list(dict.fromkeys(i for tier in rounds for i in tier if i is not None))


def to_fetch(kept: Sequence[Sequence[str]], parts: Parts) -> list[str]:
    """The papers to be read whole, the most relevant first."""
    return best_first(kept, parts.limits.whole)[: parts.limits.downloads]


def over_the_cap(kept: Sequence[Sequence[str]], parts: Parts) -> list[str]:
    """What to say of papers that were worth reading whole, and were too many."""
    limits = parts.limits
    left = len(best_first(kept, limits.whole)) - limits.downloads if parts.downloads else 0
    said = f"{left} papers were read by their abstracts alone: a run downloads {limits.downloads} at most"
    return [said] if left > 0 else []


GIVE_UP = 2
"""After this many files that the source failed to give, no more are asked for."""


class Fetching:
    """Fetches the files of papers that are `wanted`, until arXiv fails; what was not fetched is counted."""

    def __init__(self, parts: Parts, wanted: frozenset[str]) -> None:
        self._downloads, self._wanted = parts.downloads, wanted
        self._one_at_a_time = threading.Lock()
        self._failures, self._unasked = list[str](), 0

    def file_of(self, paper: Paper, but: str = "") -> PaperFile | None:
        """The paper's file; None where it is not wanted or the source fails.

        Raises ReadError where there is none, or none that we take.
        """
        if self._downloads is None or paper.id not in self._wanted:
            return None
        with self._one_at_a_time:
            if len(self._failures) >= GIVE_UP:
                self._unasked += 1
                return None
            try:
                file = self._downloads.fetch(paper, but)
            except SourceError as error:
                self._failures.append(f"arXiv:{paper.id} could not be fetched: {error.message}")
                return None
        if file is None:
            raise ReadError("there is no file of it")
        return file

    def problems(self) -> list[str]:
        """What the source failed at, and how many papers were judged by their abstracts for it."""
        more = [f"{self._unasked} further papers were not asked for"] if self._unasked else []
        return self._failures + more


def readings(parts: Parts, fetching: Fetching, papers: Sequence[Paper]) -> Iterator[Read]:
    """Read papers, in the order given, while the files of the next ones are fetched."""
    with ThreadPoolExecutor(1) as fetchers, ThreadPoolExecutor(READERS) as readers:
        files = [fetchers.submit(fetching.file_of, paper) for paper in papers]
        told = [
            readers.submit(_reading, parts, fetching, paper, file)
            for paper, file in zip(papers, files, strict=True)
        ]
        try:
            for result in told:
                yield result.result()
        finally:
            fetchers.shutdown(wait=False, cancel_futures=True)
            readers.shutdown(wait=False, cancel_futures=True)


def _reading(parts: Parts, fetching: Fetching, paper: Paper, file: Future[PaperFile | None]) -> Read:
    """Read a paper's file; its PDF where its HTML cannot be read, its record where neither can."""
    got: PaperFile | None = None
    try:
        got = file.result()
        return Read(paper, *_told(paper, parts.reader.read(paper, got)))
    except ReadError as error:
        wrong = error
    try:
        if got and got.kind == "html" and (other := fetching.file_of(paper, but="html")):
            return Read(paper, *_told(paper, parts.reader.read(paper, other)))
    except ReadError as error:
        wrong = error
    said = f"arXiv:{paper.id} was read by its abstract alone: {wrong.message}"
    return Read(paper, parts.reader.read(paper), said)


def _told(paper: Paper, reading: Reading) -> tuple[Reading, str]:
    hidden = f"{reading.hidden} hidden characters left out" if reading.hidden else ""
    said = "; ".join(filter(None, (hidden, reading.note)))
    return reading, f"arXiv:{paper.id}: {said}" if said else ""


def keep(parts: Parts, read: Read) -> list[Passage]:
    """Store a reading and its passages; return the passages."""
    paper, reading = read.paper, read.reading
    with parts.ledger.write() as db:
        text_id = store.papers.save_text(
            db, paper, reading.kind, reading.text,
            file_sha256=reading.file_sha256, hidden=reading.hidden, note=reading.note,
        )  # fmt: skip
        cuts = passages.cut(reading, text_id, paper.id)
        store.papers.save_passages(db, cuts)
    return cuts


def _stored(parts: Parts, paper: Paper) -> list[Passage]:
    """The passages of what was last read of a paper."""
    with parts.ledger.read() as db:
        text = store.papers.newest_text(db, paper)
        return store.papers.passages_of(db, text[0]) if text else []


def embed(parts: Parts, found: Sequence[Passage]) -> None:
    """Embed passages that have no vector yet; reference lists and other people's work are left out."""
    text = passages.to_embed(found)
    ids = parts.index.missing("passages", list(text))
    if ids:
        parts.index.add("passages", ids, parts.embedder.embed([text[i] for i in ids]))
