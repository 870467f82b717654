"""The folders and files of a home, written so that a reader never sees half a file."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Home:
    """The folder for everything the program writes. Copying it is a backup."""

    root: Path

    @property
    def ledger(self) -> Path:
        """The SQLite ledger: the truth."""
        return self.root / "ledger.sqlite"

    @property
    def index(self) -> Path:
        """The Chroma index: derived, rebuildable."""
        return self.root / "index"

    @property
    def search(self) -> Path:
        """Copies of vectors for in-memory search: derived."""
        return self.root / "search"

    @property
    def chats(self) -> Path:
        """Chat threads: questions and answers."""
        return self.root / "chats.sqlite"

    @property
    def papers(self) -> Path:
        """Downloaded files, by id and version: for local reading, never redistributed."""
        return self.root / "papers"

    @property
    def run_lock(self) -> Path:
        """Held by the one run that may write."""
        return self.root / "run.lock"

    @property
    def schedule(self) -> Path:
        """When the weekly run is due."""
        return self.root / "schedule.json"

    @property
    def models(self) -> Path:
        """What is known of LLMs: how to ask them, and how their checks went."""
        return self.root / "models.json"

    @property
    def evaluations(self) -> Path:
        """Journals of evaluations: the answers of judges that cost money."""
        return self.root / "evaluations"

    @property
    def feed(self) -> Path:
        """What changed, as an Atom feed."""
        return self.root / "feed.xml"

    def run_folder(self, run_id: str) -> Path:
        """A run's own folder: run.json, calls.jsonl, report.md, checkpoints."""
        return self.root / run_id

    def checkpoints(self, run_id: str) -> Path:
        """Where a run stood when it was interrupted."""
        return self.run_folder(run_id) / "checkpoints.sqlite"


def write_atomically(path: Path, content: str | bytes, *, shared: bool = False) -> None:
    """Replace `path` with `content` atomically, or leave it as it was.

    Only the owner may read it; if `shared`, its permissions follow the umask.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
            file.flush()
            os.fsync(file.fileno())
        if shared:
            mask = os.umask(0)
            os.umask(mask)
            Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
