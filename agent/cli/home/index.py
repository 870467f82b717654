"""`retest index`."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click

import store.papers
from agent.cli.shared import reading, settings_of
from agent.errors import RetestError
from agent.wiring.vectors import INDEX_IN_USE, embed_everything, open_vectors
from store.errors import Locked
from store.home.files import Home
from store.vectors.index import erase_index, is_damaged, self_query


@click.group()
def command() -> None:
    """Check or rebuild the vector index. It is derived from the ledger, so losing it loses nothing."""


@command.command()
@click.option(
    "--child", is_flag=True, hidden=True, help="Check in this process, which a broken index may crash."
)
@click.pass_context
def check(ctx: click.Context, child: bool) -> None:
    """Compare the index with the ledger, and look up a sample of its vectors."""
    settings = settings_of(ctx)
    if not child:
        home = ["--home", str(settings.home)]
        # Our own program with our own arguments: a broken index can crash the process that opens it.
        command_line = [sys.executable, "-m", "agent", *home, "index", "check", "--child"]
        done = subprocess.run(command_line, check=False)  # noqa: S603  see above
        if done.returncode == INDEX_IN_USE:
            raise RetestError("the index is in use by a run", "try again later")
        if done.returncode:
            raise RetestError("the index is damaged or out of date", "run: retest index rebuild")
        return
    with reading(settings) as db:
        known = set(store.papers.all_ids(db))
    try:
        with open_vectors(settings) as index:
            found = set(index.ids("papers"))
            sample = sorted(found)[:: max(1, len(found) // 50)]
            lost = self_query(index, "papers", sample)
    except Locked:
        ctx.exit(INDEX_IN_USE)
    click.echo(
        f"{len(found)} vectors for {len(known)} papers; {len(found - known)} of no paper in the ledger; "
        f"{lost} of {len(sample)} looked up were not found (the search is approximate: a few are normal)"
    )
    if found - known or is_damaged(lost, len(sample)):
        ctx.exit(2)


@command.command()
@click.pass_context
def rebuild(ctx: click.Context) -> None:
    """Rebuild the index from the ledger."""
    settings = settings_of(ctx)
    with reading(settings):
        erase_index(Home(settings.home).index, holder=f"retest index rebuild (process {os.getpid()})")
    click.echo(f"{embed_everything(settings)} vectors written")


@command.command(hidden=True)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_context
def export(ctx: click.Context, file: Path) -> None:
    """Write the vectors to a file, for a backup: in a process of its own, which a broken index may crash."""
    from store.vectors import transfer

    with open_vectors(settings_of(ctx)) as index:
        transfer.save(index, file)
