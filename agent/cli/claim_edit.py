"""`retest claim add | edit | retire | restore`: claims by hand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy import Connection

import store.claims
from agent.claims.importing import free_id
from agent.claims.pieces import is_month
from agent.cli.shared import settings_of
from agent.errors import UsageError
from store.files import Home
from store.ledger import Ledger
from store.records import AXES, Axis, Claim, Provenance, Source

_FIELDS = (
    click.option("--text", help="What is claimed."),
    click.option("--as-of", metavar="YYYY-MM", help="The month it was claimed in, or unknown."),
    click.option(
        "--source", "sources", multiple=True, metavar="ID", help="arXiv id of a source; may be repeated."
    ),
    click.option(
        "--line", "lines", multiple=True, metavar="ID", help="A line it belongs to; may be repeated."
    ),
    click.option("--question", help="The durable question behind it."),
    click.option("--limitation", help="The perishable limitation in it."),
    click.option(
        "--scope", multiple=True, metavar="AXIS=VALUE", help=f"Scope on an axis: {', '.join(AXES)}."
    ),
    click.option("--terms", multiple=True, metavar="AXIS=A,B", help="Words a paper would use for an axis."),
    click.option(
        "--load-bearing", multiple=True, metavar="AXIS", help="An axis without which it is another claim."
    ),
)


def _fields(command: Any) -> Any:
    for option in reversed(_FIELDS):
        command = option(command)
    return command


@click.command("add")
@_fields
@click.pass_context
def add(ctx: click.Context, /, **given: Any) -> None:
    """Add a claim by hand."""
    if not given["text"] or not given["lines"]:
        raise UsageError("a claim needs --text and --line", "retest line list names the lines")
    with ledger_of(ctx) as db:
        claim_id = free_id(given["text"], store.claims.every_id(db))
        claim = Claim(
            id=claim_id, text="", kind="claim", lines=(), as_of=None, sources=(),
            provenance=(Provenance("by hand", now()[:10]),), durable_question="", perishable_limitation="",
        )  # fmt: skip
        store.claims.save(db, changed(db, claim, given), now())
    click.echo(claim_id)


@click.command("edit")
@click.argument("claim_id")
@_fields
@click.pass_context
def edit(ctx: click.Context, /, claim_id: str, **given: Any) -> None:
    """Change a claim: a new revision, to be retested; the old one and its verdicts stay."""
    with ledger_of(ctx) as db:
        done = store.claims.save(db, changed(db, claim_of(db, claim_id), given), now())
    click.echo(f"{claim_id}: {done}", err=True)


@click.command("retire")
@click.argument("claim_id")
@click.pass_context
def retire(ctx: click.Context, claim_id: str) -> None:
    """Take a claim out of retesting; nothing of it is lost."""
    with ledger_of(ctx) as db:
        store.claims.retire(db, claim_of(db, claim_id).id)
    click.echo(f"{claim_id} is retired; retest claim restore {claim_id} takes it back", err=True)


@click.command("restore")
@click.argument("claim_id")
@click.pass_context
def restore(ctx: click.Context, claim_id: str) -> None:
    """Take a retired claim back under retest."""
    with ledger_of(ctx) as db:
        store.claims.retire(db, claim_of(db, claim_id).id, retired=False)
    click.echo(f"{claim_id} is under retest", err=True)


def changed(db: Connection, claim: Claim, given: dict[str, Any]) -> Claim:
    """The claim with what was given in place of what it had. Raises UsageError naming what cannot be."""
    known = {line.id for line in store.claims.all_lines(db)}
    if unknown := set(given["lines"]) - known:
        raise UsageError(f"no line {min(unknown)!r}", f"known lines: {', '.join(sorted(known))}")
    as_of = given["as_of"]
    if as_of and as_of != "unknown" and not is_month(as_of):
        raise UsageError(f"--as-of {as_of!r} is no month", "write YYYY-MM, or unknown")
    return replace(
        claim,
        text=given["text"] or claim.text,
        durable_question=given["question"] or claim.durable_question,
        perishable_limitation=given["limitation"] or claim.perishable_limitation,
        lines=given["lines"] or claim.lines,
        sources=tuple(map(_source, given["sources"])) or claim.sources,
        as_of=claim.as_of if not as_of else None if as_of == "unknown" else as_of,
        scope=_scope(claim, given),
        atoms=() if given["text"] and given["text"] != claim.text else claim.atoms,
    )


def _scope(claim: Claim, given: dict[str, Any]) -> dict[str, Axis]:
    scope = dict(claim.scope)
    for name, value in map(_pair, given["scope"]):
        scope[name] = replace(scope.get(name, Axis("")), value=value)
    for name, value in map(_pair, given["terms"]):
        scope[name] = replace(
            _axis(scope, name), terms=tuple(t.strip() for t in value.split(",") if t.strip())
        )
    for name in given["load_bearing"]:
        scope[name] = replace(_axis(scope, name), load_bearing=True)
    return {name: scope[name] for name in AXES if name in scope}


def _axis(scope: dict[str, Axis], name: str) -> Axis:
    if name not in scope:
        raise UsageError(f"the claim has no scope on {name!r}", f"give --scope {name}=VALUE")
    return scope[name]


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if name not in AXES or not equals or not value.strip():
        raise UsageError(f"{text!r} is not AXIS=VALUE", f"the axes are {', '.join(AXES)}")
    return name, value.strip()


def _source(text: str) -> Source:
    from agent.claims.pieces import ARXIV_ID

    bare = text.removeprefix("arXiv:").removeprefix("arxiv:")
    if not ARXIV_ID.fullmatch(bare):
        raise UsageError(f"{text!r} is no arXiv id", "write for example 2411.15382")
    return Source(bare)


def claim_of(db: Connection, claim_id: str) -> Claim:
    """The newest revision of a claim. Raises UsageError where there is none."""
    claim = store.claims.get(db, claim_id)
    if claim is None:
        raise UsageError(f"no claim {claim_id!r}", "retest claim list names them")
    return claim


@contextmanager
def ledger_of(ctx: click.Context) -> Iterator[Connection]:
    """One transaction on the home's ledger."""
    ledger = Ledger.open(Home(settings_of(ctx).home).ledger)
    try:
        with ledger.write() as db:
            yield db
    finally:
        ledger.close()


def now() -> str:
    """The present instant, to the second, in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
