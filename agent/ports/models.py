"""Models: what embeds, screens, judges, writes and chats."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from agent.core.findings import Answer
from store.records import Claim, Paper, Passage, Stance

Document = TypeVar("Document", bound=BaseModel)


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


class ChatModel(Protocol):
    """A chat model that may ask for tools. Nothing it says is shown before it is checked."""

    name: str

    def stream(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> Generator[str | ToolCall | Usage, None, None]:
        """Yield text as it comes, then the tools it asks for, then what it cost.

        Raises JudgeUnreachable, JudgeRefused or JudgeNonsense.
        """
