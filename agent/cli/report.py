"""`retest report`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agent.cli.shared import print_json, reading, settings_of, today
from agent.errors import UsageError
from store.files import write_atomically

NAMES = ("md", "html", "pdf", "json", "csv", "bib", "ris", "vault", "crate")
BINARY = ("pdf", "vault", "crate")


@click.command()
@click.option("--line", "lines", multiple=True, metavar="ID", help="Only this line; may be repeated.")
@click.option("--claim", "claims", multiple=True, metavar="ID", help="Only this claim; may be repeated.")
@click.option(
    "--since", default="", metavar="RUN|DAY", help="Changes since then; else those of the last run."
)
@click.option("--format", "form", type=click.Choice(NAMES), help="Else as the file is named, or Markdown.")
@click.option("--out", type=click.Path(path_type=Path), help="File to write; stdout without it.")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of --format json, and leave.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.pass_context
def command(
    ctx: click.Context, /, lines: tuple[str, ...], claims: tuple[str, ...], since: str, form: str | None,
    out: Path | None, schema: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write the claim status report: what changed, each claim with quotes, what is open, the run's health."""
    from agent.reports.forms import FORMS
    from agent.reports.making import make
    from agent.reports.published import schema as published

    if schema:
        print_json(published())
        return
    name = "json" if as_json else form or _by_suffix(out)
    if out is None and name in BINARY and sys.stdout.isatty():
        raise UsageError(f"{name} is not for a terminal", "give --out FILE")
    with reading(settings_of(ctx)) as db:
        made = make(db, today(), lines=lines, claims=claims, since=since)
    body = FORMS[name].render(made)
    if out is None:
        sys.stdout.buffer.write(body)
        return
    _write(out, body)
    click.echo(f"wrote {out}", err=True)


def _by_suffix(out: Path | None) -> str:
    """The form a file's name asks for."""
    suffix = out.suffix.removeprefix(".") if out else "md"
    if suffix == "zip":
        raise UsageError(f"{out} may be notes or an RO-Crate", "give --format vault or crate")
    return suffix if suffix in NAMES else "md"


def _write(out: Path, body: bytes) -> None:
    try:
        write_atomically(out, body, shared=True)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}", "choose another path") from error
