"""`retest restore`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from agent.cli.shared import settings_of
from agent.settings import Settings
from store.errors import VectorIndexError
from store.home.backup import VECTORS, restore
from store.home.files import Home
from store.home.lock import exclusive


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Replace the existing ledger, which is kept next to it.")
@click.option("--no-index", is_flag=True, help="Leave the vector index to the next run.")
@click.pass_context
def command(ctx: click.Context, file: Path, force: bool, no_index: bool) -> None:
    """Restore a backup: check it, put it in place, then fill the index with the vectors that came with it."""
    from store.vectors.index import erase_index

    settings = settings_of(ctx)
    home, holder = Home(settings.home), f"retest restore (process {os.getpid()})"
    with exclusive(home.run_lock, holder):
        sums = restore(file, home, datetime.now(UTC).isoformat(timespec="seconds"), force=force)
        erase_index(home.index, holder=holder)
    carried = home.root / VECTORS
    number = 0 if no_index else _fill_index(settings, carried)
    carried.unlink(missing_ok=True)
    click.echo(f"{home.root}: {len(sums)} files, all checksums match; {number} vectors", err=True)


def _fill_index(settings: Settings, file: Path) -> int:
    """Put the vectors of a backup into the index; without them, the next run embeds what it needs."""
    from agent.wiring.vectors import open_vectors
    from store.vectors import transfer

    if not file.exists():
        return 0
    try:
        with open_vectors(settings) as index:
            return transfer.load(index, file)
    except VectorIndexError as error:
        click.echo(f"retest: {error}", err=True)
        return 0
