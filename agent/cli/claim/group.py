"""`retest claim`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import click

import store.claims
import store.verdicts
from agent.cli.claim import edit as claim_edit
from agent.cli.claim import from_paper as claim_from_paper
from agent.cli.claim import importing as claim_import
from agent.cli.claim import override as claim_override
from agent.cli.claim import split as claim_split
from agent.cli.shared import print_json, reading, settings_of, tagged, today
from agent.errors import UsageError
from agent.text import without_controls
from agent.views.claim import citation_document, claim_document, gate_document, url_of
from agent.views.load import load
from agent.views.model import Citation, ClaimStatus, build
from agent.views.why_not import why_not
from store.standing import NONE_YET


@click.group()
def command() -> None:
    """Show, import and edit claims; explain their verdicts."""


@command.command()
@click.argument("claim_id")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def show(ctx: click.Context, claim_id: str, as_json: bool) -> None:
    """Show a claim: its evidence with quotes and gates, and why it has this verdict and not another."""
    with reading(settings_of(ctx)) as db:
        if not store.claims.active(db, [claim_id]):
            ids = [c.id for c in store.claims.active(db)]
            raise UsageError(f"no claim {claim_id!r}", _nearby(claim_id, ids))
        status = build(load(db, today(), only=[claim_id])).statuses[0]
    if as_json:
        print_json(_document(status))
    else:
        _print(status)


def _nearby(name: str, known: list[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, known, n=3, cutoff=0.3)
    return f"did you mean {', '.join(close)}?" if close else "retest status lists them"


def _document(status: ClaimStatus) -> dict[str, Any]:
    claim = status.claim
    return claim_document(status) | {
        "kind": claim.kind,
        "revision": claim.revision,
        "provenance": [p.__dict__ for p in claim.provenance],
        "durable_question": claim.durable_question,
        "perishable_limitation": claim.perishable_limitation,
        "scope": {name: axis.__dict__ for name, axis in claim.scope.items()},
        "atoms": [asdict(atom) for atom in claim.atoms],
        "history": [
            {
                "verdict": v.name,
                "basis": v.basis,
                "run": v.run_id,
                "decided_at": v.decided_at,
                "reason": v.reason,
            }
            for v in status.history
        ],
        "evidence": [_evidence_document(c) for c in (*status.citations, *status.leads, *status.rejected)],
        "why_not": why_not(status),
    }


def _evidence_document(citation: Citation) -> dict[str, Any]:
    item = citation.evidence
    own = ("id", "atom_id", "status", "section", "judge", "condition", "scope_match")
    gates = [gate_document(g) for g in item.gates]
    return citation_document(citation) | {name: getattr(item, name) for name in own} | {"gates": gates}


def _print(status: ClaimStatus) -> None:
    click.secho(f"{status.claim.id}: {status.standing}", bold=True)
    _print_claim(status)
    _print_reasons(status)
    for title, found in (
        ("evidence", status.citations),
        ("leads for review", status.leads),
        ("rejected by a gate", status.rejected),
    ):
        if found:
            click.secho(f"\n{title} ({len(found)})", bold=True)
        for citation in found:
            _print_citation(citation)


def _print_claim(status: ClaimStatus) -> None:
    claim = status.claim
    click.echo(f"  {claim.text}")
    click.echo(f"  as of {claim.as_of or 'unknown'}; sources {', '.join(_sources(status)) or 'unknown'}")
    if status.check:
        click.echo(
            f"  source check: {status.check.state}"
            + (f" ({status.check.reason})" if status.check.reason else "")
        )
    for place in claim.provenance:
        click.echo(f"  from {place.document}, {place.place}" + (f" ({place.note})" if place.note else ""))
    click.echo(f"  durable question: {claim.durable_question or 'not stated'}")
    click.echo(f"  perishable limitation: {claim.perishable_limitation or 'not stated'}")
    for name, axis in claim.scope.items():
        click.echo(f"  scope {name}: {axis.value}" + (" (load-bearing)" if axis.load_bearing else ""))
    for atom in claim.atoms:
        details = ", ".join(s for s in (atom.direction, atom.quantifier) if s)
        click.echo(f"  part {atom.id}: {atom.text}" + (f" [{details}]" if details else ""))
    if claim.tags:
        click.echo(f"  tags {', '.join(claim.tags)}")


def _print_reasons(status: ClaimStatus) -> None:
    verdict, override = status.verdict, status.override
    if override:
        click.secho(f"\noverride by {override.by}, {override.decided_at[:10]}", bold=True)
        unless = f"; holds unless: {override.condition}" if override.condition else ""
        click.echo(f"  {override.reason}{unless}")
        since = " (decided again since the override)" if status.is_decided_since else ""
        click.echo(f"  the rule says {status.rule_standing}{since}")
    click.secho("\nwhy this verdict" if not override else "\nwhy the rule says so", bold=True)
    click.echo(f"  {verdict.reason if verdict else 'never retested'}")
    if verdict and verdict.condition:
        click.echo(f"  holds unless: {verdict.condition}")
    click.secho("\nwhy not another", bold=True)
    for name, reason in why_not(status).items():
        click.echo(f"  {name}: {reason}")


_OUTCOME = {"passed": "pass", "failed": "FAIL", "not run": "----"}


def _sources(status: ClaimStatus) -> list[str]:
    return [
        f"arXiv:{s.arxiv_id}" + (" (likely)" if s.status == "likely" else "") for s in status.claim.sources
    ]


def _print_citation(citation: Citation) -> None:
    item, paper = citation.evidence, citation.paper
    part = f" on {item.atom_id}" if item.atom_id != item.claim_id else ""
    click.echo(f"  {item.stance} ({item.strength:.2f}){part}: “{citation.quote}”")
    click.echo(f"    {paper.title}, {paper.published}, {citation.place}, {url_of(citation)}")
    for gate in item.gates:
        click.echo(f"    {_OUTCOME[gate.outcome]} {gate.gate}: {gate.reason}")


@command.command("list")
@click.option("--tag", metavar="WORD", help="Only claims with this tag.")
@click.option("--retired", is_flag=True, help="The retired claims instead of the active ones.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def list_claims(ctx: click.Context, tag: str | None, retired: bool, as_json: bool) -> None:
    """List the active claims with their verdicts."""
    with reading(settings_of(ctx)) as db:
        claims = tagged(store.claims.retired(db) if retired else store.claims.active(db), tag)
        standings = store.verdicts.standings(db)
    rows = [
        {"id": c.id, "text": c.text, "as_of": c.as_of or "unknown", "lines": c.lines, "tags": c.tags,
         "verdict": "retired" if retired else standings.get(c.id, NONE_YET)}
        for c in claims
    ]  # fmt: skip
    if as_json:
        print_json(rows)
        return
    for row in rows:
        text = " ".join(without_controls(str(row["text"])).split())
        click.echo(f"{row['as_of']:8} {row['verdict']:18} {row['id']}\n{'':28}{text}")


for _more in (
    claim_import.command, claim_from_paper.command, claim_edit.add, claim_edit.edit, claim_edit.retire,
    claim_edit.restore,
    claim_override.override, claim_override.tag, claim_split.split,
):  # fmt: skip
    command.add_command(_more)
