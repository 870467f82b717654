"""What a chat may do with a person's consent: look for papers, start a retest, write the report."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

import store.claims
from agent.adapters.clock import SystemClock
from agent.errors import UsageError
from agent.ports.sources import CitedPapers, Wanted
from agent.reports import markdown
from agent.retrieval.words import WordIndex, tokens
from agent.settings import Settings
from agent.views.load import load
from agent.views.model import build
from agent.wiring.papers import arxiv_http, paper_source
from store.home.files import Home, write_atomically
from store.ledger import Ledger
from store.records import Claim, Paper

HALF_A_YEAR, MOST_RANKED = timedelta(days=183), 60


def run_command(settings: Settings, claims: Sequence[str] = ()) -> list[str]:
    """The command that runs a retest as a separate process, with this process's flags."""
    home = Path(settings.home).resolve()
    flagged = [n for n in ("source", "snapshot", "judge") if settings.origins.get(n) == "flag"]
    flags = [part for name in flagged for part in (f"--{name}", str(getattr(settings, name)))]
    only = [part for claim in claims for part in ("--claim", claim)]
    return [sys.executable, "-m", "agent", "--home", str(home), "run", *flags, *only]


class HomeActions:
    """Actions on the home named in the settings."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._home = settings, Home(settings.home)

    def newer(self, topic: str, after: str | None) -> Sequence[Paper]:
        """See `agent.ports.actions.Actions`. Without a day, the last half year; the best by words."""
        clock = SystemClock()
        today = clock.now().date()
        since = after or (today - HALF_A_YEAR).isoformat()
        way = None if self._settings.source == "snapshot" else arxiv_http(self._settings, clock)
        wanted = Wanted(_as_claim(topic), since, today.isoformat())
        found = paper_source(self._settings, way).collect([wanted], CitedPapers())
        papers = [p for p in found if since < p.published <= f"{today}~" and not p.withdrawn]
        return _best_by_words(topic, papers)

    def retest(self, claim_ids: Sequence[str]) -> str:
        """See `agent.ports.actions.Actions`. Raises UsageError for an unknown claim."""
        if not claim_ids:
            raise UsageError("no claim named", "name one or more")
        with self._reading() as db:
            unknown = set(claim_ids) - {c.id for c in store.claims.active(db, claim_ids)}
        if unknown:
            raise UsageError(f"no claim {sorted(unknown)[0]!r}", "retest claim list names them")
        args = [*run_command(self._settings, claim_ids), "--wait"]
        with (self._home.root / "chat-retest.log").open("a") as log:
            process = subprocess.Popen(  # noqa: S603  our own program
                args, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )
        threading.Thread(target=process.wait, daemon=True).start()
        return f"a retest of {', '.join(claim_ids)} has begun; retest status shows the result"

    def export(self) -> str:
        """See `agent.ports.actions.Actions`."""
        today = SystemClock().now().date().isoformat()
        with self._reading() as db:
            text = markdown.render(build(load(db, today)))
        path = self._home.root / "exports" / f"report-{today}.md"
        write_atomically(path, text)
        return f"wrote {path}"

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        ledger = Ledger.view(self._home.ledger)
        try:
            with ledger.read() as db:
                yield db
        finally:
            ledger.close()


def _as_claim(topic: str) -> Claim:
    return Claim("question", topic, "question", (), None, (), (), "", "")


def _best_by_words(topic: str, papers: Sequence[Paper]) -> list[Paper]:
    """The papers worth embedding: embedding every paper of half a year would take minutes."""
    if len(papers) <= MOST_RANKED:
        return list(papers)
    scores = WordIndex([p.text for p in papers]).scores(tokens([topic])[0])
    return [papers[n] for n in np.argsort(-scores, kind="stable")[:MOST_RANKED]]
