"""`retest report`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from agent.cli.shared import print_json, reading, settings_of, today
from agent.errors import UsageError
from store.home.files import write_atomically

NAMES = ("md", "html", "pdf", "json", "csv", "bib", "ris", "vault", "crate")
BINARY = ("pdf", "vault", "crate")


@click.command()
@click.option("--line", "lines", multiple=True, metavar="ID", help="Only this line; may be repeated.")
@click.option("--claim", "claims", multiple=True, metavar="ID", help="Only this claim; may be repeated.")
@click.option(
    "--since", default="", metavar="RUN|DAY", help="Show changes since then (default: in the last run)."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(NAMES),
    help="Format (default: by the file's suffix, else md). vault: linked notes; crate: RO-Crate.",
)
@click.option("--out", type=click.Path(path_type=Path), help="File to write (default: stdout).")
@click.option("--schema", is_flag=True, help="Print the JSON Schema of --format json and exit.")
@click.option("--json", "as_json", is_flag=True, help="Same as --format json.")
@click.pass_context
def command(
    ctx: click.Context, /, lines: tuple[str, ...], claims: tuple[str, ...], since: str, form: str | None,
    out: Path | None, schema: bool, as_json: bool,
) -> None:  # fmt: skip
    """Write the claim status report: what changed, claims with quotes, what is open, the run's health."""
    from agent.reports.building import make
    from agent.reports.forms import FORMS
    from agent.reports.schema import json_schema

    if schema:
        print_json(json_schema())
        return
    name = _form(form, out, as_json=as_json)
    if out is None and name in BINARY and sys.stdout.isatty():
        raise UsageError(f"{name} cannot be printed to a terminal", "use --out FILE")
    with reading(settings_of(ctx)) as db:
        made = make(db, today(), lines=lines, claims=claims, since=since)
    body = FORMS[name].render(made)
    if out is None:
        sys.stdout.buffer.write(body)
        return
    _write(out, body)
    empty = "" if body.strip() else " (empty: no verdict cites a paper yet)"
    click.echo(f"wrote {out}{empty}", err=True)


def _form(form: str | None, out: Path | None, *, as_json: bool) -> str:
    """Return the format asked for, by option or file suffix. Raises UsageError if they disagree."""
    asked = "json" if as_json else form
    if as_json and form not in (None, "json"):
        raise UsageError(f"--json and --format {form} contradict each other", "use one of them")
    suffix = out.suffix.removeprefix(".") if out else ""
    if suffix == "zip" and asked is None:
        raise UsageError(f"{out} could be a vault or an RO-Crate", "use --format vault or crate")
    if asked is None and suffix not in ("", *NAMES):
        raise UsageError(f"unknown format {suffix!r}", f"use --format: {', '.join(NAMES)}")
    if asked and suffix in NAMES and suffix != asked:
        raise UsageError(
            f"{out} is named as {suffix}, but the format is {asked}", "rename it, or omit --format"
        )
    return asked or suffix or "md"


def _write(out: Path, body: bytes) -> None:
    if not out.parent.is_dir():
        raise UsageError(f"cannot write {out}: no folder {out.parent}", "create it, or choose another path")
    try:
        write_atomically(out, body, shared=True)
    except OSError as error:
        raise UsageError(f"cannot write {out}: {error.strerror}", "choose another path") from error
