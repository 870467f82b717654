"""Back up a home to one file: the ledger by SQLite's own backup, what cannot be rebuilt, and checksums.

`retest.toml` is left out, since it may hold keys. The vectors come along as one file, because embedding them
again takes minutes; the index itself is made anew from it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import re
import shutil
import sqlite3
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from store.errors import LedgerError
from store.home.files import Home

MANIFEST, LEDGER, CHATS, FORMAT = "manifest.json", "ledger.sqlite", "chats.sqlite", 2
VECTORS = "vectors.npz"
_KEPT = ("prices.toml", "schedule.json", "feed.xml")
_OF_A_RUN = ("run.json", "calls.jsonl", "report.md")
_NAMES = re.compile(
    r"ledger\.sqlite|chats\.sqlite|vectors\.npz|prices\.toml|schedule\.json|feed\.xml|run-[\w-]+/(?:run\.json|calls\.jsonl|report\.md)"
    r"|papers/[\w./-]+"
)
"""What a backup may hold. Settings are not included: somebody else's backup must not configure anything."""


def backup(
    home: Home, file: Path, now: str, *, papers: bool = False,
    vectors: Path | None = None,
) -> dict[str, str]:  # fmt: skip
    """Write a backup atomically; return the sha256 of each file in it.

    `papers` includes the downloaded papers, which can also be fetched from arXiv again; `vectors` is a file
    of the index's vectors. Raises LedgerError if there is no ledger or it is damaged.
    """
    if not home.ledger.exists():
        raise LedgerError(f"no ledger at {home.ledger}", "run: retest init")
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".backup-") as folder:
        copy, whole = Path(folder) / LEDGER, Path(folder) / "whole.tar.gz"
        _copy(home.ledger, copy)
        members = {LEDGER: copy}
        if home.chats.exists():
            members[CHATS] = Path(folder) / CHATS
            _copy(home.chats, members[CHATS])
        if vectors:
            members[VECTORS] = vectors
        for path in _files(home, papers=papers):
            # Hash and store a copy: a run may rewrite the file meanwhile.
            name = str(path.relative_to(home.root))
            members[name] = Path(folder) / "files" / name
            members[name].parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, members[name])
        sums = {name: _sha256(path) for name, path in members.items()}
        manifest = Path(folder) / MANIFEST
        manifest.write_text(json.dumps({"format": FORMAT, "made_at": now, "sha256": sums}, indent=1) + "\n")
        with tarfile.open(whole, "w:gz") as tar:
            for name, path in {MANIFEST: manifest, **members}.items():
                tar.add(path, name, recursive=False)
        with whole.open("rb") as written:
            os.fsync(written.fileno())
        whole.replace(file)
    return sums


def restore(file: Path, home: Home, now: str, *, force: bool = False) -> dict[str, str]:
    """Replace a home with a backup; return the sha256 of each file.

    Everything is unpacked and checked first. Raises LedgerError if the file is not a complete backup, or if
    there is a ledger already and `force` is not set. With `force`, a full copy of the old ledger is kept
    beside the new one, with `now` in its name.
    """
    if home.ledger.exists() and not force:
        raise LedgerError(f"there is a ledger at {home.ledger}", "restore elsewhere, or use --force")
    home.root.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.root, prefix=".restore-") as folder:
        sums = _unpacked(file, Path(folder))
        if home.ledger.exists():
            _set_aside(home.ledger, now)
            for base, left in itertools.product((home.ledger, home.chats), ("-wal", "-shm")):
                Path(f"{base}{left}").unlink(missing_ok=True)
        for name in sorted(sums, key=lambda n: n == LEDGER):  # the ledger last, once the rest is in place
            (home.root / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(folder) / name).replace(home.root / name)
    return sums


def _set_aside(ledger: Path, now: str) -> None:
    """Keep a copy of the ledger, including its write-ahead log; a damaged one is copied as it is."""
    kept = ledger.with_name(f"{LEDGER}.before-{re.sub('[^0-9]', '', now)}")
    if check(ledger) == "ok":
        _copy(ledger, kept)
        return
    for left in ("", "-wal"):
        if Path(f"{ledger}{left}").exists():
            shutil.copyfile(f"{ledger}{left}", f"{kept}{left}")


def _unpacked(file: Path, folder: Path) -> dict[str, str]:
    try:
        with tarfile.open(file, "r:gz") as tar:
            tar.extractall(folder, filter="data")
        manifest = json.loads((folder / MANIFEST).read_text())
        sums: dict[str, str] = dict(manifest["sha256"])
    except (OSError, EOFError, tarfile.TarError, zlib.error, ValueError, KeyError, TypeError) as error:
        raise LedgerError(f"{file} is not a backup: {error}", "name a file made by retest backup") from error
    if manifest.get("format") not in range(1, FORMAT + 1) or LEDGER not in sums:
        raise LedgerError(f"{file} was made by another program or version", "restore it with that one")
    for name, expected in sums.items():
        path = folder / name
        if not _NAMES.fullmatch(name) or ".." in Path(name).parts:
            raise LedgerError(f"{file} holds {name!r}, which no backup does", "do not trust it")
        if not path.is_file() or _sha256(path) != expected:
            raise LedgerError(f"{file} is damaged: {name} does not match its checksum", "use another backup")
    if (problem := check(folder / LEDGER)) != "ok":
        raise LedgerError(f"the ledger in {file} is damaged: {problem}", "use another backup")
    return sums


def check(ledger: Path) -> str:
    """SQLite's integrity check of a ledger file: "ok", or what is wrong."""
    try:
        with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
            return str(db.execute("PRAGMA integrity_check").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)


def _copy(ledger: Path, copy: Path) -> None:
    """Copy a database consistently, even while it is being written (https://sqlite.org/backup.html)."""
    with closing(sqlite3.connect(ledger)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    if (problem := check(copy)) != "ok":
        raise LedgerError(f"the ledger {ledger} is damaged: {problem}", "restore an earlier backup")


def _files(home: Home, *, papers: bool) -> Iterator[Path]:
    yield from (home.root / name for name in _KEPT if (home.root / name).is_file())
    for folder in sorted(home.root.glob("run-*")):
        yield from (folder / name for name in _OF_A_RUN if (folder / name).is_file())
    if papers:
        yield from (p for p in sorted(home.papers.rglob("*")) if p.is_file())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
