"""Read papers for the claims that they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import store.papers
from agent.arxiv_ids import BadId, read_id
from agent.claims.from_papers import proposed
from agent.claims.key_findings import written_findings
from agent.claims.reading import references
from agent.claims.reading.pieces import Document
from agent.claims.reading.references import words_of
from agent.core import passages
from agent.core.key_findings import KeyFinding, key_findings
from agent.errors import UsageError
from agent.settings import Settings
from agent.wiring.papers import record_reader, records_of, titled
from agent.wiring.writing import open_writer
from agent.writing.journalled_writer import JournalledWriter
from store.home.files import Home
from store.ledger import Ledger
from store.records import Paper, Passage


def document_from(settings: Settings, ids: Sequence[str]) -> Document:
    """The claims that papers make. Raises UsageError for a bad id, or a paper that is not found."""
    wanted = list(dict.fromkeys(id_of(text) for text in ids))
    found = [read_paper(settings, paper_id) for paper_id in wanted]
    with open_writer(settings) as writer:
        return proposed([(paper, _findings(paper, text, writer)) for paper, text in found])


def _findings(
    paper: Paper, text: Sequence[Passage], writer: JournalledWriter | None
) -> Mapping[str, Sequence[KeyFinding]]:
    return written_findings(text, paper.title, paper.id, writer)[0] if writer else key_findings(text)


def document_cited(settings: Settings, text: str, name: str) -> tuple[Document, list[str]]:
    """The claims that the papers of a reference list make, and the references not found on arXiv.

    Raises UsageError if none of them is.
    """
    listed = references.read(text, name)
    untitled = {words_of(r.title): r.title for r in listed if not r.arxiv_id and r.title}
    found = titled(settings, untitled) if untitled else {}
    ids = [r.arxiv_id or found.get(words_of(r.title), "") for r in listed]
    missing = [r.name for r, i in zip(listed, ids, strict=True) if not i]
    if not any(ids):
        raise UsageError(f"no paper in {name} is on arXiv ({len(ids)} looked for)", "name arXiv ids instead")
    return document_from(settings, [i for i in ids if i]), missing


def read_paper(settings: Settings, paper_id: str) -> tuple[Paper, list[Passage]]:
    """A paper and the passages of its best available text, from the ledger, else from the source."""
    ledger = Ledger.open(Home(settings.home).ledger)
    try:
        with ledger.read() as db:
            stored = store.papers.get(db, paper_id)
            text = store.papers.newest_text(db, stored) if stored else None
            if stored and text:
                return stored, store.papers.passages_of(db, text[0])
    finally:
        ledger.close()
    paper = stored or records_of(settings, [paper_id]).get(paper_id)
    if paper is None:
        raise UsageError(f"no paper {paper_id}", "check the id, or try another --source")
    return paper, passages.cut(record_reader().read(paper), 0, paper.id)


def id_of(text: str) -> str:
    """The arXiv id in a text. Raises UsageError naming what is wrong with it."""
    try:
        return read_id(text).id
    except BadId as error:
        raise UsageError(str(error), "use an id such as 2411.15382") from error
