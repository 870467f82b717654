"""Build paper sources and readers from settings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import store.papers
from agent.adapters.arxiv.api import ArxivApi
from agent.adapters.arxiv.http import ArxivHttp
from agent.adapters.arxiv.oai import ArxivListing
from agent.adapters.arxiv.rate_limiter import RateLimiter, machine_folder
from agent.adapters.arxiv.snapshot import SnapshotSource, newest
from agent.adapters.arxiv.source import ArxivSource
from agent.adapters.clock import SystemClock
from agent.adapters.reading.abstract import AbstractReader
from agent.claims.reading.references import words_of
from agent.errors import SettingsError
from agent.ports.clock import Clock
from agent.ports.sources import CitedPapers, Outlook, PaperSource, Reader, Wanted
from agent.settings import Settings
from store.home.files import Home
from store.ledger import Ledger
from store.records import Paper


def paper_source(settings: Settings, way: ArxivHttp | None) -> PaperSource:
    """The configured source; `way` is the client for arXiv."""
    if way is None or settings.source == "snapshot":
        if not settings.snapshot:
            raise SettingsError("source snapshot needs a path", "give --snapshot PATH or set RETEST_SNAPSHOT")
        return SnapshotSource(Path(settings.snapshot))
    return arxiv_source(settings, way)


def arxiv_http(settings: Settings, clock: Clock) -> ArxivHttp:
    """The only client for arXiv, through the machine-wide gate."""
    gate = RateLimiter(Path(settings.gate_dir) if settings.gate_dir else machine_folder())
    return ArxivHttp(gate, clock, settings.contact)


def arxiv_source(settings: Settings, way: ArxivHttp) -> ArxivSource:
    """The live arXiv source."""
    return ArxivSource(
        way, ArxivApi(way, settings.arxiv_url), ArxivListing(way, settings.oai_url),
        categories=settings.arxiv_categories.split(),
    )  # fmt: skip


def ping_arxiv(settings: Settings) -> None:
    """Ask arXiv for one paper. Raises SourceError if it does not answer."""
    arxiv_source(settings, arxiv_http(settings, SystemClock())).ping()


def outlook(settings: Settings, wanted: Sequence[Wanted], cited: CitedPapers) -> Outlook:
    """How a run would collect, without making requests."""
    way = None if settings.source == "snapshot" else arxiv_http(settings, SystemClock())
    return paper_source(settings, way).outlook(wanted, cited)


def record_reader() -> Reader:
    """A reader that reads papers from their records alone."""
    return AbstractReader()


def records_of(settings: Settings, ids: Sequence[str]) -> dict[str, Paper]:
    """Records of papers by id: from the ledger, else from the configured snapshot or arXiv.

    Raises SourceError or SnapshotError if the source cannot be read.
    """
    ledger = Ledger.open(Home(settings.home).ledger)
    with ledger.read() as db:
        found = store.papers.get_many(db, list(ids))
    ledger.close()
    missing = [i for i in ids if i not in found]
    if missing and settings.source == "snapshot":
        found |= {p.id: p for p in labelled_papers(settings, set(missing))}
    elif missing:
        found |= arxiv_source(settings, arxiv_http(settings, SystemClock())).records(missing)
    return found


def titled(settings: Settings, titles: Mapping[str, str]) -> dict[str, str]:
    """The ids of papers by their titles' words (see `claims.references.words_of`), as far as they are found.

    `titles` gives a title as written for each of them. Raises SourceError or SnapshotError.
    """
    if settings.source == "snapshot":
        found = {words_of(p.title): p.id for p in labelled_papers(settings, None)}
        return {words: found[words] for words in titles if words in found}
    source = arxiv_source(settings, arxiv_http(settings, SystemClock()))
    matches = ((words, p) for words, title in titles.items() for p in source.titled(title))
    return {words: p.id for words, p in matches if words_of(p.title) == words}


def labelled_papers(settings: Settings, wanted: set[str] | None) -> Iterator[Paper]:
    """Papers of the configured snapshot, else of the home's ledger; all of them if `wanted` is None.

    Each paper comes once, in its newest version.
    """
    if settings.snapshot:
        records = SnapshotSource(Path(settings.snapshot)).everything()
        yield from newest(p for p in records if wanted is None or p.id in wanted).values()
        return
    ledger = Ledger.open(Home(settings.home).ledger)
    try:
        with ledger.read() as db:
            yield from store.papers.get_many(db, sorted(wanted or store.papers.all_ids(db))).values()
    finally:
        ledger.close()
