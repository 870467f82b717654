"""`retest serve`."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path

import click

from agent.cli.shared import settings_of
from agent.errors import UsageError
from agent.schedule import kept, loop
from agent.schedule.when import Weekly, parse
from store.files import Home


@click.command()
@click.option("--weekly", metavar="'DAY HH:MM'", help="When to run; else as the home's schedule says.")
@click.option("--tz", default="UTC", show_default=True, metavar="ZONE", help="Time zone of --weekly.")
@click.pass_context
def command(ctx: click.Context, weekly: str | None, tz: str) -> None:
    """Stay, and run every week: for containers. Ends at SIGTERM or Ctrl-C, and a run goes on next time."""
    home = Home(Path(settings_of(ctx).home).resolve())
    schedule = parse(weekly, tz) if weekly else kept.read(home)
    if schedule is None:
        raise UsageError("no schedule", "give --weekly 'mon 06:00'")
    kept.save(home, schedule)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    click.echo(f"retest runs {schedule}", err=True)
    loop.keep(lambda: _try(home, schedule, stop), stop, lambda e: click.echo(f"retest: {e}", err=True))


def _try(home: Home, schedule: Weekly, stop: threading.Event) -> None:
    """Run what is due in a process of its own, which is stopped with us."""
    is_due, begun = kept.outstanding(home, schedule, datetime.now(UTC))
    if not is_due and begun is None:
        return
    args = [sys.executable, "-m", "agent", "--home", str(home.root), "run", "--if-due"]
    with subprocess.Popen(args) as run:  # noqa: S603  our own program
        while run.poll() is None:
            if stop.wait(1):
                run.send_signal(signal.SIGINT)
                run.wait()
    click.echo(f"retest run ended with exit code {run.returncode}", err=True)
