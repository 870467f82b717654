"""The LLM judge: one call a (claim, paper) to any OpenAI-compatible endpoint, strict JSON schema."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Literal

import openai
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

import prompts
from agent.adapters.throttle import Throttle
from agent.errors import JudgeNonsense, JudgeRefused, JudgeUnreachable
from agent.ports import Answer, Finding
from store.records import Claim, Paper, Passage

ATTEMPTS = 4
_AGAIN = (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError)
_NONSENSE = (ValidationError, openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError,
             openai.APIResponseValidationError)  # fmt: skip


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Quote(_Strict):
    """A quote and the passage it was copied from."""

    passage_id: str
    text: str


class AxisMatch(_Strict):
    """How the paper's setting compares on one axis."""

    axis: str
    match: Literal["same", "different", "unknown"]


class PartAnswer(_Strict):
    """What the paper says about one part of the claim."""

    part_id: str
    stance: Literal["supports", "relaxes", "contradicts", "neutral"]
    quotes: list[Quote]
    own_result: bool
    scope: list[AxisMatch]
    condition: str
    evidence_type: Literal["experiment", "theory", "survey", "argument"]
    replication: bool
    strength: float = Field(ge=0, le=1)


class JudgeAnswer(_Strict):
    """The whole answer: one entry a part."""

    parts: list[PartAnswer]


class LlmJudge:
    """Asks a chat model, blind to verdicts and to other papers. It has no tools."""

    kind = "llm"
    calibration = (1.0, 0.0)

    def __init__(
        self,
        client: openai.OpenAI,
        model: str,
        *,
        threshold: float,
        sleep: Callable[[float], None] = time.sleep,
        max_tokens: int = 2000,
        throttle: Throttle | None = None,
    ) -> None:
        self._throttle = throttle or Throttle(1, sleep=sleep)
        self._prompt = prompts.load("judge")
        self._client, self._model, self._sleep, self._max_tokens = client, model, sleep, max_tokens
        self.name = f"{model}@judge-{self._prompt.version}-{self._prompt.digest[:8]}"
        self.threshold = threshold

    def request(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:
        """The very messages sent; the system part is the same in every call."""
        user = self._prompt.render(
            claim=_claim_text(claim),
            atoms="\n".join(f"- {atom.id}: {atom.text}" for atom in claim.parts),
            axes="\n".join(_axes_text(claim)) or "- none",
            paper=_paper_text(paper, passages),
        )
        return {
            "claim": claim.id,
            "paper": paper.id,
            "messages": [
                {"role": "system", "content": self._prompt.system},
                {"role": "user", "content": user},
            ],
        }

    def judge(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> Answer:
        """Ask, waiting out rate limits and outages; see `agent.ports.Judge`."""
        messages = self.request(claim, paper, passages)["messages"]
        about = f"the judge's answer on arXiv:{paper.id} for claim {claim.id}"
        try:
            completion = self._retrying()(self._ask, messages)
        except _AGAIN as error:
            raise JudgeUnreachable(
                f"the LLM at {self._client.base_url} gave no answer ({_cause(error)})",
                "check RETEST_BASE_URL and that the server runs, then: retest run --resume",
            ) from error
        except _NONSENSE as error:
            raise JudgeNonsense(f"{about} is not the JSON asked for", "try a stronger model") from error
        except openai.OpenAIError as error:
            raise JudgeRefused(
                f"the LLM at {self._client.base_url} refuses model {self._model} ({_cause(error)})",
                "check OPENAI_API_KEY, RETEST_MODEL and RETEST_BASE_URL",
            ) from error
        return self._read(completion, about)

    def _ask(self, messages: Any) -> Any:
        with self._throttle.slot():
            try:
                completion = self._client.chat.completions.parse(
                    model=self._model,
                    messages=messages,
                    response_format=JudgeAnswer,
                    max_completion_tokens=self._max_tokens,
                )
            except openai.APIStatusError as error:
                if isinstance(error, _AGAIN):
                    self._throttle.refused(_asked_pause(error))
                raise
            self._throttle.succeeded()
            return completion

    def _read(self, completion: Any, about: str) -> Answer:
        message = completion.choices[0].message if completion.choices else None
        if message is None or message.parsed is None:
            said = getattr(message, "refusal", None)
            why = f"a refusal ({said[:80]!r})" if said else "empty"
            raise JudgeNonsense(f"{about} is {why}", "try another model")
        usage = completion.usage
        spent = (usage.prompt_tokens, usage.completion_tokens, _cached(usage)) if usage else (0, 0, 0)
        return Answer(tuple(f for part in message.parsed.parts for f in _findings(part)), *spent)

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type((*_AGAIN, *_NONSENSE)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_wait,
            sleep=self._sleep,
            reraise=True,
        )


def _wait(state: RetryCallState) -> float:
    """Retry-After where the server gives one (at most two minutes), else 1, 2, 4 ... seconds."""
    error = state.outcome.exception() if state.outcome else None
    asked = _asked_pause(error) if isinstance(error, openai.APIStatusError) else 0.0
    return asked or 2.0 ** (state.attempt_number - 1)


def _asked_pause(error: openai.APIStatusError) -> float:
    """Seconds the server asks everyone to wait; 0 when it does not say."""
    asked = error.response.headers.get("retry-after", "")
    return min(float(asked), 120.0) if asked.isdigit() else 0.0


def _cached(usage: Any) -> int:
    details = getattr(usage, "prompt_tokens_details", None)
    return int(getattr(details, "cached_tokens", None) or 0)


def _findings(part: PartAnswer) -> list[Finding]:
    scope = {s.axis: s.match for s in part.scope}
    return [
        Finding(
            part.part_id,
            part.stance,
            quote.text,
            part.strength,
            dict(scope),
            part.condition,
            part.own_result,
            part.replication,
            quote.passage_id,
            part.evidence_type,
        )
        for quote in part.quotes
    ]


def _claim_text(claim: Claim) -> str:
    return f"The claim (as of {claim.as_of or 'an unknown month'}): {claim.text}"


def _axes_text(claim: Claim) -> list[str]:
    return [
        f"- {atom.id}, {name}: {axis.value}" + (" (load-bearing)" if axis.load_bearing else "")
        for atom in claim.parts
        for name, axis in claim.scope_of(atom.id).items()
    ]


def _paper_text(paper: Paper, passages: Sequence[Passage]) -> str:
    return "\n".join(prompts.fenced(f"passage {p.id} ({p.section})", p.text) for p in passages) + (
        f"\n(arXiv:{paper.id}, {paper.published})"
    )


def _cause(error: openai.OpenAIError) -> str:
    if isinstance(error, openai.APIStatusError):
        return f"HTTP {error.status_code}"
    if isinstance(error, openai.APITimeoutError):
        return "timed out"
    return (
        "connection refused or broken"
        if isinstance(error, openai.APIConnectionError)
        else type(error).__name__
    )
