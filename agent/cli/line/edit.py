"""`retest line add | edit | archive | restore | categories`: change lines by hand."""

from __future__ import annotations

import click

from agent.claims import categories as arxiv
from agent.claims import lines
from agent.cli.shared import writing

_CATEGORIES = click.option(
    "--categories", metavar="LIST", help='arXiv categories to search, such as "q-bio.BM cs.LG".'
)


@click.command()
@click.argument("title")
@click.option("--question", help="The question the line asks (default: its title).")
@_CATEGORIES
@click.pass_context
def add(ctx: click.Context, title: str, question: str | None, categories: str | None) -> None:
    """Add a line; prints its id."""
    with writing(ctx) as db:
        line = lines.added(db, title, question or "", categories or "")
    click.echo(line.id)


@click.command()
@click.argument("line_id")
@click.option("--title", help="Its title.")
@click.option("--question", help="The question it asks.")
@_CATEGORIES
@click.pass_context
def edit(
    ctx: click.Context, line_id: str, title: str | None, question: str | None, categories: str | None
) -> None:
    """Reword a line or change where it is searched for; --categories "" means as in the settings."""
    with writing(ctx) as db:
        line = lines.changed(db, line_id, title, question, categories)
    where = " ".join(line.categories) or "the categories of the settings"
    click.echo(f"{line.id}: {line.title}; searched in {where}", err=True)


@click.command()
@click.argument("line_id")
@click.pass_context
def archive(ctx: click.Context, line_id: str) -> None:
    """Stop retesting a line's claims, unless another line has them too; nothing is deleted."""
    with writing(ctx) as db:
        number = lines.archived(db, line_id)
    claims = "1 claim is" if number == 1 else f"{number} claims are"
    click.echo(f"{claims} no longer retested; to undo: retest line restore {line_id}", err=True)


@click.command()
@click.argument("line_id")
@click.pass_context
def restore(ctx: click.Context, line_id: str) -> None:
    """Restore an archived line and the claims that were archived with it."""
    with writing(ctx) as db:
        number = lines.restored(db, line_id)
    click.echo(f"{'1 claim is' if number == 1 else f'{number} claims are'} retested again", err=True)


@click.command()
@click.argument("words", nargs=-1)
def categories(words: tuple[str, ...]) -> None:
    """List arXiv's categories, or those whose names have these words."""
    found = arxiv.about(" ".join(words))
    for code in found:
        click.echo(f"{code:20} {arxiv.names()[code]}")
    if not found:
        click.echo("no category has these words in its name; without words, all are listed", err=True)
