"""The checks of `retest doctor`, one function each: a check returns its result or raises the problem."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import store.runs
from agent.settings import Settings
from store.errors import Failure, LedgerError, VectorIndexError
from store.home.files import Home
from store.home.timeout import in_time
from store.ledger import Ledger

T = TypeVar("T")
SECONDS, LEAST_GB = 10.0, 1.0
NETWORK = ("arxiv", "llm")
"""Checks that make requests; each has a time limit."""


class Doubt(Failure):
    """A warning: something a person should know, although nothing is broken."""


def ledger(settings: Settings) -> str:
    """The ledger is intact."""
    from store.home.backup import check

    home = Home(settings.home)
    if not home.ledger.exists():
        raise LedgerError(f"no ledger at {home.ledger}", "run: retest init")
    if (result := check(home.ledger)) != "ok":
        raise LedgerError(f"{home.ledger} is damaged: {result}", "retest restore FILE")
    return "integrity ok"


def index(settings: Settings) -> str:
    """The vector index is intact. Checked in a separate process, which a broken index may crash."""
    from agent.wiring.vectors import INDEX_IN_USE

    home = Home(settings.home)
    if not home.index.exists():
        return "none yet; the first run creates it"
    command = [sys.executable, "-m", "agent", "--home", str(home.root), "index", "check", "--child"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own program
    if done.returncode == INDEX_IN_USE:
        raise Doubt("in use by a run, not checked", "try again later")
    if done.returncode:
        raise VectorIndexError("the index is damaged", "run: retest index rebuild")
    return done.stdout.strip()


def disk(settings: Settings) -> str:
    """There is enough disk space."""
    free = shutil.disk_usage(settings.home if settings.home.exists() else settings.home.parent).free / 1e9
    if free < LEAST_GB:
        raise Doubt(f"only {free:.1f} GB free", "make room: a run stops when the disk is full")
    return f"{free:.1f} GB free"


def embedder(settings: Settings) -> str:
    """The packaged weights are the published ones."""
    from agent.adapters.embedding.packaged_minilm import verify_weights
    from agent.settings import PACKAGED

    if settings.embedder != PACKAGED:
        return f"{settings.embedder} is loaded when first used"
    verify_weights()
    return "the packaged all-MiniLM-L6-v2 is the published file"


def judge(settings: Settings) -> str:
    """The judge can be loaded. The embedded judge's name contains its model's hash."""
    from agent.wiring.judges import stance_judge

    return stance_judge(settings).name


def schedule(settings: Settings) -> str:
    """When the next run is due."""
    from agent.schedule import storage
    from agent.schedule.due import next_due

    home, now = Home(settings.home), datetime.now(UTC)
    planned = storage.read(home)
    if planned is None:
        return "none"
    is_due, begun = storage.outstanding(home, planned, now)
    if is_due or begun:
        raise Doubt(f"{planned}: a run is {'unfinished' if begun else 'due'}", "check that the timer works")
    return f"{planned}; next run {next_due(planned, now).isoformat(timespec='minutes')}"


def last_run(settings: Settings) -> str:
    """How the last run ended."""
    view = Ledger.view(Home(settings.home).ledger)
    with view.read() as db:
        run = store.runs.latest(db)
    view.close()
    if run is None:
        return "no run yet"
    if run.health != "complete":
        raise Doubt(f"{run.id} was {run.health}: {'; '.join(run.reasons)}", "see its report")
    return f"{run.id}, as of {run.as_of}, complete"


def telling(settings: Settings) -> str:
    """The channels are configured correctly. Nothing is sent."""
    from agent.wiring.telling import channels

    set_up, wrong = channels(settings)
    if wrong:
        raise Doubt("; ".join(wrong), "people would not be notified")
    return ", ".join(set_up) or "the feed only"


def arxiv(settings: Settings) -> str:
    """ArXiv answers."""
    from agent.adapters.clock import SystemClock
    from agent.wiring.papers import arxiv_http, arxiv_source

    if settings.source != "arxiv":
        return "not checked: papers come from a snapshot"
    source = arxiv_source(settings, arxiv_http(settings, SystemClock()))
    _within(source.ping, settings.arxiv_url)
    return f"{settings.arxiv_url} answers"


def llm(settings: Settings) -> str:
    """The LLM endpoint answers and accepts the key. It is only asked for its models, which is free."""
    from agent.wiring.judges import llm_models

    if "llm" not in (settings.judge, settings.writer):
        return "not checked: nothing uses an LLM"
    names = _within(lambda: llm_models(settings), settings.base_url or "the LLM")
    if settings.model not in names:
        raise Doubt(f"the endpoint does not list {settings.model}", "check RETEST_MODEL")
    return f"{settings.model} is available"


def _within(ask: Callable[[], T], service: str) -> T:
    try:
        return in_time(ask, SECONDS)
    except Exception as error:  # any error here is the service's, not ours
        reason = error.message if isinstance(error, Failure) else type(error).__name__
        raise Doubt(f"{service}: {reason}", "a run now would be degraded") from error


CHECKS: dict[str, Callable[[Settings], str]] = {
    "ledger": ledger, "index": index, "disk": disk, "embedder": embedder, "judge": judge,
    "schedule": schedule, "last run": last_run, "telling": telling, "arxiv": arxiv, "llm": llm,
}  # fmt: skip


def outcome(check: Callable[[Settings], str], settings: Settings) -> dict[str, Any]:
    """The result of a check. A warning is not a failure: a run can still succeed."""
    try:
        message, level = check(settings), "ok"
    except Doubt as doubt:
        message, level = str(doubt), "warn"
    except Failure as error:
        message, level = str(error), "fail"
    return {"ok": level != "fail", "level": level, "said": message}
