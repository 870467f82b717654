"""A chat model that streams text and tool calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, NoReturn

import openai

from agent.adapters.llm.client import ANSWER_TOKENS, USUAL_END, WEB_PAGE
from agent.adapters.llm.dialect import Dialect, SharedDialect
from agent.adapters.llm.failures import Failure, address_of, broken, failure_in, failure_of
from agent.adapters.llm.stream import StreamedReply, events
from agent.errors import JudgeNonsense, JudgeRefused, JudgeTooLong, JudgeUnreachable
from agent.logs import tell
from agent.ports.models import Retracted, ToolCall, Usage

ATTEMPTS = 3


class LlmChatModel:
    """Streams one answer. A request is retried only until its stream has started."""

    def __init__(
        self, client: openai.OpenAI, model: str, *, sleep: Callable[[float], None] = time.sleep,
        max_tokens: int = ANSWER_TOKENS, dialect: SharedDialect | None = None,
    ) -> None:  # fmt: skip
        self.name = model
        self._client, self._sleep, self._max_tokens = client, sleep, max_tokens
        self._dialect = dialect or SharedDialect()

    def stream(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> Generator[str | ToolCall | Usage | Retracted, None, None]:
        """See `agent.ports.models.ChatModel`."""
        reply = StreamedReply()
        with ExitStack() as stack:
            for event in events(self._lines(self._begun(stack, messages, tools))):
                yield from reply.feed(event)
                if reply.error:
                    self._fail(failure_in(reply.error, self._secrets), "broke off")
        yield from reply.end()
        if not reply.is_complete:
            self._fail(Failure(0, "the connection broke"), "broke off")
        calls = reply.calls()
        if not reply.has_text and not calls:
            only = "only reasoned and " if reply.has_reasoned else ""
            raise JudgeNonsense(f"the model {only}answered nothing", "ask again, or try another model")
        yield from calls
        usage = reply.usage or Usage()
        tell("llm", about="a question", model=self.name, **usage._asdict())
        yield usage

    @property
    def _secrets(self) -> tuple[str, ...]:
        return (self._client.api_key,)

    def _begun(
        self, stack: ExitStack, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> Any:
        """The started response, closed with `stack`; in another dialect if the server refuses this one."""
        dialect, failures = self._dialect.current, 0
        while True:
            try:
                response = stack.enter_context(self._request(dialect, messages, tools))
            except openai.OpenAIError as error:
                failure = failure_of(error, self._secrets)
                tell("llm failed", about="a question", model=self.name, said=str(failure))
                other = dialect.adapted(str(failure)) if failure.kind == "dialect" else None
                # The format is not part of this request, so changing it would not help.
                if other and other.format == dialect.format:
                    dialect = other
                    continue
                failures += 1
                if failure.is_final or failures == ATTEMPTS:
                    self._fail(failure, "refuses to answer" if failure.status else "broke off")
                self._sleep(failure.pause or 2.0 ** (failures - 1))
            else:
                if "html" in response.headers.get("content-type", ""):
                    at = address_of(self._client.base_url)
                    raise JudgeUnreachable(f"the LLM at {at} {WEB_PAGE}", USUAL_END)
                self._dialect.worked(dialect)
                return response

    def _request(self, dialect: Dialect, messages: Any, tools: Any) -> Any:
        more: dict[str, Any] = {"tools": list(tools)} if tools and dialect.tools else {}
        if dialect.stream_usage:
            more["stream_options"] = {"include_usage": True}
        completions: Any = self._client.chat.completions.with_streaming_response
        return completions.create(
            model=self.name, messages=list(messages), stream=True, **dialect.limits(self._max_tokens), **more,
        )  # fmt: skip

    def _lines(self, response: Any) -> Iterator[str]:
        """The lines of a response; whatever the HTTP library raises while reading is a broken connection."""
        try:
            yield from response.iter_lines()
        except Exception as error:  # HTTP, TLS and decompression each raise their own errors
            self._fail(Failure(0, broken(error)), "broke off", error)

    def _fail(self, failure: Failure, what: str, error: Exception | None = None) -> NoReturn:
        """Raise the error that a failure ends with."""
        message = f"the LLM at {address_of(self._client.base_url)} {what} ({failure})"
        if failure.kind == "too long":
            raise JudgeTooLong(message, "ask in a new thread, or use a model with more context") from error
        if failure.kind == "no credit":
            raise JudgeRefused(message, "top up the account, then ask again") from error
        if failure.kind == "again":
            raise JudgeUnreachable(message, failure.way_out) from error
        raise JudgeRefused(message, "check OPENAI_API_KEY, RETEST_MODEL and RETEST_BASE_URL") from error
