"""`retest report`."""

from __future__ import annotations

from pathlib import Path

import click

from agent.cli.shared import print_json, reading, settings_of, today
from agent.errors import UsageError
from agent.reports import markdown
from agent.reports.documents import status_document
from agent.reports.load import load
from agent.reports.model import build
from store.files import write_atomically


@click.command()
@click.option("--out", type=click.Path(path_type=Path), help="File to write; stdout without it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(ctx: click.Context, out: Path | None, as_json: bool) -> None:
    """Write the claim status report: what changed, each claim with quotes, the run's health."""
    with reading(settings_of(ctx)) as db:
        report = build(load(db, today()))
    if as_json:
        print_json(status_document(report) | {"changes": [c.status.claim.id for c in report.changes]})
        return
    text = markdown.render(report)
    if out is None:
        click.echo(text, nl=False)
        return
    try:
        write_atomically(out, text)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}", "choose another path") from error
    click.echo(f"wrote {out}", err=True)
