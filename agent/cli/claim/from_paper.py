"""`retest claim from-paper`."""

from __future__ import annotations

from typing import Any

import click

from agent.cli.claim.importing import WHERE, Where, finish
from agent.cli.shared import settings_of
from agent.errors import UsageError


@click.command("from-paper")
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@WHERE
@click.option("--source", type=click.Choice(["arxiv", "snapshot"]), help="Where papers come from.")
@click.option("--snapshot", metavar="PATH", help="Snapshot file or folder, for --source snapshot.")
@click.option("--writer", type=click.Choice(["llm", "none"]), help="Whether a model words the claims.")
@click.option("--preview", is_flag=True, help="Show the proposed claims; write nothing.")
@click.option("--all", "every", is_flag=True, help="Take every proposed claim without asking.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context, /, ids: tuple[str, ...], line_id: str | None, new_line: str | None,
    categories: str | None, preview: bool, every: bool, as_json: bool, **flags: Any,
) -> None:  # fmt: skip
    """Propose claims from papers: their key results, in their own words, dated by the papers' months."""
    from agent.wiring.from_papers import document_from

    settings = settings_of(ctx, **flags)
    where = Where.of(line_id, new_line, categories)
    if not (line_id or new_line or preview):
        raise UsageError("the claims need a line", "use --line ID, or --new-line TITLE")
    document = document_from(settings, ids)
    if not document.pieces:
        raise UsageError(
            f"no result found in {document.title}", "add the claim by hand: retest claim add --text ..."
        )
    finish(settings, document, where, merge="known", preview=preview, as_json=as_json,
           choose=None if every or preview or as_json else _wanted)  # fmt: skip


def _wanted(text: str, place: str) -> bool:
    return click.confirm(f"{place}\n  {text}\n  Take this claim?", default=True, err=True)
