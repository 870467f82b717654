"""A chat model that streams text and tool calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from typing import Any

import openai

from agent.adapters.llm.client import AGAIN, cause, wait_of
from agent.errors import JudgeNonsense, JudgeRefused, JudgeUnreachable
from agent.logs import tell
from agent.ports.models import ToolCall, Usage

ATTEMPTS = 3


class LlmChatModel:
    """Streams one answer. A request is retried only until its stream has started."""

    def __init__(
        self, client: openai.OpenAI, model: str, *, sleep: Callable[[float], None] = time.sleep,
        max_tokens: int = 2000,
    ) -> None:  # fmt: skip
        self.name = model
        self._client, self._sleep, self._max_tokens = client, sleep, max_tokens

    def stream(
        self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]
    ) -> Generator[str | ToolCall | Usage, None, None]:
        """See `agent.ports.models.ChatModel`."""
        try:
            yield from self._pieces(self._begun(messages, tools))
        except openai.APIStatusError as error:
            kind = JudgeUnreachable if isinstance(error, AGAIN) else JudgeRefused
            raise kind(
                f"the LLM at {self._client.base_url} refuses to answer ({cause(error)})",
                "check OPENAI_API_KEY, RETEST_MODEL and RETEST_BASE_URL",
            ) from error
        except (openai.APIConnectionError, openai.APIError) as error:
            raise JudgeUnreachable(
                f"the LLM at {self._client.base_url} broke off ({cause(error)})",
                "check RETEST_BASE_URL and that the server is running, then ask again",
            ) from error

    def _begun(self, messages: Any, tools: Any) -> Any:
        more: dict[str, Any] = {"tools": list(tools)} if tools else {}
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._client.chat.completions.create(
                    model=self.name, messages=list(messages), stream=True,
                    stream_options={"include_usage": True}, max_completion_tokens=self._max_tokens, **more,
                )  # fmt: skip
            except AGAIN as error:
                if attempt == ATTEMPTS:
                    raise
                self._sleep(wait_of(error, attempt))
        raise AssertionError  # the last attempt returns or raises

    def _pieces(self, chunks: Any) -> Iterator[str | ToolCall | Usage]:
        calls: dict[int, list[str]] = {}
        usage, has_come = Usage(), False
        with chunks:
            for chunk in chunks:
                if chunk.usage:
                    usage = _usage(chunk.usage)
                for choice in chunk.choices[:1]:
                    for part in choice.delta.tool_calls or ():
                        _add(calls, part)
                    if choice.delta.content:
                        has_come = True
                        yield choice.delta.content
        if not has_come and not calls:
            raise JudgeNonsense("the model answered nothing", "ask again, or try another model")
        yield from (ToolCall(*calls[n]) for n in sorted(calls))
        tell("llm", about="a question", model=self.name, **usage._asdict())
        yield usage


def _add(calls: dict[int, list[str]], part: Any) -> None:
    """A tool call comes in pieces: its id and name first, then its arguments."""
    call = calls.setdefault(part.index, ["", "", ""])
    call[0] += part.id or ""
    if part.function:
        call[1] += part.function.name or ""
        call[2] += part.function.arguments or ""


def _usage(usage: Any) -> Usage:
    details = getattr(usage, "prompt_tokens_details", None)
    return Usage(
        usage.prompt_tokens, usage.completion_tokens, int(getattr(details, "cached_tokens", None) or 0)
    )
