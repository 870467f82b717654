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
@click.option("--force", is_flag=True, help="Replace the existing ledger, which is kept next to it.")
@click.option("--no-index", is_flag=True, help="Leave rebuilding the vector index to the next run.")
@click.pass_context
def command(ctx: click.Context, file: Path, force: bool, no_index: bool) -> None:
    """Restore a backup: check it, put it in place, then rebuild the index."""
    from agent.wiring.vectors import embed_everything
    from store.vectors.index import erase_index

    settings = settings_of(ctx)
    home, holder = Home(settings.home), f"retest restore (process {os.getpid()})"
    with exclusive(home.run_lock, holder):
        sums = restore(file, home, datetime.now(UTC).isoformat(timespec="seconds"), force=force)
        erase_index(home.index, holder=holder)
    made = 0 if no_index else embed_everything(settings)
    click.echo(f"{home.root}: {len(sums)} files, all checksums match; {made} vectors written", err=True)
