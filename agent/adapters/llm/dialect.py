"""How a server wants to be asked: found by asking, from what it refuses. Pure, but for `SharedDialect`."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

import openai
from pydantic import BaseModel

Format = Literal["json_schema", "json_object", "prompt"]
_WEAKER: dict[Format, Format | None] = {"json_schema": "json_object", "json_object": "prompt", "prompt": None}
Limit = Literal["max_completion_tokens", "max_tokens", ""]
_OTHER_LIMIT: dict[Limit, Limit] = {"max_completion_tokens": "max_tokens", "max_tokens": ""}
_BY_PROMPT = (
    "Answer with one JSON object and nothing else: no explanation, no code fence. "
    "It must follow this JSON schema:"
)


@dataclass(frozen=True)
class Dialect:
    """What a server accepts.

    `format` is how it is told the schema of the answer: by the API, or else in the prompt, with or without
    being asked for JSON. `limit` names the parameter that limits the answer; "" if it accepts none.
    """

    format: Format = "json_schema"
    limit: Limit = "max_completion_tokens"
    stream_usage: bool = True
    tools: bool = True

    def weaker(self) -> Dialect | None:
        """The same, relying less on the API for the schema; None if it does not rely on it at all."""
        format_ = _WEAKER[self.format]
        return replace(self, format=format_) if format_ else None

    def adapted(self, said: str) -> Dialect | None:
        """The dialect to try after a server refused this one with these words; None if there is none."""
        if re.search(r"max_(?:completion_)?tokens", said, re.I):
            return replace(self, limit=_OTHER_LIMIT[self.limit]) if self.limit else None
        if self.stream_usage and re.search(r"stream_options|include_usage", said, re.I):
            return replace(self, stream_usage=False)
        if self.tools and re.search(r"\btools?\b|tool_choice|function calling", said, re.I):
            return replace(self, tools=False)
        return self.weaker()

    def limits(self, tokens: int) -> dict[str, int]:
        """The argument that limits an answer to so many tokens."""
        return {self.limit: tokens} if self.limit else {}

    def asking(self, messages: Sequence[Mapping[str, Any]], schema: type[BaseModel]) -> dict[str, Any]:
        """The arguments that ask for an answer in a schema.

        The schema follows the system message, so that the beginning of every request stays the same.
        """
        if self.format == "json_schema":
            return {"messages": list(messages), "response_format": schema_format(schema)}
        wanted = json.dumps(schema.model_json_schema(), separators=(",", ":"))
        system, *rest = messages
        told = {**system, "content": f"{system['content']}\n\n{_BY_PROMPT}\n{wanted}"}
        form = {"response_format": {"type": "json_object"}} if self.format == "json_object" else {}
        return {"messages": [told, *rest], **form}

    def as_dict(self) -> dict[str, Any]:
        """For storage."""
        return asdict(self)


def dialect_of(stored: Any) -> Dialect:
    """A stored dialect; the default for anything unreadable."""
    fields = stored if isinstance(stored, dict) else {}
    known = {name: fields[name] for name in asdict(Dialect()) if name in fields}
    found = Dialect(**known)
    fits = found.format in _WEAKER and found.limit in get_args(Limit)
    return found if fits else Dialect()


def schema_format(schema: type[BaseModel]) -> dict[str, Any]:
    """The response format that asks for a strict JSON schema."""
    wanted = openai.pydantic_function_tool(schema)["function"]["parameters"]
    return {"type": "json_schema", "json_schema": {"schema": wanted, "name": schema.__name__, "strict": True}}


class SharedDialect:
    """The dialect that worked last, shared by threads. `learn` is called with each new one, to store it."""

    def __init__(
        self, dialect: Dialect | None = None, learn: Callable[[Dialect], None] = lambda _: None
    ) -> None:
        self._dialect, self._learn, self._lock = dialect or Dialect(), learn, threading.Lock()

    @property
    def current(self) -> Dialect:
        """The dialect to ask in."""
        return self._dialect

    def worked(self, dialect: Dialect) -> None:
        """Remember a dialect that a server understood."""
        with self._lock:
            if dialect != self._dialect:
                self._dialect = dialect
                self._learn(dialect)
