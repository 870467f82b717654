"""`retest source`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

import store.claims
import store.remarks.source_checks
from agent.cli.shared import print_json, reading, settings_of
from agent.errors import UsageError
from agent.settings import Settings
from store.home.files import Home
from store.ledger import Ledger
from store.remarks import SourceCheck

if TYPE_CHECKING:
    from agent.claims.source_check import Asked


@click.group()
def command() -> None:
    """Check the paper source, and whether cited papers state the claims."""


@command.command()
@click.pass_context
def ping(ctx: click.Context) -> None:
    """Request one paper from arXiv: exit 0 if it answers, 3 with a reason if it does not."""
    from agent.wiring.papers import ping_arxiv

    settings = settings_of(ctx)
    ping_arxiv(settings)
    click.echo(f"{settings.arxiv_url} answers", err=True)


@command.command()
@click.option("--claim", "claims", multiple=True, metavar="ID", help="Only this claim; may be repeated.")
@click.option(
    "--judge", type=click.Choice(["llm", "embedded"]), help="Judge of whether a paper states a claim."
)
@click.option(
    "--source", type=click.Choice(["arxiv", "snapshot"]), help="Where papers not in the ledger come from."
)
@click.option("--snapshot", metavar="PATH", help="Snapshot file or folder, for --source snapshot.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def check(ctx: click.Context, /, claims: tuple[str, ...], as_json: bool, **flags: Any) -> None:
    """Check whether the papers that claims cite state them: in full, in part, or not at all."""
    from agent.claims import source_check
    from agent.wiring.papers import records_of

    settings = settings_of(ctx, **flags)
    with reading(settings) as db:
        by_id = {c.id: c for c in store.claims.active(db)}
    if unknown := set(claims) - set(by_id):
        raise UsageError(f"no claim {min(unknown)!r}", "retest claim list shows them")
    chosen = [by_id[i] for i in claims or by_id]
    papers = records_of(settings, sorted({s.arxiv_id for c in chosen for s in c.sources}))
    checks = list[SourceCheck]()
    with _checker(settings) as (ask, by):
        for claim in chosen:
            checks.append(source_check.check(claim, papers, ask, by))
            _save(settings, checks[-1])
    if as_json:
        print_json([asdict(t) for t in checks])
        return
    for item in checks:
        click.echo(f"{item.claim_id}: {item.state}" + (f" ({item.reason})" if item.reason else ""))
        for _, paper, quote in item.quotes:
            click.echo(f"    “{quote}” arXiv:{paper}")


@contextmanager
def _checker(settings: Settings) -> Iterator[tuple[Asked, str]]:
    """Yield what checks whether a paper states a claim (a model or the embedded judge), and its name."""
    from agent.claims.source_check import by_judge, by_writer
    from agent.wiring.judges import stance_judge
    from agent.wiring.papers import record_reader
    from agent.wiring.writing import open_writer

    if settings.judge == "llm":
        with open_writer(replace(settings, writer="llm")) as writer:
            if writer is not None:
                yield by_writer(writer, record_reader()), writer.name
        return
    judge = stance_judge(settings, given=True)
    yield by_judge(judge, record_reader()), judge.name


def _save(settings: Settings, item: SourceCheck) -> None:
    ledger = Ledger.open(Home(settings.home).ledger)
    with ledger.write() as db:
        store.remarks.source_checks.save(db, item, datetime.now(UTC).isoformat(timespec="seconds"))
    ledger.close()
