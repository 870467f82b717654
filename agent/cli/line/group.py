"""`retest line`."""

from __future__ import annotations

from pathlib import Path

import click

import store.claims
import store.evidence
import store.notes
import store.papers
import store.verdicts
from agent.cli.line import show as line_show
from agent.cli.shared import print_json, reading, settings_of
from agent.errors import UsageError
from store.home.files import write_atomically


@click.group()
def command() -> None:
    """Lines of inquiry: list them, show one, or export one as a research prompt."""


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def list_lines(ctx: click.Context, as_json: bool) -> None:
    """List the lines and how many claims each has."""
    with reading(settings_of(ctx)) as db:
        lines, claims = store.claims.all_lines(db), store.claims.active(db)
    found = [
        {"id": x.id, "question": x.question, "claims": sum(x.id in c.lines for c in claims)} for x in lines
    ]
    if as_json:
        print_json(found)
        return
    for line in found:
        click.echo(f"{line['claims']:3} {line['id']}: {line['question']}")


@command.command()
@click.argument("line_id")
@click.option("--format", "form", type=click.Choice(["prompt"]), default="prompt", show_default=True)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File to write (default: stdout)."
)
@click.pass_context
def export(ctx: click.Context, line_id: str, form: str, out: Path | None) -> None:  # noqa: ARG001  one form so far
    """Write a line as a research prompt, with the current verdicts of its claims."""
    from agent.claims.exporting import prompt_of

    with reading(settings_of(ctx)) as db:
        line = next((x for x in store.claims.all_lines(db) if x.id == line_id), None)
        if line is None:
            raise UsageError(f"no line {line_id!r}", "retest line list shows them")
        claims = [c for c in store.claims.active(db) if line_id in c.lines]
        verdicts = {c.id: store.verdicts.present(db, c.id, c.revision) for c in claims}
        cited = {i for v in verdicts.values() if v for i in v.evidence_ids}
        papers = {
            e.paper_id: e.strength
            for c in claims for e in reversed(store.evidence.of_claim(db, c.id, c.revision)) if e.id in cited
        }  # fmt: skip
        found = store.papers.get_many(db, sorted(papers))
        anchors = sorted((p for p in found.values() if not p.withdrawn), key=lambda p: (-papers[p.id], p.id))
        text = prompt_of(line, claims, verdicts, anchors, store.notes.of_line(db, line_id))
    if out:
        write_atomically(out, text)
        click.echo(f"wrote {out}", err=True)
    else:
        click.echo(text, nl=False)


command.add_command(line_show.show)
