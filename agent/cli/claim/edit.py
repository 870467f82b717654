"""`retest claim add | edit | retire | restore`: change claims by hand."""

from __future__ import annotations

from typing import Any

import click

import store.claims
from agent.claims import editing
from agent.cli.shared import now, writing
from store.records import AXES

_FIELDS = (
    click.option("--text", help="Text of the claim."),
    click.option("--as-of", metavar="YYYY-MM", help="Month of the claim, or unknown."),
    click.option(
        "--source", "sources", multiple=True, metavar="ID", help="arXiv id of a source; may be repeated."
    ),
    click.option(
        "--line", "lines", multiple=True, metavar="ID", help="A line it belongs to; may be repeated."
    ),
    click.option("--new-line", metavar="TITLE", help="A new line for it, made from this title."),
    click.option("--question", help="The durable question behind it."),
    click.option("--limitation", help="The perishable limitation it states."),
    click.option(
        "--scope", multiple=True, metavar="AXIS=VALUE", help=f"Scope on an axis: {', '.join(AXES)}."
    ),
    click.option("--terms", multiple=True, metavar="AXIS=A,B", help="Words a paper would use for an axis."),
    click.option(
        "--load-bearing", multiple=True, metavar="AXIS", help="An axis that is essential to the claim."
    ),
)


def _fields(command: Any) -> Any:
    for option in reversed(_FIELDS):
        command = option(command)
    return command


@click.command("add")
@_fields
@click.pass_context
def add(ctx: click.Context, /, **fields: Any) -> None:
    """Add a claim by hand."""
    with writing(ctx) as db:
        claim_id = editing.added(db, fields, now())
    click.echo(claim_id)


@click.command("edit")
@click.argument("claim_id")
@_fields
@click.pass_context
def edit(ctx: click.Context, /, claim_id: str, **fields: Any) -> None:
    """Change a claim: makes a new revision to be retested; the old one and its verdicts are kept."""
    with writing(ctx) as db:
        done = store.claims.save(
            db, editing.changed(db, editing.claim_of(db, claim_id), fields, now()), now()
        )
    click.echo(f"{claim_id}: {done}", err=True)


@click.command("retire")
@click.argument("claim_id")
@click.pass_context
def retire(ctx: click.Context, claim_id: str) -> None:
    """Stop retesting a claim; nothing is deleted."""
    with writing(ctx) as db:
        store.claims.retire(db, editing.claim_of(db, claim_id).id)
    click.echo(f"{claim_id} is retired; to undo: retest claim restore {claim_id}", err=True)


@click.command("restore")
@click.argument("claim_id")
@click.pass_context
def restore(ctx: click.Context, claim_id: str) -> None:
    """Start retesting a retired claim again."""
    with writing(ctx) as db:
        store.claims.retire(db, editing.claim_of(db, claim_id).id, retired=False)
    click.echo(f"{claim_id} is active again", err=True)
