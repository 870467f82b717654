"""`retest backtest`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import click

import store.claims
import store.lines
import store.runs
from agent.backtest import history, service, steps
from agent.cli.shared import console, print_json, reading, settings_of
from agent.settings import Settings
from store.calls import key_of
from store.home.files import Home, write_atomically
from store.records import Claim

DEGRADED = 3


@click.command()
@click.option("--from", "first", required=True, metavar="YYYY-MM", help="First month; starts at its end.")
@click.option("--to", "last", required=True, metavar="YYYY-MM", help="Last month; stops by its end.")
@click.option("--every", default="4w", show_default=True, help="Step in weeks or months: 1w, 4w, 1m.")
@click.option("--claim", "claims", multiple=True, metavar="ID", help="Only this claim; may be repeated.")
@click.option("--source", type=click.Choice(["arxiv", "snapshot"]), help="Where papers come from.")
@click.option("--snapshot", metavar="PATH", help="Snapshot file or folder, for --source snapshot.")
@click.option("--judge", type=click.Choice(["llm", "embedded"]), help="Stance judge to use.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the timeline here (SVG).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context, /, first: str, last: str, every: str, claims: tuple[str, ...], out: Path | None,
    as_json: bool, **flags: Any,
) -> int:  # fmt: skip
    """Retest as of a series of past days, and show how the verdicts moved and how late.

    It works in a separate home under this one, and resumes where it was interrupted.
    """
    settings = settings_of(ctx, **flags)
    days = steps.days(first, last, every)
    chosen = _claims(settings, list(claims))
    home = Home(settings.home / "backtests" / f"{first}-{last}-{every}-{_mark(settings, chosen)}")
    with reading(settings) as db:
        service.prepare(home, store.lines.active(db), chosen)
    ended = _run(replace(settings, home=home.root), days)
    histories = service.histories(home)
    found = history.flips(histories)
    document = history.document(histories, days, found)
    if out:
        from agent.reports.charts import svg, timeline

        write_atomically(out, svg(timeline(document)))
        click.echo(f"wrote {out}", err=True)
    if as_json:
        print_json(document)
    else:
        _print(document)
    return ended


_SHOWN = ("day", "claim_id", "before", "after", "paper", "first_adverse", "lag_days")


def _claims(settings: Settings, only: list[str]) -> list[Claim]:
    from agent.errors import UsageError

    with reading(settings) as db:
        claims = store.claims.active(db)
    if unknown := set(only) - {c.id for c in claims}:
        raise UsageError(f"no claim {min(unknown)!r}", "retest claim list shows them")
    return [c for c in claims if not only or c.id in only]


def _mark(settings: Settings, claims: list[Claim]) -> str:
    """Return a key that identifies a backtest: the settings that shape its results, and its claims."""
    from agent.wiring.run import kept

    shaping = {**kept(settings), "claims": [(c.id, c.revision, c.text) for c in claims]}
    return key_of(**shaping)[:12]


def _run(settings: Settings, days: list[str]) -> int:
    """Run as of every day; return `DEGRADED` if any run was not complete, else 0."""
    from agent.wiring.run import open_parts

    def announce(day: str, number: int, total: int) -> None:
        click.echo(f"{number} of {total}: as of {day}", err=True)

    service.run(days, lambda clock: open_parts(settings, clock), announce)
    with reading(settings) as db:
        degraded = [r for r in store.runs.recent(db, len(days) + 1) if r.health != "complete"]
    for run in degraded:
        click.echo(f"retest: the run as of {run.as_of} was {run.health}: {'; '.join(run.reasons)}", err=True)
    return DEGRADED if degraded else 0


def _print(document: dict[str, Any]) -> None:
    from rich.table import Table

    table = Table("as of", "claim", "from", "to", "strongest paper", "first adverse", "lag, days", "undone")
    for flip in document["flips"]:
        shown = [flip[name] for name in _SHOWN]
        table.add_row(*("none yet" if s is None else str(s) for s in shown), flip["undone_on"] or "—")
    if document["flips"]:
        console().print(table)
    lag = document["lag_days_median"]
    click.echo(
        f"{len(document['flips'])} flips over {len(document['days'])} days; "
        f"{document['flip_flops']} undone within eight weeks"
        + ("" if lag is None else f"; median lag {lag} days")
    )
