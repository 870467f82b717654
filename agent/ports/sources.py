"""Where papers come from, and what reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from agent.core.findings import Reading
from store.records import Claim, Paper


@dataclass(frozen=True)
class Wanted:
    """Papers to collect for a claim: v1 later than day `after` (None: any), up to day `until`.

    `categories` are where to search for it; if empty, or if `and_usual` is set, where the source searches
    anyway.
    """

    claim: Claim
    after: str | None
    until: str
    categories: tuple[str, ...] = ()
    and_usual: bool = False


@dataclass(frozen=True)
class CitedPapers:
    """Papers that verdicts rest on, to be rechecked: their `categories` by id.

    `since` is a day before they were last checked; None if that is not known.
    """

    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    since: str | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The papers' ids."""
        return tuple(self.categories)


@dataclass(frozen=True)
class Outlook:
    """How a source would collect, how many requests that takes, and the cost of the alternatives."""

    way: str
    requests: int = 0
    ways: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PaperFile:
    """A downloaded file of one paper version. `kind` is "html" or "pdf"."""

    path: Path
    kind: str
    sha256: str


class PaperSource(Protocol):
    """Where papers come from. `problems` briefly names what went wrong so far.

    `notices` are what a reader should know about a search even if nothing went wrong.
    """

    name: str

    @property
    def problems(self) -> list[str]:
        """What went wrong so far."""

    @property
    def notices(self) -> list[str]:
        """What was left out on purpose."""

    @property
    def counts(self) -> dict[str, int]:
        """Numbers for the run's record."""

    def outlook(self, wanted: Sequence[Wanted], cited: CitedPapers) -> Outlook:
        """What `collect` would cost; makes no requests."""

    def collect(self, wanted: Sequence[Wanted], cited: CitedPapers) -> Iterator[Paper]:
        """Yield papers that may bear on the claims, and records of `cited` papers that have changed.

        The caller checks dates again. Raises SourceError if the source is unreachable.
        """


class Downloads(Protocol):
    """Fetches and keeps the files of papers."""

    def fetch(self, paper: Paper, but: str = "") -> PaperFile | None:
        """The file of a paper version, of any kind except `but`; None if there is none.

        Raises SourceError if the source fails to deliver it, ReadError for a file we do not accept.
        """


class Reader(Protocol):
    """Reads papers."""

    def read(self, paper: Paper, file: PaperFile | None = None) -> Reading:
        """Return the text and sections of a paper version, from its file or its record.

        Raises ReadError if the file cannot be read within its limits.
        """
