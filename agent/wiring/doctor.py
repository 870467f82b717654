"""What `retest doctor` looks at: one function a check; what it returns is well, what it raises is not."""

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
"""Checks that ask somebody; each has a time limit."""


class Doubt(Failure):
    """Something a person should know, though nothing is broken."""


def ledger(settings: Settings) -> str:
    """The ledger is whole."""
    from store.home.backup import check

    home = Home(settings.home)
    if not home.ledger.exists():
        raise LedgerError(f"no ledger at {home.ledger}", "run: retest init")
    if (said := check(home.ledger)) != "ok":
        raise LedgerError(f"{home.ledger} is damaged: {said}", "retest restore FILE")
    return "integrity ok"


def index(settings: Settings) -> str:
    """The vector index is whole. Looked at in a process of its own, which a broken one may end."""
    home = Home(settings.home)
    if not home.index.exists():
        return "none yet; the first run makes it"
    command = [sys.executable, "-m", "agent", "--home", str(home.root), "index", "check", "--child"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own program
    if done.returncode and "holds" in done.stderr:
        raise Doubt("in use by a run, not looked at", "ask again later")
    if done.returncode:
        raise VectorIndexError("the index is not whole", "run: retest index rebuild")
    return done.stdout.strip()


def disk(settings: Settings) -> str:
    """There is room."""
    free = shutil.disk_usage(settings.home if settings.home.exists() else settings.home.parent).free / 1e9
    if free < LEAST_GB:
        raise Doubt(f"{free:.1f} GB are free", "make room: a run that finds the disk full stops")
    return f"{free:.1f} GB free"


def embedder(settings: Settings) -> str:
    """The packaged weights are the published ones."""
    from agent.adapters.embedding.embedder import PACKAGED
    from agent.adapters.embedding.packaged_minilm import verify_weights

    if settings.embedder != PACKAGED:
        return f"{settings.embedder} is loaded when first used"
    verify_weights()
    return "the packaged all-MiniLM-L6-v2 is the published file"


def judge(settings: Settings) -> str:
    """The judge can be had. The embedded one's name holds its model's hash."""
    from agent.wiring.judges import stance_judge

    return stance_judge(settings).name


def schedule(settings: Settings) -> str:
    """When the next run is due."""
    from agent.schedule import kept
    from agent.schedule.when import next_due

    home, now = Home(settings.home), datetime.now(UTC)
    held = kept.read(home)
    if held is None:
        return "none"
    is_due, begun = kept.outstanding(home, held, now)
    if is_due or begun:
        raise Doubt(f"{held}: a run is {'unfinished' if begun else 'due'}", "does the timer work?")
    return f"{held}; next run {next_due(held, now).isoformat(timespec='minutes')}"


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
    """The channels are set up rightly. Nothing is sent."""
    from agent.wiring.telling import channels

    set_up, wrong = channels(settings)
    if wrong:
        raise Doubt("; ".join(wrong), "people would not be told")
    return ", ".join(set_up) or "the feed only"


def arxiv(settings: Settings) -> str:
    """ArXiv answers."""
    from agent.adapters.clock import SystemClock
    from agent.wiring.papers import arxiv_http, arxiv_source

    if settings.source != "arxiv":
        return "not asked: papers come from a snapshot"
    source = arxiv_source(settings, arxiv_http(settings, SystemClock()))
    _within(source.ping, settings.arxiv_url)
    return f"{settings.arxiv_url} answers"


def llm(settings: Settings) -> str:
    """The LLM's endpoint answers, and takes the key. It is asked for its models, which costs nothing."""
    from agent.wiring.judges import llm_models

    if "llm" not in (settings.judge, settings.writer):
        return "not asked: nothing uses one"
    names = _within(lambda: llm_models(settings), settings.base_url or "the LLM")
    if settings.model not in names:
        raise Doubt(f"the endpoint does not list {settings.model}", "check RETEST_MODEL")
    return f"{settings.model} is there"


def _within(ask: Callable[[], T], whom: str) -> T:
    try:
        return in_time(ask, SECONDS)
    except Exception as error:  # whatever went wrong there, it is theirs and not ours
        said = error.message if isinstance(error, Failure) else type(error).__name__
        raise Doubt(f"{whom}: {said}", "a run now would be degraded") from error


CHECKS: dict[str, Callable[[Settings], str]] = {
    "ledger": ledger, "index": index, "disk": disk, "embedder": embedder, "judge": judge,
    "schedule": schedule, "last run": last_run, "telling": telling, "arxiv": arxiv, "llm": llm,
}  # fmt: skip


def outcome(check: Callable[[Settings], str], settings: Settings) -> dict[str, Any]:
    """What a check says. A warning is no failure: a run can go well all the same."""
    try:
        said, level = check(settings), "ok"
    except Doubt as doubt:
        said, level = str(doubt), "warn"
    except Failure as error:
        said, level = str(error), "fail"
    return {"ok": level != "fail", "level": level, "said": said}
