"""Read a streamed reply: events, text without the model's reasoning, tool calls. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from agent.adapters.llm.reply import error_in, first, mapping, reasoning_of, text_of, usage_of
from agent.ports.models import Retracted, ToolCall, Usage

DONE = "[DONE]"
_TAG = re.compile(r"<(/?)(?:think|thinking|thought|reasoning)\s*>", re.I)
_PART_OF_A_TAG = re.compile(r"<[/a-z]*\s*$", re.I)


def events(lines: Iterable[str]) -> Iterator[Mapping[str, Any]]:
    """The JSON objects of an event stream, and one {"done": true} for its end.

    Comments, empty events and what is not a JSON object are skipped. A server that does not stream sends
    one document instead, which is then the only event.
    """
    document = ""
    for line in lines:
        if document or (not line.startswith(("data:", ":", "event:", "id:", "retry:")) and "{" in line):
            document += line + "\n"
        elif line.startswith("data:"):
            data = line[len("data:") :].strip()
            if data == DONE:
                yield {"done": True}
            elif found := _object(data):
                yield found
    if found := _object(document):
        yield found
        yield {"done": True}


def _object(text: str) -> Mapping[str, Any]:
    try:
        return mapping(json.loads(text))
    except (ValueError, RecursionError):
        return {}


class ReasoningFilter:
    """Removes reasoning between tags from a text that arrives in pieces."""

    def __init__(self) -> None:
        self._held, self._is_inside = "", False

    def feed(self, piece: str) -> Iterator[str | Retracted]:
        """Yield what is not reasoning; `Retracted` if all that came before was, though nothing said so."""
        self._held += piece
        while tag := _TAG.search(self._held):
            before, self._held = self._held[: tag.start()], self._held[tag.end() :]
            if not tag[1]:
                yield from self._visible(before)
            elif not self._is_inside:
                yield Retracted()
            self._is_inside = not tag[1]
        split = _PART_OF_A_TAG.search(self._held)
        cut = split.start() if split else len(self._held)
        ready, self._held = self._held[:cut], self._held[cut:]
        yield from self._visible(ready)

    def end(self) -> Iterator[str]:
        """Yield text that was held back because it might have begun a tag."""
        yield from self._visible(self._held)
        self._held = ""

    def _visible(self, text: str) -> Iterator[str]:
        if text and not self._is_inside:
            yield text


@dataclass
class StreamedReply:
    """What has come of a streamed reply so far.

    `is_complete` is whether it has ended as it should. `error` is an error sent within the stream.
    """

    usage: Usage | None = None
    error: Mapping[str, Any] | None = None
    is_complete: bool = False
    has_reasoned: bool = False
    has_text: bool = False
    _calls: dict[int, list[str]] = field(default_factory=dict)
    _text: ReasoningFilter = field(default_factory=ReasoningFilter)

    def feed(self, event: Mapping[str, Any]) -> Iterator[str | Retracted]:
        """Take in one event; yield the text in it that is part of the answer."""
        self.error = self.error or error_in(event)
        self.usage = usage_of(event.get("usage")) or self.usage
        choice = mapping(first(event.get("choices")))
        delta = mapping(choice.get("delta")) or mapping(choice.get("message"))
        self.is_complete |= bool(event.get("done") or choice.get("finish_reason"))
        self.has_reasoned |= bool(reasoning_of(delta))
        for number, part in enumerate(_list(delta.get("tool_calls"))):
            self._add(mapping(part), number)
        for piece in self._text.feed(text_of(delta.get("content"))):
            self.has_text = isinstance(piece, str)
            self.has_reasoned |= not self.has_text
            yield piece

    def end(self) -> Iterator[str]:
        """Yield text that was held back."""
        for piece in self._text.end():
            self.has_text = True
            yield piece

    def calls(self) -> list[ToolCall]:
        """The tool calls, in order."""
        found = (self._calls[n] for n in sorted(self._calls))
        return [ToolCall(id_ or f"call_{n}", *rest) for n, (id_, *rest) in enumerate(found)]

    def _add(self, part: Mapping[str, Any], number: int) -> None:
        """A tool call comes in pieces: its id and name first, then its arguments."""
        index, asked = part.get("index"), mapping(part.get("function"))
        call = self._calls.setdefault(index if isinstance(index, int) else number, ["", "", ""])
        arguments = asked.get("arguments")
        call[0] = call[0] or text_of(part.get("id"))
        call[1] = call[1] or text_of(asked.get("name"))
        call[2] += json.dumps(arguments) if isinstance(arguments, dict) else text_of(arguments)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
