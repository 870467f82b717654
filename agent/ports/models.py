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
    """Estimates cheaply whether a paper may bear on a claim, before a paid judge is asked."""

    name: str

    def request(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:
        """Everything the answer depends on, as JSON."""

    def bearing(self, claim: Claim, passages: Sequence[Passage]) -> float:
        """How likely the paper bears on the claim: the highest value over the claim's parts."""


class Judge(Protocol):
    """Turns (claim, paper, passages) into findings, blind to verdicts and to other papers.

    `name` changes whenever an answer might. Findings weaker than `threshold_of` are leads. `calibration`
    (slope, offset) maps the raw confidence of a verdict to a calibrated one; (1, 0) changes nothing. An
    adverse lead of at least strength `open_from` keeps a claim open until a person has reviewed it.
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

        Raises JudgeUnreachable, JudgeRefused, JudgeNonsense or JudgeTooLong.
        """


class Asked(NamedTuple):
    """One question to a judge."""

    claim: Claim
    paper: Paper
    passages: Sequence[Passage]


class BatchState(NamedTuple):
    """How far a batch is. `replies`, by key, are None until it has ended; `wrong` says why it failed."""

    done: int
    total: int
    replies: Mapping[str, str] | None
    wrong: str = ""


class BatchJudge(Protocol):
    """Sends many questions at once, at a lower price, and reads the answers hours later.

    Every method raises JudgeUnreachable or JudgeRefused if the provider does not answer.
    """

    def find(self, run_id: str) -> str | None:
        """The id of the batch sent for a run; None if there is none."""

    def send(self, run_id: str, questions: Mapping[str, Asked]) -> str:
        """Send questions by key; return the batch's id."""

    def look(self, batch_id: str) -> BatchState:
        """How far a batch is, with the replies if it has ended."""

    def read(self, reply: str, claim: Claim, paper: Paper) -> Answer:
        """The answer in a reply. Raises JudgeNonsense for one that is unusable."""


class Writer(Protocol):
    """Writes short documents in a given schema. Nothing it writes is trusted before it is checked."""

    name: str

    def request(self, prompt: str, inputs: Mapping[str, str]) -> dict[str, Any]:
        """Everything the answer depends on, as JSON: the journal's key and record."""

    def write(
        self, request: Mapping[str, Any], schema: type[Document], about: str
    ) -> tuple[Document, tuple[int, int, int]]:
        """The document, and its cost: tokens in, tokens out, and the cached part of tokens in.

        `about` names the answer in errors. Raises JudgeUnreachable, JudgeRefused or JudgeNonsense.
        """


class ToolCall(NamedTuple):
    """A tool call by a model: `arguments` is the text it wrote, not yet checked."""

    id: str
    name: str
    arguments: str


class Usage(NamedTuple):
    """Tokens of one answer: input, output, and the part of the input that the provider had cached."""

    tokens_in: int = 0
    tokens_out: int = 0
    cached: int = 0


class Retracted(NamedTuple):
    """All text so far was the model's reasoning, not its answer."""


class ChatModel(Protocol):
    """A chat model that may call tools. Nothing it says is shown before it is checked."""

    name: str

    def stream(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> Generator[str | ToolCall | Usage | Retracted, None, None]:
        """Yield text as it arrives, then tool calls, then the token usage.

        `Retracted` takes back the text before it. Raises JudgeUnreachable, JudgeRefused, JudgeNonsense or
        JudgeTooLong.
        """
