"""`retest line`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

import store.claims
import store.evidence
import store.lines
import store.papers
import store.remarks.notes
import store.verdicts
from agent.cli.line import edit
from agent.cli.line import show as line_show
from agent.cli.shared import print_json, reading, settings_of
from agent.errors import UsageError
from store.home.files import write_atomically
from store.records import Line


@click.group()
def command() -> None:
    """Lines of inquiry: list them, show one, or export one as a research prompt."""


@command.command("list")
@click.option("--all", "every", is_flag=True, help="Archived lines too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def list_lines(ctx: click.Context, every: bool, as_json: bool) -> None:
    """List the lines and how many claims each has."""
    with reading(settings_of(ctx)) as db:
        lines, claims = store.lines.every(db) if every else store.lines.active(db), store.claims.active(db)
    found: list[dict[str, Any]] = [
        {"id": x.id, "title": x.title, "question": x.question, "categories": list(x.categories),
         "archived": x.archived, "claims": sum(x.id in c.lines for c in claims)}
        for x in lines
    ]  # fmt: skip
    if as_json:
        print_json(found)
        return
    for line in found:
        marks = [" ".join(line["categories"]), "archived" if line["archived"] else ""]
        note = f" ({', '.join(m for m in marks if m)})" if any(marks) else ""
        click.echo(f"{line['claims']:3} {line['id']}: {line['question']}{note}")


@command.command()
@click.argument("line_id")
@click.option("--format", "form", type=click.Choice(["prompt", "pack"]), default="prompt", show_default=True)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write (default: stdout)."
)
@click.pass_context
def export(ctx: click.Context, line_id: str, form: str, out: Path | None) -> None:
    """Write a line as a research prompt with current verdicts, or as a pack that others can import."""
    with reading(settings_of(ctx)) as db:
        line = next((x for x in store.lines.active(db) if x.id == line_id), None)
        if line is None:
            raise UsageError(f"no line {line_id!r}", "retest line list shows them")
        text = _pack(db, line) if form == "pack" else _prompt(db, line)
    if out:
        write_atomically(out, text)
        click.echo(f"wrote {out}", err=True)
    else:
        click.echo(text, nl=False)


def _pack(db: Connection, line: Line) -> str:
    from agent.claims.pack_export import pack_of

    return pack_of([line], [c for c in store.claims.active(db) if line.id in c.lines])


def _prompt(db: Connection, line: Line) -> str:
    from agent.claims.exporting import prompt_of

    claims = [c for c in store.claims.active(db) if line.id in c.lines]
    verdicts = {c.id: store.verdicts.present(db, c.id, c.revision) for c in claims}
    cited = {i for v in verdicts.values() if v for i in v.evidence_ids}
    papers = {
        e.paper_id: e.strength
        for c in claims for e in reversed(store.evidence.of_claim(db, c.id, c.revision)) if e.id in cited
    }  # fmt: skip
    found = store.papers.get_many(db, sorted(papers))
    anchors = sorted((p for p in found.values() if not p.withdrawn), key=lambda p: (-papers[p.id], p.id))
    return prompt_of(line, claims, verdicts, anchors, store.remarks.notes.of_line(db, line.id))


for _command in (edit.add, edit.edit, edit.archive, edit.restore, edit.categories):
    command.add_command(_command)
command.add_command(line_show.show)
