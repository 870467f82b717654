"""`retest claim override | tag`: override a verdict by hand, and tag claims."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import click
from sqlalchemy import Connection

import store.claims
import store.evidence
import store.papers
from agent.claims import editing
from agent.claims.labelled_case import case_of
from agent.cli.shared import now, writing
from agent.errors import UsageError
from store.records import Claim, VerdictName
from store.remarks import Override


@click.command("override")
@click.argument("claim_id")
@click.option("--verdict", type=click.Choice(get_args(VerdictName)), help="The verdict that you set.")
@click.option("--lift", is_flag=True, help="Remove the override and show the rule's verdict again.")
@click.option("--reason", required=True, help="Why, in a sentence.")
@click.option("--by", required=True, metavar="NAME", help="Who decides this.")
@click.option("--condition", default="", help="For relaxed: the claim holds unless ...")
@click.option(
    "--case",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also append it to this file of labelled cases.",
)
@click.pass_context
def override(
    ctx: click.Context, /, claim_id: str, verdict: VerdictName | None, lift: bool, reason: str, by: str,
    condition: str, case: Path | None,
) -> None:  # fmt: skip
    """Override the rule's verdict by hand. The rule's verdict is kept, and the override carries a name."""
    if (verdict is None) != lift:
        raise UsageError("an override needs either --verdict or --lift", "use one of them")
    with writing(ctx) as db:
        decision = editing.overridden(db, claim_id, verdict, condition, reason, by, now())
        if case and verdict:
            _append(case, _case(db, editing.claim_of(db, claim_id), decision))
    click.echo(f"{claim_id}: {f'{verdict}, by {by}' if verdict else 'as the rule says'}", err=True)


def _case(db: Connection, claim: Claim, decision: Override) -> str:
    """Return the claim and its override as one line for a file of labelled cases."""
    if claim.as_of is None:
        raise UsageError(
            f"{claim.id} has no as-of month, which a labelled case needs", "set it: retest claim edit"
        )
    evidence = store.evidence.of_claim(db, claim.id, claim.revision)
    papers = store.papers.get_many(db, sorted({e.paper_id for e in evidence}))
    return json.dumps(case_of(claim, decision, evidence, papers), ensure_ascii=False)


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


@click.command("tag")
@click.argument("claim_id")
@click.option("--add", multiple=True, metavar="WORD", help="Add a tag; may be repeated.")
@click.option("--remove", multiple=True, metavar="WORD", help="Remove a tag; may be repeated.")
@click.pass_context
def tag(ctx: click.Context, claim_id: str, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """Tag a claim; retest claim list --tag WORD and retest status --tag WORD filter by tag."""
    words = editing.tags_of([*add, *remove])
    with writing(ctx) as db:
        claim = editing.claim_of(db, claim_id)
        store.claims.tag(db, claim.id, add=words[: len(add)], remove=words[len(add) :])
        tagged = editing.claim_of(db, claim_id)
    click.echo(f"{claim_id}: {', '.join(tagged.tags) or 'no tags'}", err=True)
