"""The read node: the best kept papers in full, the others from their records, all cut into passages.

Fetching, reading and embedding overlap: arXiv allows one request every three seconds, and in that time
the previous paper can be read and embedded.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import zip_longest
from typing import NamedTuple

from langgraph.runtime import Runtime

import store.papers
import store.runs
from agent.core import passages
from agent.core.findings import Reading
from agent.errors import ReadError, SourceError
from agent.ports.sources import PaperFile
from agent.run.background import Batches
from agent.run.parts import Parts
from agent.run.state import RunState
from store.records import Paper, Passage

READERS, EMBEDDED_AT_ONCE = 2, 128
"""Threads that parse papers, and passages embedded in one batch, across papers."""


class Read(NamedTuple):
    """A paper as it was read. `said` is a note for the report, if there is one."""

    paper: Paper
    reading: Reading
    said: str = ""


def read(state: RunState, runtime: Runtime[Parts]) -> RunState:
    """Read the kept papers, cut them into passages, and embed the passages."""
    parts = runtime.context
    with parts.ledger.read() as db:
        kept = [store.runs.kept(db, state["run_id"], claim_id) for claim_id in state["claim_ids"]]
        papers = store.papers.get_many(db, best_first(kept, max(map(len, kept), default=0)))
        read_before = store.papers.read_whole(db, papers.values())
    whole = [i for i in to_fetch(kept, parts) if i not in read_before] if parts.downloads else []
    rest = [i for i in papers if i not in whole and i not in read_before]
    fetching = Fetching(parts, frozenset(whole))
    counts = {"papers_read": len(papers), "papers_read_whole": 0, "passages_embedded": 0}
    notices = over_the_cap(kept, parts)
    with Batches(partial(embed, parts), EMBEDDED_AT_ONCE) as to_be_embedded:
        for paper_id in read_before:  # an interrupted run may have left them without vectors
            to_be_embedded.add(_stored(parts, papers[paper_id]))
        for done, item in enumerate(readings(parts, fetching, [papers[i] for i in [*rest, *whole]]), 1):
            cuts = keep(parts, item)
            counts["papers_read_whole"] += item.reading.kind == "full"
            counts["passages_embedded"] += len(passages.to_embed(cuts))
            notices += [item.said] if item.said else []
            to_be_embedded.add(cuts)
            runtime.stream_writer({"stage": "read", "done": done + len(read_before), "total": len(papers)})
    runtime.stream_writer({"stage": "judge", "done": 0, "total": sum(map(len, kept))})
    return {"counts": counts, "problems": fetching.problems(), "notices": notices}


def best_first(kept: Sequence[Sequence[str]], each: int) -> list[str]:
    """Every claim's best paper, then every claim's second, each paper once, at most `each` per claim."""
    rounds = zip_longest(*(ids[:each] for ids in kept))
    return list(dict.fromkeys(i for tier in rounds for i in tier if i is not None))


def to_fetch(kept: Sequence[Sequence[str]], parts: Parts) -> list[str]:
    """The papers to be read in full, most relevant first."""
    return best_first(kept, parts.limits.whole)[: parts.limits.downloads]


def over_the_cap(kept: Sequence[Sequence[str]], parts: Parts) -> list[str]:
    """A notice if more papers were worth reading in full than a run may download."""
    limits = parts.limits
    left = len(best_first(kept, limits.whole)) - limits.downloads if parts.downloads else 0
    notice = f"{left} papers were read by their abstracts alone: a run downloads {limits.downloads} at most"
    return [notice] if left > 0 else []


GIVE_UP = 2
"""Stop fetching after this many failures of the source."""


class Fetching:
    """Fetches the files of `wanted` papers until arXiv keeps failing; counts those not requested."""

    def __init__(self, parts: Parts, wanted: frozenset[str]) -> None:
        self._downloads, self._wanted = parts.downloads, wanted
        self._lock = threading.Lock()
        self._failures, self._unasked = list[str](), 0

    def file_of(self, paper: Paper, but: str = "") -> PaperFile | None:
        """The paper's file; None if it is not wanted or the source fails.

        Raises ReadError if there is no file, or none that we accept.
        """
        if self._downloads is None or paper.id not in self._wanted:
            return None
        with self._lock:
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
        """The source's failures, and how many papers were not requested because of them."""
        more = [f"{self._unasked} further papers were not asked for"] if self._unasked else []
        return self._failures + more


def readings(parts: Parts, fetching: Fetching, papers: Sequence[Paper]) -> Iterator[Read]:
    """Read papers in the given order, while the files of the next ones are fetched."""
    with ThreadPoolExecutor(1) as fetchers, ThreadPoolExecutor(READERS) as readers:
        files = [fetchers.submit(fetching.file_of, paper) for paper in papers]
        results = [
            readers.submit(_reading, parts, fetching, paper, file)
            for paper, file in zip(papers, files, strict=True)
        ]
        try:
            for result in results:
                yield result.result()
        finally:
            fetchers.shutdown(wait=False, cancel_futures=True)
            readers.shutdown(wait=False, cancel_futures=True)


def _reading(parts: Parts, fetching: Fetching, paper: Paper, file: Future[PaperFile | None]) -> Read:
    """Read a paper's file; fall back to the PDF if the HTML cannot be read, then to the record."""
    got: PaperFile | None = None
    try:
        got = file.result()
        return Read(paper, *_with_notes(paper, parts.reader.read(paper, got)))
    except ReadError as error:
        wrong = error
    try:
        if got and got.kind == "html" and (other := fetching.file_of(paper, but="html")):
            return Read(paper, *_with_notes(paper, parts.reader.read(paper, other)))
    except ReadError as error:
        wrong = error
    notice = f"arXiv:{paper.id} was read by its abstract alone: {wrong.message}"
    return Read(paper, parts.reader.read(paper), notice)


def _with_notes(paper: Paper, reading: Reading) -> tuple[Reading, str]:
    hidden = f"{reading.hidden} hidden characters left out" if reading.hidden else ""
    notes = "; ".join(filter(None, (hidden, reading.note)))
    return reading, f"arXiv:{paper.id}: {notes}" if notes else ""


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
    """The passages of the newest stored text of a paper."""
    with parts.ledger.read() as db:
        text = store.papers.newest_text(db, paper)
        return store.papers.passages_of(db, text[0]) if text else []


def embed(parts: Parts, found: Sequence[Passage]) -> None:
    """Embed passages that have no vector yet; reference lists and others' work are left out."""
    text = passages.to_embed(found)
    ids = parts.index.missing("passages", list(text))
    if ids:
        parts.index.add("passages", ids, parts.embedder.embed([text[i] for i in ids]))
