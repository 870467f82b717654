"""`retest claim split`: split a compound claim into parts that are retested separately."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

import store.claims
from agent.claims.editing import claim_of
from agent.cli.shared import now, print_json, reading, settings_of, writing
from agent.errors import UsageError
from store.records import Claim


@click.command("split")
@click.argument("claim_id")
@click.option("--into", "texts", multiple=True, metavar="TEXT", help="Text of a part; repeat for each.")
@click.option("--whole", is_flag=True, help="Undo a split: make the claim one part.")
@click.option("--preview", is_flag=True, help="Show the parts; write nothing.")
@click.option("--writer", type=click.Choice(["llm", "none"]), help="Whether a model splits, or the rule.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def split(
    ctx: click.Context, /, claim_id: str, texts: tuple[str, ...], whole: bool, preview: bool, as_json: bool,
    **flags: Any,
) -> None:  # fmt: skip
    """Split a claim into parts: makes a new revision to be retested. Qualifiers are kept verbatim."""
    from agent.claims import atoms
    from agent.wiring.writing import open_writer

    settings = settings_of(ctx, **flags)
    with reading(settings) as db:
        claim = claim_of(db, claim_id)
    if texts and (wrong := atoms.why_not(claim.text, texts)):
        click.echo(f"note: {wrong}; the parts are used as you wrote them", err=True)
    if len(texts) == 1:
        raise UsageError("one part is not a split", "use --into at least twice, or --whole")
    if texts or whole:
        made = atoms.with_parts(claim, texts)
    else:
        with open_writer(settings) as writer:
            made = atoms.split(claim, writer)
    if not preview:
        with writing(ctx) as db:
            done = store.claims.save(db, made, now())
        click.echo(f"{claim_id}: {done}", err=True)
    _show(made, as_json=as_json)


def _show(claim: Claim, *, as_json: bool) -> None:
    if as_json:
        print_json({"id": claim.id, "parts": [asdict(a) for a in claim.parts]})
        return
    for atom in claim.parts:
        details = ", ".join(s for s in (atom.direction, atom.quantifier) if s)
        click.echo(f"{atom.id}: {atom.text}" + (f" [{details}]" if details else ""))
        for name, axis in claim.scope_of(atom.id).items():
            click.echo(f"  {name}: {axis.value}" + (" (load-bearing)" if axis.load_bearing else ""))
