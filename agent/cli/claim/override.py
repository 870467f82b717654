"""`retest claim override | tag`: a person's word over a verdict, and words to find claims by."""

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
from agent.cli.claim.edit import ledger_of, now
from agent.errors import UsageError
from store.records import Claim, VerdictName
from store.remarks import Override


@click.command("override")
@click.argument("claim_id")
@click.option("--verdict", type=click.Choice(get_args(VerdictName)), help="What the claim's verdict is.")
@click.option("--lift", is_flag=True, help="Take the override back: the rule's verdict is shown again.")
@click.option("--reason", required=True, help="Why, in a sentence.")
@click.option("--by", required=True, metavar="NAME", help="Whose word this is.")
@click.option("--condition", default="", help="Holds unless ...; for relaxed.")
@click.option(
    "--case",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append it to this file of labelled cases.",
)
@click.pass_context
def override(
    ctx: click.Context, /, claim_id: str, verdict: VerdictName | None, lift: bool, reason: str, by: str,
    condition: str, case: Path | None,
) -> None:  # fmt: skip
    """Put a person's word over the rule's verdict. Nothing is changed: it stands beside it, with a name."""
    if (verdict is None) != lift:
        raise UsageError("an override needs --verdict or --lift", "give one of them")
    with ledger_of(ctx) as db:
        told = editing.overridden(db, claim_id, verdict, condition, reason, by, now())
        if case and verdict:
            _append(case, _case(db, editing.claim_of(db, claim_id), told))
    click.echo(f"{claim_id}: {f'{verdict}, by {by}' if verdict else 'as the rule says'}", err=True)


def _case(db: Connection, claim: Claim, told: Override) -> str:
    """The claim with its override as one line of labelled cases."""
    if claim.as_of is None:
        raise UsageError(
            f"{claim.id} has no as-of month, a labelled case needs one", "retest claim edit sets it"
        )
    evidence = store.evidence.of_claim(db, claim.id, claim.revision)
    papers = store.papers.get_many(db, sorted({e.paper_id for e in evidence}))
    return json.dumps(case_of(claim, told, evidence, papers), ensure_ascii=False)


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


@click.command("tag")
@click.argument("claim_id")
@click.option("--add", multiple=True, metavar="WORD", help="Put a tag on it; may be repeated.")
@click.option("--remove", multiple=True, metavar="WORD", help="Take a tag off; may be repeated.")
@click.pass_context
def tag(ctx: click.Context, claim_id: str, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """Tag a claim; retest claim list --tag WORD and retest status --tag WORD show those that have it."""
    words = editing.tags_of([*add, *remove])
    with ledger_of(ctx) as db:
        claim = editing.claim_of(db, claim_id)
        store.claims.tag(db, claim.id, add=words[: len(add)], remove=words[len(add) :])
        held = editing.claim_of(db, claim_id)
    click.echo(f"{claim_id}: {', '.join(held.tags) or 'no tags'}", err=True)
