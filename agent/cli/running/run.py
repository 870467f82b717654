"""`retest run`."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import click

from agent.cli.shared import print_json, reading, settings_of, today
from agent.errors import BatchWaiting, UsageError
from agent.settings import Settings, load
from store.errors import Failure, Locked
from store.home.files import Home
from store.records import Run

if TYPE_CHECKING:
    from agent.cli.running.progress import Progress

FAIL_ON_MET, DEGRADED, BUDGET, INTERRUPTED = 1, 3, 4, 130
ENDPOINT = ("base_url", "model", "batch")
"""Settings that a resumed run takes from the command line, environment or file; the key always is."""
_AT_LEAST = {"relaxed": ("relaxed", "contradicted"), "contradicted": ("contradicted",)}


@click.command()
@click.option("--claim", "claims", multiple=True, metavar="ID", help="Only this claim; may be repeated.")
@click.option("--line", "lines", multiple=True, metavar="ID", help="Only this line; may be repeated.")
@click.option("--source", type=click.Choice(["arxiv", "snapshot"]), help="Where papers come from.")
@click.option("--snapshot", metavar="PATH", help="Snapshot file or folder; means --source snapshot.")
@click.option("--judge", type=click.Choice(["llm", "embedded"]), help="Stance judge to use.")
@click.option("--model", metavar="NAME", help="Chat model of the llm judge (default: RETEST_MODEL).")
@click.option("--base-url", metavar="URL", help="Its endpoint (default: RETEST_BASE_URL).")
@click.option("--as-of", metavar="DATE", help="Retest as of this past day, YYYY-MM-DD.")
@click.option("--dry-run", is_flag=True, help="Show the plan; write nothing.")
@click.option("--budget", type=float, metavar="USD", help="Maximum to spend on LLM calls.")
@click.option(
    "--batch/--no-batch",
    default=None,
    help="Judge through the provider's batch API: cheaper, answered within a day.",
)
@click.option("--resume", metavar="RUN", help="Resume an interrupted run.")
@click.option(
    "--if-due", is_flag=True, help="Run only if the schedule says so; first resume an interrupted run."
)
@click.option("--wait", is_flag=True, help="Wait for another run in this home to end.")
@click.option(
    "--fail-on",
    type=click.Choice(["relaxed", "contradicted"]),
    help="Exit 1 if a retested claim has this verdict or a worse one.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    claims: tuple[str, ...],
    lines: tuple[str, ...],
    as_of: str | None,
    dry_run: bool,
    resume: str | None,
    if_due: bool,
    wait: bool,
    fail_on: str | None,
    as_json: bool,
    **flags: Any,
) -> int:
    """Retest the claims against newer papers."""  # fmt: skip
    is_due = False
    if if_due:
        is_due, resume = _outstanding(ctx)
        if not is_due and resume is None:
            return 0
    if flags.get("snapshot") and not flags.get("source"):
        flags["source"] = "snapshot"
    flags["batch"] = None if flags["batch"] is None else int(flags["batch"])
    settings = _settings(ctx, resume, flags)
    day = _day(as_of)
    if dry_run:
        from agent.cli.running import dry_run as preview

        preview.show(settings, day, list(claims), list(lines), as_json=as_json)
        return 0
    try:
        run = _run(settings, resume, day, list(claims), list(lines), wait=wait)
    except Failure as error:
        if not if_due or resume is None or isinstance(error, Locked | BatchWaiting) or not is_due:
            raise
        click.echo(f"retest: {resume} cannot be resumed ({error}); starting a new run", err=True)
        settings = settings_of(ctx, **flags)
        run = _run(settings, None, day, list(claims), list(lines), wait=wait)
    _say(settings, run, as_json=as_json)
    _tell(settings)
    return _code(settings, run, fail_on)


def _settings(ctx: click.Context, resume: str | None, flags: dict[str, Any]) -> Settings:
    settings = settings_of(ctx, **flags)
    if resume is None:
        return settings
    import store.runs

    with reading(settings) as db:
        run = store.runs.get(db, resume)
    if run is None:
        raise UsageError(f"no run {resume} in {settings.home}", "retest status shows the last run")
    cap = {"budget": settings.budget} if settings.budget else {}
    endpoint = {name: getattr(settings, name) for name in ENDPOINT if settings.origins[name] != "default"}
    _say_changes(run, endpoint)
    return load({"home": str(settings.home), **run.settings, **cap, **endpoint})


def _say_changes(run: Run, endpoint: dict[str, str]) -> None:
    """Say what a resumed run does otherwise than before."""
    if run.settings.get("judge") != "llm":
        return
    changed = [name for name, value in endpoint.items() if value != run.settings.get(name)]
    for name in changed:
        click.echo(
            f"retest: {name} is now {endpoint[name]}; it was {run.settings.get(name) or 'unset'}", err=True
        )
    if "model" in changed:
        click.echo("retest: answers of two models are not mixed, so a new run takes its place", err=True)


def _day(text: str | None) -> str:
    if text is None:
        return today()
    try:
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            raise ValueError
        day = date.fromisoformat(text).isoformat()
    except ValueError:
        raise UsageError(f"--as-of {text!r} is not a valid date", "write YYYY-MM-DD") from None
    if day > today():
        raise UsageError(f"--as-of {day} is in the future", "use a past day")
    return day


def _outstanding(ctx: click.Context) -> tuple[bool, str | None]:
    """Return whether the scheduled run is due, and the interrupted run to resume first, if any."""
    from agent.schedule import storage
    from agent.schedule.due import next_due

    home, now = Home(settings_of(ctx).home), datetime.now(UTC)
    schedule = storage.read(home)
    if schedule is None:
        raise UsageError("this home has no schedule", "run: retest schedule install")
    is_due, begun = storage.outstanding(home, schedule, now)
    if begun:
        click.echo(f"{begun.id} was interrupted; resuming it", err=True)
    elif not is_due:
        click.echo(f"not due until {next_due(schedule, now).isoformat(timespec='minutes')}", err=True)
    return is_due, begun.id if begun else None


def _run(
    settings: Settings, resume: str | None, day: str, claims: list[str], lines: list[str], *, wait: bool
) -> Run:
    from agent.cli.running.progress import Progress
    from agent.run import service
    from agent.tracing import set_up
    from agent.wiring.run import open_parts

    with ExitStack() as stack:
        stack.callback(set_up())
        parts = stack.enter_context(open_parts(settings, wait=wait))
        for notice in parts.notices:
            click.echo(f"retest: {notice}", err=True)
        progress = stack.enter_context(Progress())
        stack.enter_context(_leaving_on_interrupt(progress))
        if resume:
            return service.resume(parts, resume, progress, settings.concurrency)
        return service.start(parts, day, claims, lines, progress, settings.concurrency)


@contextmanager
def _leaving_on_interrupt(progress: Progress) -> Iterator[None]:
    """Exit at the first Ctrl-C, as if killed.

    Every step is saved as it completes. An exception would wait for the current step, which can take
    twenty minutes if it is waiting for arXiv's rate limit.
    """

    def leave(*_: object) -> None:
        progress.__exit__()
        click.echo(f"retest: interrupted; to resume: retest run --resume {progress.run_id}", err=True)
        sys.stdout.flush()
        os._exit(INTERRUPTED)

    previous = signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)


def _say(settings: Settings, run: Run, *, as_json: bool) -> None:
    folder = settings.home / run.id
    if as_json:
        print_json(
            {
                "id": run.id,
                "health": run.health,
                "reasons": list(run.reasons),
                "counts": run.counts,
                "report": str(folder / "report.md"),
            }
        )
    c = run.counts
    click.echo(
        f"{run.id} {run.health}: {c.get('papers_new', 0)} new papers, "
        f"{c.get('papers_embedded', 0)} embedded, "
        f"{c.get('pairs_screened', 0)} pairs screened, {c.get('judged', 0)} judged, "
        f"{c.get('evidence', 0)} evidence, {c.get('leads', 0)} leads, "
        f"{c.get('verdicts_appended', 0)} verdicts written; report: {folder / 'report.md'}",
        err=True,
    )
    for reason in run.reasons:
        click.echo(f"retest: degraded: {reason}", err=True)


def _tell(settings: Settings) -> None:
    """Notify the channels. A failure here is printed, but never fails the run."""
    from agent.cli.tell import tell

    try:
        tell(settings)
    except Exception as error:  # whatever failed, the run itself is complete
        click.echo(f"retest: notifications failed: {error}", err=True)


def _code(settings: Settings, run: Run, fail_on: str | None) -> int:
    if run.counts.get("budget_reached"):
        return BUDGET
    if run.health != "complete":
        return DEGRADED
    return FAIL_ON_MET if fail_on and _is_met(settings, run, fail_on) else 0


def _is_met(settings: Settings, run: Run, fail_on: str) -> bool:
    """Return whether a claim that this run retested now has such a verdict."""
    import store.runs
    import store.verdicts

    with reading(settings) as db:
        retested = {r.claim_id for r in store.runs.of_run(db, run.id)}
        present = {claim_id: history[-1].name for claim_id, history in store.verdicts.histories(db).items()}
    return any(present.get(claim_id) in _AT_LEAST[fail_on] for claim_id in retested)
