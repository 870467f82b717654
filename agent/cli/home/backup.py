"""`retest backup`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import click

from agent.cli.shared import settings_of
from agent.settings import Settings
from store.errors import Locked, VectorIndexError
from store.home.backup import backup
from store.home.files import Home


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--papers", is_flag=True, help="Include downloaded papers, which can be fetched again.")
@click.pass_context
def command(ctx: click.Context, file: Path, papers: bool) -> None:
    """Write the home to one file (.tar.gz) with checksums; safe while a run is in progress."""
    settings, now = settings_of(ctx), datetime.now(UTC).isoformat(timespec="seconds")
    home = Home(settings.home)
    with ExitStack() as stack:
        save_vectors = _vectors(settings, stack) if home.index.exists() else None
        sums = backup(home, file, now, papers=papers, save_vectors=save_vectors)
    size = file.stat().st_size / 1e6
    without = "settings" if save_vectors else "settings and vectors"
    click.echo(f"{file}: {len(sums)} files, {size:.1f} MB; {without} are not included", err=True)


def _vectors(settings: Settings, stack: ExitStack) -> Callable[[Path], object] | None:
    """What saves the vectors; None while a run holds them or they cannot be read."""
    from agent.wiring.vectors import open_vectors
    from store.vectors import transfer

    try:
        index = stack.enter_context(open_vectors(settings))
    except (Locked, VectorIndexError) as error:
        click.echo(f"retest: the vectors are left out: {error}", err=True)
        return None
    return lambda path: transfer.save(index, path)
