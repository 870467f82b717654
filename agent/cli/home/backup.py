"""`retest backup`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from agent.cli.shared import settings_of
from store.home.backup import backup
from store.home.files import Home


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--papers", is_flag=True, help="Include downloaded papers, which can be fetched again.")
@click.pass_context
def command(ctx: click.Context, file: Path, papers: bool) -> None:
    """Write the home to one file (.tar.gz) with checksums; safe while a run is in progress."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    sums = backup(Home(settings_of(ctx).home), file, now, papers=papers)
    size = file.stat().st_size / 1e6
    click.echo(f"{file}: {len(sums)} files, {size:.1f} MB; settings are not included", err=True)
