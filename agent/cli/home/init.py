"""`retest init`."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import click

import store.claims
import store.lines
from agent.claims import pack
from agent.cli.shared import settings_of
from store.errors import LedgerError
from store.home.files import Home
from store.ledger import Ledger


@click.command()
@click.option(
    "--pack",
    "packs",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Another claim pack to add.",
)
@click.option("--no-seeds", is_flag=True, help="Leave out the built-in claims.")
@click.pass_context
def command(ctx: click.Context, packs: tuple[Path, ...], *, no_seeds: bool) -> None:
    """Create a home and seed it with the built-in claims. Repeating it is harmless."""
    home = Home(settings_of(ctx).home)
    read = [pack.read(path) for path in (*([] if no_seeds else pack.shipped()), *packs)]
    try:
        home.root.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"cannot create the home {home.root}: {error.strerror}", "choose another with --home"
        ) from error
    ledger = Ledger.open(home.ledger, create=True)
    done: Counter[str] = Counter()
    with ledger.write() as db:
        store.lines.save_all(db, [line for p in read for line in p.lines])
        for claim in (c for p in read for c in p.claims):
            done[store.claims.save(db, claim, datetime.now(UTC).isoformat(timespec="seconds"))] += 1
    ledger.close()
    tally = ", ".join(f"{n} {what}" for what, n in sorted(done.items()))
    shown = f"{sum(done.values())} claims ({tally})" if tally else "no claims yet; retest start makes a line"
    click.echo(f"{home.root}: {shown}", err=True)
