"""`retest status`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click
from sqlalchemy import Connection

import store.claims
import store.lines
import store.runs
import store.verdicts
from agent.cli.shared import console, print_json, reading, settings_of, tagged, today
from agent.core.window import months_between
from agent.errors import UsageError
from agent.views.load import load
from agent.views.model import ClaimStatus, Report, build
from agent.views.run import status_document
from agent.views.wording import adverse_leads, basis_of
from store.records import Line, Run
from store.standing import STANDINGS, Standing

MOST_ROWS = 500
_COLOUR: dict[Standing, str] = {
    "contradicted": "red", "relaxed": "yellow", "open": "cyan", "still-holds": "green",
    "no challenge found": "dim", "none yet": "dim",
}  # fmt: skip


@click.command()
@click.option("--tag", metavar="WORD", help="Only claims with this tag.")
@click.option("--line", "line_id", metavar="ID", help="Only claims of this line.")
@click.option("--all", "every", is_flag=True, help=f"Show every claim, even if more than {MOST_ROWS}.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(ctx: click.Context, tag: str | None, line_id: str | None, every: bool, as_json: bool) -> None:
    """Show each claim and its current verdict; if there are very many, only the counts per line."""
    settings = settings_of(ctx)
    with reading(settings) as db:
        if not (as_json or tag or line_id or every) and store.claims.count(db) > MOST_ROWS:
            _print_tally(store.lines.active(db), store.verdicts.tally(db), store.runs.latest(db))
            return
        report = build(load(db, today(), only=_chosen(db, tag, line_id), cited=True))
    if as_json:
        print_json(status_document(report))
    else:
        _print_tables(report)


def _chosen(db: Connection, tag: str | None, line_id: str | None) -> list[str] | None:
    if tag is None and line_id is None:
        return None
    lines = [line.id for line in store.lines.active(db)]
    if line_id is not None and line_id not in lines:
        raise UsageError(f"no line {line_id!r}", f"known lines: {', '.join(lines)}")
    found = tagged(store.claims.active(db), tag)
    return [c.id for c in found if line_id is None or line_id in c.lines]


def _print_tally(lines: Sequence[Line], tally: Mapping[tuple[str, str], int], run: Run | None) -> None:
    for line in lines:
        counts = {name: n for (line_id, name), n in tally.items() if line_id == line.id}
        summary = ", ".join(f"{counts[name]} {name}" for name in _COLOUR if counts.get(name))
        click.echo(f"{sum(counts.values()):7} {line.id}: {summary or 'no claims'}")
    click.echo(f"use --line ID, --tag WORD or --all to see the claims{_last(run)}")


def _last(run: Run | None) -> str:
    return f"; last run {run.id}: {run.health}" if run else ""


def _print_tables(report: Report) -> None:
    printed = console()
    for line, statuses in report.lines:
        printed.print(_table(line.title, statuses, report.today))
    printed.print(_counts(report))
    if report.run:
        why = f" ({'; '.join(report.run.reasons)})" if report.run.reasons else ""
        printed.print(f"last run {report.run.id}: {report.run.health}{why}", markup=False)


def _counts(report: Report) -> str:
    """Count claims by standing; silence is counted separately from support."""
    counts = {name: sum(s.standing == name for s in report.statuses) for name in STANDINGS}
    return ", ".join(f"{n} {name}" for name, n in counts.items() if n)


def _table(title: str, statuses: list[ClaimStatus], day: str) -> Any:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), expand=True)
    table.add_column("claim", ratio=1, overflow="fold")
    for column in ("as of", "verdict", "basis", "conf.", "age"):
        table.add_column(column, no_wrap=True)
    table.add_column("citations", max_width=24, overflow="fold")
    for status in statuses:
        verdict = status.verdict
        confidence = verdict.confidence if verdict else None
        table.add_row(
            Text(status.claim.id),
            status.claim.as_of or "unknown",
            Text(status.standing + _mark(status), style=_COLOUR[status.standing]),
            (basis_of(verdict.basis) if verdict else "") or "—",
            "—" if confidence is None else f"{confidence:.2f}",
            _age(status, day),
            Text(", ".join(dict.fromkeys(c.paper.id for c in status.citations)) or "—"),
        )
    return table


def _mark(status: ClaimStatus) -> str:
    if status.override:
        return " (override)"
    if status.standing == "open" and status.verdict:
        return f": {adverse_leads(status.verdict.open_leads)}"
    return " (contested)" if status.verdict and status.verdict.contested else ""


def _age(status: ClaimStatus, day: str) -> str:
    return f"{months_between(status.claim.as_of, day)} mo" if status.claim.as_of else "—"
