"""Settings into real parts: the only place that knows every adapter."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import store.papers
from agent.adapters.abstract_reader import AbstractReader
from agent.adapters.arxiv_api import ArxivApi
from agent.adapters.arxiv_http import ArxivHttp
from agent.adapters.arxiv_oai import ArxivListing
from agent.adapters.arxiv_source import ArxivSource
from agent.adapters.clock import SystemClock
from agent.adapters.downloads import ArxivFiles
from agent.adapters.embedder import SentenceEmbedder
from agent.adapters.polite_gate import PoliteGate, machine_folder
from agent.adapters.reading.sandbox import Limits as ReadingLimits
from agent.adapters.reading.sandbox import Sandbox
from agent.adapters.reading.whole_reader import WholeReader
from agent.adapters.snapshot import SnapshotSource
from agent.errors import SettingsError, UsageError
from agent.ports import Clock, Judge, Known, Outlook, PaperSource, Reader, Screener, Wanted
from agent.prices import price_of
from agent.retest.budget import FREE, Budget
from agent.retest.parts import Parts
from agent.retest.passages import to_embed
from agent.retest.screen import Limits
from agent.settings import Settings
from store.files import Home
from store.index import VectorIndex, open_index
from store.ledger import Ledger
from store.lock import exclusive
from store.records import Paper

if TYPE_CHECKING:
    from agent.adapters.embedded_judge import EmbeddedJudge


@contextmanager
def open_parts(settings: Settings, clock: Clock | None = None) -> Iterator[Parts]:
    """The real parts of a run, holding the home's run lock until the block ends.

    Raises a RetestError or StoreError naming what cannot be had.
    """
    home, clock = Home(settings.home), clock or SystemClock()
    way = None if settings.source == "snapshot" else arxiv_http(settings, clock)
    source, judge = paper_source(settings, way), stance_judge(settings)
    downloads = ArxivFiles(way, home.papers, settings.arxiv_site) if way and settings.whole else None
    sandbox = Sandbox(ReadingLimits(pdf_reader=settings.pdf_reader))
    embedder = SentenceEmbedder(settings.embedder)
    with ExitStack() as stack:
        ledger = Ledger.open(home.ledger)
        stack.callback(ledger.close)
        stack.callback(sandbox.close)
        stack.enter_context(exclusive(home.run_lock, f"a retest run (process {os.getpid()})"))
        index = stack.enter_context(open_vectors(settings))
        yield Parts(
            home=home, ledger=ledger, index=index, source=source,
            reader=WholeReader(sandbox), downloads=downloads,
            embedder=embedder, judge=judge, clock=clock,
            limits=limits(settings), budget=budget(settings),
            screener=screener(settings), cascade=settings.cascade, settings=kept(settings),
        )  # fmt: skip


def limits(settings: Settings) -> Limits:
    """What a claim's screening keeps."""
    return Limits(
        settings.keep, settings.floor, embed_all=settings.embed_all,
        whole=settings.whole, downloads=settings.downloads,
    )  # fmt: skip


@contextmanager
def open_vectors(settings: Settings) -> Iterator[VectorIndex]:
    """The vector index as its one writer."""
    model = SentenceEmbedder(settings.embedder).name
    with open_index(Home(settings.home).index, model, holder=f"process {os.getpid()}") as index:
        yield index


def embed_texts(settings: Settings) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """What turns texts into unit vectors."""
    return SentenceEmbedder(settings.embedder).embed


def record_reader() -> Reader:
    """What reads a paper by its record alone."""
    return AbstractReader()


def records_of(settings: Settings, ids: Sequence[str]) -> dict[str, Paper]:
    """Records of papers by id: of the ledger, else of the snapshot or arXiv that settings name.

    Raises SourceError or SnapshotError when they cannot be asked.
    """
    ledger = Ledger.open(Home(settings.home).ledger)
    with ledger.read() as db:
        found = store.papers.get_many(db, list(ids))
    ledger.close()
    missing = [i for i in ids if i not in found]
    if missing and settings.source == "snapshot":
        found |= {p.id: p for p in labelled_papers(settings, set(missing))}
    elif missing:
        source = arxiv_source(settings, arxiv_http(settings, SystemClock()))
        found |= {p.id: p for p in source.collect([], Known(dict.fromkeys(missing, ())))}
    return found


def embed_everything(settings: Settings) -> int:
    """Embed every paper and passage of the ledger that has no vector; return how many."""
    ledger = Ledger.open(Home(settings.home).ledger)
    with ledger.read() as db:
        papers = store.papers.get_many(db, store.papers.all_ids(db))
        texts = {"papers": {p.id: p.text for p in papers.values()},
                 "passages": to_embed(store.papers.all_passages(db))}  # fmt: skip
    ledger.close()
    embedder, made = SentenceEmbedder(settings.embedder), 0
    with open_vectors(settings) as index:
        for collection, text in texts.items():
            missing = index.missing(collection, list(text))
            for start in range(0, len(missing), 256):
                batch = missing[start : start + 256]
                index.add(collection, batch, embedder.embed([text[i] for i in batch]))
            made += len(missing)
    return made


def paper_source(settings: Settings, way: ArxivHttp | None) -> PaperSource:
    """The source that settings name; `way` is the way to arXiv."""
    if way is None or settings.source == "snapshot":
        if not settings.snapshot:
            raise SettingsError("source snapshot needs a path", "give --snapshot PATH or set RETEST_SNAPSHOT")
        return SnapshotSource(Path(settings.snapshot))
    return arxiv_source(settings, way)


