"""`retest schedule`."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import click

from agent.cli.shared import print_json, settings_of
from agent.errors import UsageError
from agent.schedule import installing, storage, units
from agent.schedule.due import Weekly, next_due, parse
from store.home.files import Home

_WITH = click.option(
    "--with", "chosen", type=click.Choice(["systemd", "cron"]), help="Scheduler (default: the one available)."
)


@click.group()
def command() -> None:
    """Run automatically every week."""


@command.command()
@click.option("--weekly", default="mon 06:00", show_default=True, metavar="'DAY HH:MM'", help="Day and time.")
@click.option("--tz", default="UTC", show_default=True, metavar="ZONE", help="Time zone, e.g. Europe/Berlin.")
@_WITH
@click.option("--yes", is_flag=True, help="Install without asking.")
@click.pass_context
def install(ctx: click.Context, weekly: str, tz: str, chosen: str | None, yes: bool) -> None:
    """Install a systemd user timer, or else a crontab entry, after showing it."""
    home = _home(ctx)
    schedule, chosen = parse(weekly, tz), chosen or installing.kind()
    click.echo(units.shown(installing.planned(chosen, schedule, home.root)))
    if not yes:
        click.confirm("Install this?", abort=True, err=True)
    storage.save(home, schedule)
    installing.install(chosen, schedule, home.root)
    click.echo(f"installed ({chosen}); next run {_next(schedule)}", err=True)


@command.command()
@_WITH
@click.pass_context
def remove(ctx: click.Context, chosen: str | None) -> None:
    """Remove the timer or crontab entry; the rest of the home is left as it is."""
    home = _home(ctx)
    installing.remove(chosen or installing.kind(), home.root)
    home.schedule.unlink(missing_ok=True)
    click.echo("removed", err=True)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def show(ctx: click.Context, as_json: bool) -> None:
    """Show the schedule and when the next run is due."""
    schedule = storage.read(_home(ctx))
    if as_json:
        print_json({"schedule": str(schedule) if schedule else None,
                    "next": _next(schedule) if schedule else None})  # fmt: skip
    else:
        click.echo(f"{schedule}; next run {_next(schedule)}" if schedule else "no schedule")


@command.command()
@click.pass_context
def due(ctx: click.Context) -> int:
    """Report whether a run is due: exit 0 if it is, 1 if it is not."""
    home = _home(ctx)
    schedule = storage.read(home)
    if schedule is None:
        raise UsageError("this home has no schedule", "run: retest schedule install")
    is_due, begun = storage.outstanding(home, schedule, datetime.now(UTC))
    answer = f"{begun.id} was interrupted" if begun else "due" if is_due else f"not until {_next(schedule)}"
    click.echo(answer)
    return 0 if is_due or begun else 1


@command.command()
def workflow() -> None:
    """Print a GitHub Actions workflow that runs every week."""
    click.echo((files("agent.schedule") / "workflow.yml").read_text(encoding="utf-8"), nl=False)


def _home(ctx: click.Context) -> Home:
    home = Home(Path(settings_of(ctx).home).resolve())
    if not home.ledger.exists():
        raise UsageError(f"no ledger at {home.ledger}", "run: retest init")
    return home


def _next(schedule: Weekly) -> str:
    return next_due(schedule, datetime.now(UTC)).isoformat(timespec="minutes")
