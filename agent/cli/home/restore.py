"""`retest restore`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from agent.cli.shared import settings_of
from store.home.backup import restore
from store.home.files import Home
from store.home.lock import exclusive


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="In place of the ledger there is, which is kept beside it.")
@click.option("--no-index", is_flag=True, help="Leave the vector index to the next run.")
@click.pass_context
def command(ctx: click.Context, file: Path, force: bool, no_index: bool) -> None:
    """Bring a backup back: checked first, then put in place, then the index made anew."""
    from agent.wiring.vectors import embed_everything
    from store.vectors.index import erase_index

    settings = settings_of(ctx)
    home, holder = Home(settings.home), f"retest restore (process {os.getpid()})"
    with exclusive(home.run_lock, holder):
        sums = restore(file, home, datetime.now(UTC).isoformat(timespec="seconds"), force=force)
        erase_index(home.index, holder=holder)
    made = 0 if no_index else embed_everything(settings)
    click.echo(f"{home.root}: {len(sums)} files, every checksum right; {made} vectors made", err=True)
