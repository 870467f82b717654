"""`retest badge`."""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli.shared import reading, settings_of, today
from agent.errors import UsageError
from store.home.files import write_atomically


@click.command()
@click.option("--claim", "claim_id", metavar="ID", help="This claim's verdict.")
@click.option("--line", "line_id", metavar="ID", help="This line's verdicts, in the colour of the worst.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write; else stdout.")
@click.pass_context
def command(ctx: click.Context, claim_id: str | None, line_id: str | None, out: Path | None) -> None:
    """Write an SVG badge."""
    from agent.telling.badge import of_claim, of_line
    from agent.views.load import load
    from agent.views.model import build

    if (claim_id is None) == (line_id is None):
        raise UsageError("a badge shows either a claim or a line", "use --claim ID or --line ID")
    with reading(settings_of(ctx)) as db:
        report = build(load(db, today()))
    if claim_id:
        found = [of_claim(s) for s in report.statuses if s.claim.id == claim_id]
    else:
        found = [of_line(line.id, statuses) for line, statuses in report.lines if line.id == line_id]
    if not found:
        raise UsageError(f"no claim or line {claim_id or line_id!r}", "retest status lists them")
    if out:
        write_atomically(out, found[0], shared=True)
    else:
        click.echo(found[0], nl=False)
