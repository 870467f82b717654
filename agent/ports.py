"""What the agent needs of the outside world, as Protocols. `wiring` gives the real ones."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from store.records import Claim, Paper, Passage, ScopeMatch, Stance

if TYPE_CHECKING:
    from agent.telling.message import Message

Document = TypeVar("Document", bound=BaseModel)


@dataclass(frozen=True)
class Wanted:
    """Papers to collect for a claim: v1 later than day `after` (None: any), up to day `until`."""

    claim: Claim
    after: str | None
    until: str


@dataclass(frozen=True)
class Known:
    """Papers that verdicts rest on, to be looked at again: their `categories` by id.

    `since` is a day before the last one they were looked at; None when that is not known.
    """

    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    since: str | None = None

    @property
    def ids(self) -> tuple[str, ...]:
        """The papers' ids."""
        return tuple(self.categories)


@dataclass(frozen=True)
class Outlook:
    """How a source would collect, the requests it would make, and what other ways would have cost."""

    way: str
    requests: int = 0
    ways: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class PaperFile:
    """A downloaded file of one paper version. `kind` is "html" or "pdf"."""

    path: Path
    kind: str
    sha256: str


@dataclass(frozen=True)
class Section:
    """A stretch `text[start:end]` that a reader recognised."""

    name: str
    page: int | None
    start: int
    end: int


@dataclass(frozen=True)
class Reading:
    """What was read of a paper version. `kind` is "abstract" or "full".

    `file_sha256` names the file a full text was read from. `hidden` counts characters that no person
    would see (white, tiny, off the page): they are not in `text`. `note` says what else was left out.
    """

    kind: str
    text: str
    sections: tuple[Section, ...]
    file_sha256: str = ""
    hidden: int = 0
    note: str = ""


@dataclass(frozen=True)
class Finding:
    """What a judge says of one atom: not yet evidence, for no gate has seen it.

    `agreement` is the share of the judge's samples that took this stance.
    """

    atom_id: str
    stance: Stance
    quote: str
    strength: float
    scope_match: dict[str, ScopeMatch] = field(default_factory=dict)
    condition: str = ""
    own_words: bool = True
    replication: bool = False
    passage_id: str = ""
    evidence_type: str = ""
    agreement: float = 1.0


@dataclass(frozen=True)
class Answer:
    """A judge's answer for one (claim, paper), and what it cost.

    `tokens_cached` are those of `tokens_in` that the provider had cached.
    """

    findings: tuple[Finding, ...]
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cached: int = 0


class Clock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """The present instant, in UTC."""


class PaperSource(Protocol):
    """Where papers come from. `problems` names, in a few words each, what went wrong so far.

    `notices` are what a reader should know of a search in which nothing went wrong.
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

    def outlook(self, wanted: Sequence[Wanted], known: Known) -> Outlook:
        """What `collect` would cost; nothing is asked."""

    def collect(self, wanted: Sequence[Wanted], known: Known) -> Iterator[Paper]:
        """Yield papers that may bear on the claims, and records of those `known` that have changed.

        Dates are checked again by the caller. Raises SourceError when the source is out of reach.
        """


class Downloads(Protocol):
    """Fetches the files of papers, and keeps them."""

    def fetch(self, paper: Paper, but: str = "") -> PaperFile | None:
        """The file of a paper version, but not of the kind `but`; None where there is none to be had.

        Raises SourceError when the source does not give it, ReadError for a file we do not take.
        """


class Reader(Protocol):
    """Reads papers."""

    def read(self, paper: Paper, file: PaperFile | None = None) -> Reading:
        """Return the text and sections of a paper version: of its file, or of its record.

        Raises ReadError when the file cannot be read within its limits.
        """


class Embedder(Protocol):
    """Turns texts into unit vectors. `name` changes whenever the vectors would."""

    name: str

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return unit vectors [len(texts), width]."""


class Screener(Protocol):
    """Tells cheaply whether a paper may bear on a claim, before a paid judge is asked."""

    name: str

    def request(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:
        """Everything the answer depends on, as JSON."""

    def bearing(self, claim: Claim, passages: Sequence[Passage]) -> float:
        """How likely the paper bears on the likeliest part."""


class Judge(Protocol):
    """Turns (claim, paper, passages) into findings, blind to verdicts and to other papers.

    `name` changes whenever an answer might. Findings under `threshold_of` are leads. `calibration`
    (slope, offset) turns the raw confidence of a verdict into a calibrated one; (1, 0) is none. An adverse
    lead of at least the strength `open_from` keeps a claim open until a person has reviewed it.
    """

    name: str
    kind: str
    calibration: tuple[float, float]
    open_from: float

    def threshold_of(self, stance: Stance, section: str) -> float:
        """Least strength at which evidence of this stance, found in this section, counts."""

    def request(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:
        """Everything the answer depends on, as JSON: the journal's key and record."""

    def judge(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> Answer:
        """Answer for every atom of the claim.

        Raises JudgeUnreachable, JudgeRefused or JudgeNonsense.
        """


class Writer(Protocol):
    """Writes short documents in a given schema. Nothing it writes is believed before it is checked."""

    name: str

    def request(self, prompt: str, inputs: Mapping[str, str]) -> dict[str, Any]:
        """Everything the answer depends on, as JSON: the journal's key and record."""

    def write(
        self, request: Mapping[str, Any], schema: type[Document], about: str
    ) -> tuple[Document, tuple[int, int, int]]:
        """The answer, and what it cost: tokens in, tokens out, and those in that were cached.

        `about` names the answer in errors. Raises JudgeUnreachable, JudgeRefused or JudgeNonsense.
        """


class ToolCall(NamedTuple):
    """A tool that a model asks for: `arguments` are what it wrote, not yet checked."""

    id: str
    name: str
    arguments: str


class Usage(NamedTuple):
    """Tokens of one answer: read, written, and those read that the provider had cached."""

    tokens_in: int = 0
    tokens_out: int = 0
    cached: int = 0


class Talker(Protocol):
    """A chat model that may ask for tools. Nothing it says is shown before it is checked."""

    name: str

    def stream(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> Generator[str | ToolCall | Usage, None, None]:
        """Yield text as it comes, then the tools it asks for, then what it cost.

        Raises JudgeUnreachable, JudgeRefused or JudgeNonsense.
        """


class Deeds(Protocol):
    """What a chat may do beyond reading the ledger. Each is done only when a person has said yes."""

    def newer(self, topic: str, after: str | None) -> Sequence[Paper]:
        """Papers on a topic whose v1 is later than the day `after`, from where papers come from.

        Raises SourceError or SnapshotError.
        """

    def retest(self, claim_ids: Sequence[str]) -> str:
        """Begin a retest of some claims in a process of its own; say so."""

    def export(self) -> str:
        """Write the claim status report into the home; say where."""


class Channel(Protocol):
    """Tells people."""

    def send(self, message: Message) -> None:
        """Deliver a message. Raises DeliveryError when that fails; what is raised holds no secret."""
