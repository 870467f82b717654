"""One question to an OpenAI-compatible endpoint, answered in a strict JSON schema.

Retries, rate limits and the differences between servers are handled here: the openai client must not retry
on its own, and its reading of replies is not used, since it expects them to be well-formed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn, TypeVar

import openai
from pydantic import BaseModel, ConfigDict, ValidationError

from agent.adapters.llm.dialect import SharedDialect
from agent.adapters.llm.failures import TIMED_OUT, Failure, address_of, failure_in, failure_of, masked
from agent.adapters.llm.reply import Reply, estimated_usage, objects_in, read_reply
from agent.adapters.llm.throttle import Throttle
from agent.errors import JudgeError, JudgeNonsense, JudgeRefused, JudgeTooLong, JudgeUnreachable
from agent.logs import tell
from agent.ports.models import Usage
from agent.tracing import span

ATTEMPTS, SLOW_ATTEMPTS, USABLE_ATTEMPTS = 4, 2, 3
"""How often a question is sent when the server fails, is too slow, and when its answers are unusable."""
MOST_BYTES, WAIT_S = 20_000_000, 120.0
ANSWER_TOKENS = 4000
"""The most tokens of one answer, reasoning included."""

WEB_PAGE, USUAL_END = "does not answer in JSON", "check RETEST_BASE_URL: it usually ends with /v1"


class TooSlow(Exception):
    """A reply that did not arrive within the time limit."""


class Strict(BaseModel):
    """A schema that admits no further field."""

    model_config = ConfigDict(extra="forbid")


Schema = TypeVar("Schema", bound=BaseModel)
Messages = Sequence[Mapping[str, Any]]


class LlmClient:
    """Asks one model. It has no tools."""

    def __init__(
        self,
        client: openai.OpenAI,
        model: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
        max_tokens: int = ANSWER_TOKENS,
        throttle: Throttle | None = None,
        dialect: SharedDialect | None = None,
    ) -> None:
        self.model = model
        self.client, self.sleep, self.max_tokens = client, sleep, max_tokens
        self.throttle = throttle or Throttle(1, sleep=sleep)
        self.dialect = dialect or SharedDialect()

    def ask(self, messages: Messages, schema: type[Schema], about: str) -> tuple[Schema, Usage]:
        """Ask, waiting out rate limits and outages. `about` names the answer in errors.

        Raises JudgeUnreachable, JudgeRefused, JudgeNonsense or JudgeTooLong.
        """
        with span("retest.llm", model=self.model):
            asking = _Asking(self, messages, schema, about)
            try:
                return asking.answer()
            except JudgeError as error:
                tell("llm", about=about, model=self.model, wrong=str(error), **asking.spent._asdict())
                raise

    def post(self, body: Mapping[str, Any]) -> str:
        """Send a request; return the body of the reply, which has to arrive whole within the time limit.

        Raises openai.OpenAIError, or TooSlow for a reply that trickles in or has no end.
        """
        completions: Any = self.client.chat.completions.with_streaming_response
        seconds = self.client.timeout if isinstance(self.client.timeout, int | float) else WAIT_S
        began, received = time.monotonic(), bytearray()
        with completions.create(model=self.model, **body) as response:
            try:
                for chunk in response.iter_bytes():
                    received += chunk
                    if time.monotonic() - began > seconds or len(received) > MOST_BYTES:
                        raise TooSlow
            except TooSlow:
                raise
            except Exception as error:  # whatever the HTTP library raises while it reads
                raise openai.APIConnectionError(request=response.http_request) from error
        return received.decode("utf-8", "replace")

    def body(self, messages: Messages, schema: type[BaseModel]) -> dict[str, Any]:
        """The body of a request, in the dialect that worked last."""
        dialect = self.dialect.current
        return {"model": self.model, **dialect.asking(messages, schema), **dialect.limits(self.max_tokens)}

    def read(self, body: str, schema: type[Schema], about: str) -> tuple[Schema, Usage]:
        """The answer in the body of a reply that came otherwise. Raises JudgeNonsense."""
        reply = read_reply(body)
        if reply.error:
            said = failure_in(reply.error, (self.client.api_key,))
            raise JudgeNonsense(f"{about} failed: {said}", "it is asked for again")
        if (found := usable(reply, schema)) is None:
            raise JudgeNonsense(f"{about} is not the JSON that was requested", "it is asked for again")
        return found, reply.usage or estimated_usage(0, len(body))


def usable(reply: Reply, schema: type[Schema]) -> Schema | None:
    """The object in a reply that follows the schema; None if there is none, or several that differ.

    A model that thinks aloud may copy an answer that a paper offers, which must not be taken for its own.
    """
    answers = list[Schema]()
    for found in objects_in(reply.text):
        try:
            answers.append(schema.model_validate(found))
        except ValidationError:
            continue
    return answers[0] if answers and all(a == answers[0] for a in answers) else None


class _Outcome(NamedTuple):
    """What came of one request: a reply, or a failure."""

    reply: Reply
    failure: Failure | None = None


class _Asking:
    """One question: every request it takes, and what they cost."""

    def __init__(self, llm: LlmClient, messages: Messages, schema: type[BaseModel], about: str) -> None:
        self._llm, self._messages, self._schema, self._about = llm, messages, schema, about
        self._dialect = llm.dialect.current
        self._first_refusal: Failure | None = None
        self.spent, self._unusable = Usage(), 0

    def answer(self) -> tuple[Any, Usage]:
        """Send the question until there is a usable answer. Raises JudgeError."""
        failures = 0
        while True:
            reply, failure = self._once()
            if failure is None:
                found = self._usable(reply)
                if found is not None:
                    self._llm.dialect.worked(self._dialect)
                    tell("llm", about=self._about, model=self._llm.model, **self.spent._asdict())
                    return found, self.spent
                self._unusable += 1
                if self._unusable == USABLE_ATTEMPTS:
                    self._give_up(reply)
                self._rely_less_on_the_api(reply)
            elif failure.kind == "dialect" and (other := self._dialect.adapted(str(failure))):
                self._first_refusal = self._first_refusal or failure
                self._dialect = other
            else:
                failures += 1
                attempts = SLOW_ATTEMPTS if failure.said == TIMED_OUT else ATTEMPTS
                if failure.is_final or failures == attempts:
                    self._fail(failure)
                self._llm.sleep(failure.pause or 2.0 ** (failures - 1))

    def _once(self) -> _Outcome:
        """Send the question once. A failure is logged with what the server said."""
        llm, secrets = self._llm, self._secrets
        asked = self._dialect.asking(self._messages, self._schema)
        with llm.throttle.slot():
            try:
                body = llm.post({**asked, **self._dialect.limits(llm.max_tokens)})
                reply = read_reply(body)
                failure = failure_in(reply.error, secrets) if reply.error else None
            except openai.OpenAIError as error:
                reply, failure = Reply(), failure_of(error, secrets)
            except TooSlow:
                reply, failure = Reply(), Failure(0, TIMED_OUT)
            if failure is None:
                llm.throttle.succeeded()
            elif failure.kind == "again" and failure.status:
                llm.throttle.refused(failure.pause)
        if failure is not None:
            tell("llm failed", about=self._about, model=llm.model, said=str(failure))
            return _Outcome(reply, failure)
        self._count(reply.usage or estimated_usage(len(str(asked["messages"])), len(body)))
        return _Outcome(reply)

    def _count(self, usage: Usage) -> None:
        self.spent = Usage(*(a + b for a, b in zip(self.spent, usage, strict=True)))

    @property
    def _secrets(self) -> tuple[str, ...]:
        return (self._llm.client.api_key,)

    @property
    def _url(self) -> str:
        return address_of(self._llm.client.base_url)

    def _usable(self, reply: Reply) -> Any | None:
        """The answer, if the reply holds one. Raises JudgeNonsense for a refusal to answer."""
        if reply.refusal:
            said = masked(reply.refusal, self._secrets)[:80]
            self._raise(JudgeNonsense(f"{self._about} is a refusal ({said!r})", "try another model"))
        return usable(reply, self._schema)

    def _rely_less_on_the_api(self, reply: Reply) -> None:
        """A server that enforces the schema cannot answer otherwise, unless the answer was cut off."""
        if reply.finish != "length" and (weaker := self._dialect.weaker()):
            self._dialect = weaker

    def _give_up(self, reply: Reply) -> NoReturn:
        llm = self._llm
        if not reply.is_json:
            self._raise(JudgeUnreachable(
                f"the LLM at {self._url} {WEB_PAGE}", USUAL_END
            ))  # fmt: skip
        if reply.finish == "length":
            wrong, way_out = f"was cut off at {llm.max_tokens} tokens", "raise RETEST_LLM_TOKENS"
        elif not reply.text and reply.has_reasoned:
            wrong, way_out = "is reasoning without an answer", "raise RETEST_LLM_TOKENS, or try another model"
        elif not reply.text:
            wrong, way_out = "is empty", "try another model"
        else:
            wrong, way_out = "is not the JSON that was requested", "try a stronger model"
        self._raise(JudgeNonsense(f"{self._about} {wrong}", way_out))

    def _raise(self, error: JudgeError) -> NoReturn:
        if isinstance(error, JudgeNonsense):
            error.answers, error.spent = max(self._unusable, 1), self.spent[:2]
        raise error

    def _fail(self, failure: Failure) -> NoReturn:
        """Raise the error that a failure ends with."""
        url, model = self._url, self._llm.model
        if failure.kind == "too long":
            raise JudgeTooLong(
                f"{self._about} cannot be asked for: {failure}", "use a model with more context"
            )
        if failure.kind == "no credit":
            raise JudgeRefused(
                f"the LLM at {url} wants payment ({failure})", "top up the account, then resume"
            )
        if failure.kind == "again":
            raise JudgeUnreachable(f"the LLM at {url} did not answer ({failure})", failure.way_out)
        raise JudgeRefused(
            f"the LLM at {url} refused model {model} ({self._first_refusal or failure})",
            "check OPENAI_API_KEY, RETEST_MODEL and RETEST_BASE_URL",
        )
