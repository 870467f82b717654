"""Papers from a snapshot: JSON Lines, plain, .gz or .xz; one file or a folder of them."""

from __future__ import annotations

import gzip
import json
import lzma
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO, cast

from agent.adapters.arxiv_ids import is_withdrawal, parse_id
from agent.errors import SnapshotError
from agent.ports import Known, Outlook, Wanted
from agent.text import without_controls
from store.records import Paper

_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?")
_SUFFIXES = (".jsonl", ".jsonl.gz", ".jsonl.xz")
_SHOWN = 3
NOTHING = Known()


class SnapshotSource:
    """Yields a snapshot's records that are newer than the oldest claim, and the claims' sources."""

    name = "snapshot"

    def __init__(self, path: Path) -> None:
        self._files = _files(path)
        self._bad: list[str] = []
        self.counts: dict[str, int] = {}
        self.notices: list[str] = []

    @property
    def problems(self) -> list[str]:
        """The lines that could not be read, the first few by number."""
        if not self._bad:
            return []
        more = f" and {len(self._bad) - _SHOWN} more" if len(self._bad) > _SHOWN else ""
        return [f"{len(self._bad)} snapshot lines skipped: " + "; ".join(self._bad[:_SHOWN]) + more]

    def outlook(self, wanted: Sequence[Wanted], known: Known) -> Outlook:  # noqa: ARG002  same for all
        """A snapshot is read once, whatever is wanted."""
        return Outlook("snapshot")

    def collect(self, wanted: Sequence[Wanted], known: Known = NOTHING) -> Iterator[Paper]:
        """Yield the papers; a bad line is named by number and skipped.

        Raises SnapshotError when a file cannot be read at all.
        """
        bounds = [w.after for w in wanted]
        floor = "" if None in bounds else min((b for b in bounds if b), default="")
        sources = {s for w in wanted for s in w.claim.source_ids} | set(known.ids)
        read = 0
        for paper in self._records():
            read += 1
            if paper.published > floor or paper.id in sources:
                yield paper
        self.counts = {"records_read": read, "lines_skipped": len(self._bad)}

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
            except ValueError as error:
                self._bad.append(f"line {number} of {path.name}: {error}")


def paper_of(record: Any) -> Paper:
    """Build a paper from one record. Raises ValueError naming the field that is wrong."""
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    for name in ("id", "title", "abstract", "published"):
        if not isinstance(record.get(name), str) or not record[name].strip():
            raise ValueError(f"no text in field {name!r}")
    parsed = parse_id(record["id"])
    if parsed is None:
        raise ValueError(f"{record['id']!r} is not an arXiv id")
    if not _DATE.fullmatch(record["published"]):
        raise ValueError(f"published {record['published']!r} is not YYYY-MM or YYYY-MM-DD")
    comment = record.get("comment")
    return Paper(
        id=parsed[0],
        title=" ".join(without_controls(record["title"]).split()),
        abstract=without_controls(record["abstract"]).strip(),
        published=record["published"],
        version=_version(record.get("version")) or parsed[1],
        authors=_texts(record, "authors"),
        categories=_texts(record, "categories"),
        updated=record.get("updated"),
        comment=comment,
        withdrawn=bool(record.get("withdrawn")) or is_withdrawal(comment),
    )


def _version(value: Any) -> int | None:
    digits = str(value or "").lstrip("v")
    return int(digits) if digits.isdigit() else None


def _texts(record: dict[str, Any], name: str) -> tuple[str, ...]:
    found = record.get(name) or ()
    if not isinstance(found, list) or not all(isinstance(x, str) for x in found):
        if found:
            raise ValueError(f"{name!r} is not a list of texts")
        return ()
    return tuple(map(without_controls, found))


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(p for p in path.iterdir() if p.name.endswith(_SUFFIXES))
        if found:
            return found
        raise SnapshotError(f"no .jsonl, .jsonl.gz or .jsonl.xz file in {path}", "name another folder")
    if not path.exists():
        raise SnapshotError(f"no snapshot at {path}", "name one with --snapshot or RETEST_SNAPSHOT")
    return [path]


def _open(path: Path) -> TextIO:
    opener: Any = {".gz": gzip.open, ".xz": lzma.open}.get(path.suffix, open)
    return cast(TextIO, opener(path, "rt", encoding="utf-8"))
