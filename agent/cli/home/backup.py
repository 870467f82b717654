"""`retest backup`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from agent.cli.shared import settings_of
from store.home.backup import VECTORS, backup
from store.home.files import Home

SECONDS = 600.0


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--papers", is_flag=True, help="Include downloaded papers, which can be fetched again.")
@click.pass_context
def command(ctx: click.Context, file: Path, papers: bool) -> None:
    """Write the home to one file (.tar.gz) with checksums; safe while a run is in progress."""
    settings, now = settings_of(ctx), datetime.now(UTC).isoformat(timespec="seconds")
    home = Home(settings.home)
    with tempfile.TemporaryDirectory() as folder:
        vectors = _vectors(home, Path(folder) / VECTORS) if home.index.exists() else None
        sums = backup(home, file, now, papers=papers, vectors=vectors)
    size = file.stat().st_size / 1e6
    without = "settings" if vectors else "settings and vectors"
    click.echo(f"{file}: {len(sums)} files, {size:.1f} MB; {without} are not included", err=True)


def _vectors(home: Home, file: Path) -> Path | None:
    """The vectors in a file; None while a run holds them, or if they cannot be read."""
    command_line = [sys.executable, "-m", "agent", "--home", str(home.root), "index", "export", str(file)]
    try:
        done = subprocess.run(  # noqa: S603  our own program, which a broken index may crash or hang
            command_line, capture_output=True, text=True, check=False, timeout=SECONDS
        )
        said = done.stderr.strip() or f"exit code {done.returncode}"
    except subprocess.TimeoutExpired:
        done, said = None, f"no answer within {SECONDS:.0f} s"
    if done is not None and done.returncode == 0:
        return file
    click.echo(f"the vectors are left out: {said.removeprefix('retest: ')}", err=True)
    return None