def arxiv_http(settings: Settings, clock: Clock) -> ArxivHttp:
    """The one way to arXiv, through the machine's gate."""
    gate = PoliteGate(Path(settings.gate_dir) if settings.gate_dir else machine_folder())
    return ArxivHttp(gate, clock, settings.contact)


def arxiv_source(settings: Settings, way: ArxivHttp) -> ArxivSource:
    """The live source."""
    return ArxivSource(
        way, ArxivApi(way, settings.arxiv_url), ArxivListing(way, settings.oai_url),
        most=settings.arxiv_results, categories=settings.arxiv_categories.split(),
    )  # fmt: skip


def outlook(settings: Settings, wanted: Sequence[Wanted], known: Known) -> Outlook:
    """How a run would collect, without asking anybody."""
    way = None if settings.source == "snapshot" else arxiv_http(settings, SystemClock())
    return paper_source(settings, way).outlook(wanted, known)


def stance_judge(settings: Settings, *, given: bool = False) -> Judge:
    """The judge that settings name; `given` when a person names the papers it judges."""
    return _llm_judge(settings) if settings.judge == "llm" else embedded_judge(settings, given=given)


def embedded_judge(settings: Settings, *, given: bool = False) -> EmbeddedJudge:
    """The shipped stance model, or the one that settings name."""
    from agent.adapters.embedded_judge import EmbeddedJudge
    from agent.adapters.stance_model import SHIPPED, StanceModel

    named = settings.stance_model
    if named and not (Path(named) / "stance.json").exists():
        from agent.adapters.cross_encoder import CrossEncoderModel

        return EmbeddedJudge(CrossEncoderModel(named, settings.stance_labels), given=given)
    return EmbeddedJudge(StanceModel(Path(named) if named else SHIPPED), given=given)


def _llm_judge(settings: Settings) -> Judge:
    if not settings.api_key and not settings.base_url:
        raise SettingsError(
            "--judge llm needs a key or a local endpoint",
            "set OPENAI_API_KEY, or RETEST_BASE_URL for Ollama, vLLM or llama.cpp",
        )
    import openai

    from agent.adapters.llm_client import LlmClient
    from agent.adapters.llm_judge import LlmJudge
    from agent.adapters.throttle import Throttle

    client = openai.OpenAI(
        api_key=settings.api_key or "none", base_url=settings.base_url or None,
        timeout=settings.llm_timeout, max_retries=0,
    )  # fmt: skip
    llm = LlmClient(client, settings.model, throttle=Throttle(settings.concurrency))
    return LlmJudge(llm, threshold=settings.llm_threshold)


def screener(settings: Settings) -> Screener | None:
    """What stands before a paid judge; None where every paper goes to it."""
    if settings.judge != "llm" or settings.cascade <= 0:
        return None
    return embedded_judge(settings)


RESUMED = (
    "source", "snapshot", "judge", "model", "base_url", "keep", "floor", "embed_all", "embedder",
    "stance_model", "stance_labels", "arxiv_url", "arxiv_results", "arxiv_categories", "arxiv_site",
    "oai_url", "whole", "downloads", "pdf_reader", "llm_threshold", "cascade",
)  # fmt: skip
"""Settings a resumed run takes from the run it resumes."""


def kept(settings: Settings) -> dict[str, Any]:
    """What a run writes down of its settings: all that shapes its result, and no secret."""
    return {name: getattr(settings, name) for name in RESUMED}


def budget(settings: Settings) -> Budget:
    """What a run may spend. Raises SettingsError for a cap on a model whose price nobody names."""
    price = price_of(settings.model, settings.home) if settings.judge == "llm" else FREE
    if price is None and settings.budget:
        raise SettingsError(
            f"--budget needs the price of {settings.model!r}", f"add it to {settings.home / 'prices.toml'}"
        )
    return Budget(settings.budget or None, price or FREE)


def evaluate(
    settings: Settings, file: Path, *, papers: str, suite: str, progress: Callable[[str, int, int], None]
) -> dict[str, Any]:
    """Measure the verdicts on a file of labelled cases; see `agent.evaluation`."""
    from agent.evaluation import service
    from agent.evaluation.cases import read_cases
    from agent.evaluation.finding import Finder
    from agent.evaluation.suites import read_suite

    def judging(done: int, total: int) -> None:
        progress("judge", done, total)

    if suite != "cases" and papers == "found":
        raise UsageError(f"the suite {suite} gives its papers", "leave out --papers found")
    cases, held = (read_cases(file), None) if suite == "cases" else read_suite(suite, file)
    judge, reader = stance_judge(settings, given=papers == "given"), AbstractReader()
    workers = settings.concurrency if settings.judge == "llm" else 1
    if papers == "found":
        every = {p.id: p for p in labelled_papers(settings, None)}
        finder = Finder(every, SentenceEmbedder(settings.embedder), limits(settings))
        return service.on_found(cases, finder, judge, reader, judging, workers)
    given = held or {p.id: p for p in labelled_papers(settings, service.needed(cases))}
    return service.on_given(cases, given, judge, reader, judging, workers, verdicts=suite == "cases")


def labelled_papers(settings: Settings, wanted: set[str] | None) -> Iterator[Paper]:
    """Papers of the snapshot that settings name, else of the home's ledger; all where none is named."""
    if settings.snapshot:
        yield from (
            p
            for p in SnapshotSource(Path(settings.snapshot)).everything()
            if wanted is None or p.id in wanted
        )
        return
    ledger = Ledger.open(Home(settings.home).ledger)
    try:
        with ledger.read() as db:
            yield from store.papers.get_many(db, sorted(wanted or store.papers.all_ids(db))).values()
    finally:
        ledger.close()
