"""Build the parts of a run from settings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from agent.adapters.arxiv.downloads import ArxivFiles
from agent.adapters.clock import SystemClock
from agent.adapters.reading.full_text import WholeReader
from agent.adapters.reading.sandbox import Limits as ReadingLimits
from agent.adapters.reading.sandbox import Sandbox
from agent.core.screening import Limits
from agent.ports.clock import Clock
from agent.run.parts import Parts
from agent.settings import Settings, secrets
from agent.wiring.budget import budget
from agent.wiring.judges import batch_judge, second_judge, stance_judge, writer
from agent.wiring.model_check import doubt
from agent.wiring.papers import arxiv_http, paper_source
from agent.wiring.vectors import embedder_of, open_vectors
from store.home.files import Home
from store.home.lock import exclusive
from store.ledger import Ledger


@contextmanager
def open_parts(settings: Settings, clock: Clock | None = None, *, wait: bool = False) -> Iterator[Parts]:
    """The real parts of a run, holding the home's run lock until the block ends; `wait` waits for it.

    Raises a RetestError or StoreError naming what is unavailable.
    """
    from agent.reports.building import of_run  # it draws charts, which a chat does without

    home, clock = Home(settings.home), clock or SystemClock()
    way = None if settings.source == "snapshot" else arxiv_http(settings, clock)
    source, judge = paper_source(settings, way), stance_judge(settings)
    second = second_judge(settings)
    downloads = ArxivFiles(way, home.papers, settings.arxiv_site) if way and settings.whole else None
    sandbox = Sandbox(ReadingLimits(pdf_reader=settings.pdf_reader))
    embedder = embedder_of(settings)
    with ExitStack() as stack:
        ledger = Ledger.open(home.ledger)
        stack.callback(ledger.close)
        stack.callback(sandbox.close)
        holder = f"a retest run (process {os.getpid()})"
        stack.enter_context(exclusive(home.run_lock, holder, wait=-1 if wait else 0))
        # A chat locks the index for seconds while it copies the vectors.
        index = stack.enter_context(open_vectors(settings, wait=COPYING))
        yield Parts(
            home=home, ledger=ledger, index=index, source=source,
            reader=WholeReader(sandbox), downloads=downloads,
            embedder=embedder, judge=judge, clock=clock,
            limits=limits(settings), budget=budget(settings), report=of_run,
            writer=writer(settings), screener=second if settings.cascade > 0 else None, second=second,
            cascade=settings.cascade, batch=batch_judge(settings, judge),
            settings=kept(settings),
            secrets=secrets(settings), notices=tuple(filter(None, [doubt(settings)])),
        )  # fmt: skip


def limits(settings: Settings) -> Limits:
    """The limits on what is kept and read for a claim."""
    return Limits(
        settings.keep, settings.floor, shortlist=settings.shortlist, whole=settings.whole,
        downloads=settings.downloads,
    )  # fmt: skip


COPYING = 60.0
RESUMED = (
    "source", "snapshot", "judge", "model", "base_url", "keep", "floor", "shortlist", "embedder",
    "stance_model", "stance_labels", "arxiv_url", "arxiv_categories", "arxiv_site",
    "oai_url", "writer", "whole", "downloads", "pdf_reader", "llm_threshold", "cascade", "batch",
)  # fmt: skip
"""Settings that a resumed run takes from its earlier start."""


def kept(settings: Settings) -> dict[str, Any]:
    """The settings that a run records: all that shape its result, and no secret."""
    return {name: getattr(settings, name) for name in RESUMED}
