"""`retest restore`."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import click

import store.papers
from agent.cli.shared import reading, settings_of
from agent.settings import Settings
from store.errors import Locked, VectorIndexError
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
    carried = home.root / VECTORS
    with exclusive(home.run_lock, holder):
        carried.unlink(missing_ok=True)
        try:
            sums = restore(file, home, datetime.now(UTC).isoformat(timespec="seconds"), force=force)
            erase_index(home.index, holder=holder)
            number = _fill_index(settings, home) if VECTORS in sums and not no_index else 0
        finally:
            carried.unlink(missing_ok=True)
    later = "" if number or no_index else "; retest index rebuild makes them, or the next run what it needs"
    click.echo(f"{home.root}: {len(sums)} files, all checksums match; {number} vectors{later}", err=True)


def _fill_index(settings: Settings, home: Home) -> int:
    """Put the vectors of a backup into the index; return how many were taken."""
    from agent.wiring.vectors import embedder_of, open_vectors
    from store.vectors import transfer

    with reading(settings) as db:
        known = {"papers": store.papers.all_ids(db), "passages": store.papers.all_passage_ids(db)}
    try:
        with open_vectors(settings) as index:
            width = cache(lambda: embedder_of(settings).embed(["width"]).shape[1])
            return transfer.load(index, home.root / VECTORS, known, width)
    except (Locked, VectorIndexError) as error:
        click.echo(f"retest: {error}", err=True)
        return 0
