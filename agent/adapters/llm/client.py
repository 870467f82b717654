"""One question to an OpenAI-compatible endpoint, answered in a strict JSON schema.

Retries and rate limits are handled here: the openai client must not retry on its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

import openai
from pydantic import BaseModel, ConfigDict, ValidationError
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from agent.adapters.llm.throttle import Throttle
from agent.errors import JudgeNonsense, JudgeRefused, JudgeUnreachable
from agent.logs import tell
from agent.ports.models import Usage
from agent.tracing import span

ATTEMPTS = 4
AGAIN = (openai.RateLimitError, openai.InternalServerError, openai.APIConnectionError)
_NONSENSE = (ValidationError, openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError,
             openai.APIResponseValidationError)  # fmt: skip


class Strict(BaseModel):
    """A schema that admits no further field."""

    model_config = ConfigDict(extra="forbid")


Schema = TypeVar("Schema", bound=BaseModel)


class LlmClient:
    """Asks one model. It has no tools."""

    def __init__(
        self,
        client: openai.OpenAI,
        model: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        max_tokens: int = 2000,
        throttle: Throttle | None = None,
    ) -> None:
        self.model = model
        self._client, self._sleep, self._max_tokens = client, sleep, max_tokens
        self._throttle = throttle or Throttle(1, sleep=sleep)

    def ask(self, messages: Any, schema: type[Schema], about: str) -> tuple[Schema, Usage]:
        """Ask, waiting out rate limits and outages. `about` names the answer in errors.

        Raises JudgeUnreachable, JudgeRefused or JudgeNonsense.
        """
        unusable = 0

        def once() -> Any:
            nonlocal unusable
            try:
                return self._once(messages, schema)
            except _NONSENSE:
                unusable += 1
                raise

        try:
            with span("retest.llm", model=self.model):
                completion = self._retrying()(once)
        except AGAIN as error:
            raise JudgeUnreachable(
                f"the LLM at {self._client.base_url} did not answer ({cause(error)})",
                "check RETEST_BASE_URL and that the server is running, then: retest run --resume",
            ) from error
        except _NONSENSE as error:
            nonsense = JudgeNonsense(f"{about} is not the JSON that was requested", "try a stronger model")
            nonsense.answers = unusable
            raise nonsense from error
        except openai.OpenAIError as error:
            raise JudgeRefused(
                f"the LLM at {self._client.base_url} refused model {self.model} ({cause(error)})",
                "check OPENAI_API_KEY, RETEST_MODEL and RETEST_BASE_URL",
            ) from error
        spent = self._with(unusable, _spent(completion.usage))
        tell("llm", about=about, model=self.model, **spent._asdict())
        return _parsed(completion, about), spent

    def _with(self, unusable: int, spent: Usage) -> Usage:
        """What was spent, including unusable answers: each may have used all the tokens allowed."""
        wasted = unusable * self._max_tokens
        return Usage(spent.tokens_in * (1 + unusable), spent.tokens_out + wasted, spent.cached)

    def _once(self, messages: Any, schema: type[Schema]) -> Any:
        with self._throttle.slot():
            try:
                completion = self._client.chat.completions.parse(
                    model=self.model, messages=messages, response_format=schema,
                    max_completion_tokens=self._max_tokens,
                )  # fmt: skip
            except openai.APIStatusError as error:
                if isinstance(error, AGAIN):
                    self._throttle.refused(_asked_pause(error))
                raise
            self._throttle.succeeded()
            return completion

    def _retrying(self) -> Retrying:
        return Retrying(
            retry=retry_if_exception_type((*AGAIN, *_NONSENSE)),
            stop=stop_after_attempt(ATTEMPTS),
            wait=_wait,
            sleep=self._sleep,
            reraise=True,
        )


def _parsed(completion: Any, about: str) -> Any:
    message = completion.choices[0].message if completion.choices else None
    if message is None or message.parsed is None:
        refusal = getattr(message, "refusal", None)
        why = f"a refusal ({refusal[:80]!r})" if refusal else "empty"
        raise JudgeNonsense(f"{about} is {why}", "try another model")
    return message.parsed


def _spent(usage: Any) -> Usage:
    if usage is None:
        return Usage()
    details = getattr(usage, "prompt_tokens_details", None)
    cached = int(getattr(details, "cached_tokens", None) or 0)
    return Usage(usage.prompt_tokens, usage.completion_tokens, cached)


def _wait(state: RetryCallState) -> float:
    return wait_of(state.outcome.exception() if state.outcome else None, state.attempt_number)


def wait_of(error: BaseException | None, attempt: int) -> float:
    """Retry-After if the server sends one (at most two minutes), else 1, 2, 4 ... seconds."""
    asked = _asked_pause(error) if isinstance(error, openai.APIStatusError) else 0.0
    return asked or 2.0 ** (attempt - 1)


def _asked_pause(error: openai.APIStatusError) -> float:
    """Seconds the server asks everyone to wait; 0 when it does not say."""
    asked = error.response.headers.get("retry-after", "")
    return min(float(asked), 120.0) if asked.isdigit() else 0.0


def cause(error: openai.OpenAIError) -> str:
    """What went wrong, in a few words."""
    if isinstance(error, openai.APIStatusError):
        return f"HTTP {error.status_code}"
    if isinstance(error, openai.APITimeoutError):
        return "timed out"
    broken = isinstance(error, openai.APIConnectionError)
    return "connection refused or broken" if broken else type(error).__name__
