"""Papers from a snapshot: JSON Lines, plain, .gz or .xz; one file or a folder of them.

Both our own format and that of arXiv's public metadata snapshot are read (`snapshot_records`), line by line,
so that memory use does not grow with the number of records.
"""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO, cast

from agent.adapters.arxiv.snapshot_records import paper_of
from agent.errors import SnapshotError
from agent.ports.sources import CitedPapers, Outlook, Wanted
from store.papers import is_older
from store.records import Paper

_SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.xz")
_PUBLIC = "arxiv-metadata"
"""Name prefix of arXiv's public snapshot, a .json file that contains JSON Lines."""
_SHOWN = 10
NOTHING = CitedPapers()


def newest(papers: Iterable[Paper]) -> dict[str, Paper]:
    """Papers by id, each in its newest version, whatever their order."""
    found: dict[str, Paper] = {}
    for paper in papers:
        current = found.get(paper.id)
        if current is None or not is_older(paper, current):
            found[paper.id] = paper
    return found


class SnapshotSource:
    """Yields a snapshot's records that are newer than the oldest claim, and the claims' sources."""

    name = "snapshot"

    def __init__(self, path: Path) -> None:
        self._files = _files(path)
        self._bad: list[str] = []
        self._skipped = 0
        self.counts: dict[str, int] = {}
        self.notices: list[str] = []

    @property
    def problems(self) -> list[str]:
        """The lines that could not be read; the first few are listed by number."""
        if not self._skipped:
            return []
        more = f" and {self._skipped - _SHOWN} more" if self._skipped > _SHOWN else ""
        return [f"{self._skipped} snapshot lines skipped: " + "; ".join(self._bad) + more]

    def outlook(self, wanted: Sequence[Wanted], cited: CitedPapers) -> Outlook:  # noqa: ARG002  same for all
        """A snapshot is read once, whatever is wanted."""
        return Outlook("snapshot")

    def collect(self, wanted: Sequence[Wanted], cited: CitedPapers = NOTHING) -> Iterator[Paper]:
        """Yield the papers; a bad line is skipped and reported by number.

        Raises SnapshotError if a file cannot be read at all.
        """
        bounds = [w.after for w in wanted]
        floor = "" if None in bounds else min((b for b in bounds if b), default="")
        sources = {s for w in wanted for s in w.claim.source_ids} | set(cited.ids)
        read = 0
        for paper in self._records():
            read += 1
            if paper.published > floor or paper.id in sources:
                yield paper
        self.counts = {"records_read": read, "lines_skipped": self._skipped}

    def everything(self) -> Iterator[Paper]:
        """Yield every record that can be read. Raises SnapshotError as `collect` does."""
        yield from self._records()

    def _records(self) -> Iterator[Paper]:
        for path in self._files:
            try:
                with _open(path) as lines:
                    yield from self._parsed(path, lines)
            except (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError) as error:
                raise SnapshotError(
                    f"cannot read the snapshot {path}: {error}",
                    "check that it is JSON Lines, plain, .gz or .xz",
                ) from error

    def _parsed(self, path: Path, lines: TextIO) -> Iterator[Paper]:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield paper_of(json.loads(line))
            except (ValueError, RecursionError) as error:
                self._skipped += 1
                if self._skipped <= _SHOWN:
                    self._bad.append(f"line {number} of {path.name}: {error}")


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if _is_snapshot(p))
        if found:
            return found
        raise SnapshotError(f"no .jsonl, .jsonl.gz or .jsonl.xz file in {path}", "name another folder")
    if not path.exists():
        raise SnapshotError(f"no snapshot at {path}", "name one with --snapshot or RETEST_SNAPSHOT")
    return [path]


def _is_snapshot(path: Path) -> bool:
    return path.name.endswith(_SUFFIXES) or (path.name.startswith(_PUBLIC) and path.suffix == ".json")


def _open(path: Path) -> TextIO:
    opener: Any = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    return cast(TextIO, opener(path, "rt", encoding="utf-8"))
