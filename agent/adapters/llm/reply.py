"""Read the replies of servers that speak the protocol each in their own way. Pure.

A field that is missing, null or of another type than documented is treated as absent, never as an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from agent.ports.models import Usage

CHARACTERS_A_TOKEN = 4
"""Used to estimate the tokens of a reply that does not give its usage."""
_TAG = r"(?:think|thinking|thought|reasoning)"
_REASONING = re.compile(rf"^.*</{_TAG}\s*>", re.S | re.I)
_UNCLOSED = re.compile(rf"<{_TAG}\s*>.*$", re.S | re.I)
_FINAL = "<|channel|>final<|message|>"
"""The mark before the answer in gpt-oss's own format, which some servers pass on."""


@dataclass(frozen=True)
class Reply:
    """A whole reply. `error` is an error body sent with status 200, `usage` None if it is not given."""

    text: str = ""
    refusal: str = ""
    finish: str = ""
    has_reasoned: bool = False
    usage: Usage | None = None
    error: Mapping[str, Any] | None = None
    is_json: bool = True


def read_reply(body: str) -> Reply:
    """Read the body of a reply to a chat completion request."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return Reply(is_json=False)
    if error := error_in(document):
        return Reply(error=error)
    choice = mapping(first(mapping(document).get("choices")))
    message = mapping(choice.get("message"))
    text = text_of(message.get("content"))
    return Reply(
        without_reasoning(text),
        text_of(message.get("refusal")),
        text_of(choice.get("finish_reason")),
        bool(reasoning_of(message)) or without_reasoning(text) != text,
        usage_of(mapping(document).get("usage")),
    )


def error_in(document: Any) -> Mapping[str, Any] | None:
    """The error of a document that is one: {"error": {...}}, {"error": "..."}, or a choice's own error."""
    fields = mapping(document)
    error = fields.get("error") or mapping(first(fields.get("choices"))).get("error")
    if fields.get("object") == "error":
        error = fields
    if isinstance(error, str):
        return {"message": error}
    return mapping(error) or None


def without_reasoning(text: str) -> str:
    """An answer without the reasoning that some servers leave in it, before the answer."""
    _, mark, final = text.rpartition(_FINAL)
    answer = final.partition("<|")[0] if mark else _REASONING.sub("", text)
    return _UNCLOSED.sub("", answer).strip() if answer != text or _UNCLOSED.search(text) else text


def reasoning_of(message: Mapping[str, Any]) -> str:
    """The reasoning that a server gives in a field of its own."""
    return text_of(message.get("reasoning_content")) or text_of(message.get("reasoning"))


def objects_in(text: str) -> Iterator[Any]:
    """Each JSON object in a text, outermost ones only; fences and prose around them are ignored."""
    decoder, at = json.JSONDecoder(), text.find("{")
    while at >= 0:
        try:
            found, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            end = at + 1
        else:
            yield found
        at = text.find("{", end)


def usage_of(usage: Any) -> Usage | None:
    """The tokens of a reply, or None if they are not given."""
    fields = mapping(usage)
    tokens_in, tokens_out = _count(fields.get("prompt_tokens")), _count(fields.get("completion_tokens"))
    if not tokens_in and not tokens_out:
        return None
    details = mapping(fields.get("prompt_tokens_details"))
    cached = _count(details.get("cached_tokens")) or _count(fields.get("prompt_cache_hit_tokens"))
    return Usage(tokens_in, tokens_out, min(cached, tokens_in))


def estimated_usage(sent: int, received: int) -> Usage:
    """Tokens estimated from characters sent and received."""
    return Usage(1 + sent // CHARACTERS_A_TOKEN, 1 + received // CHARACTERS_A_TOKEN)


def text_of(value: Any) -> str:
    """A text, or the joined texts of a list of content parts; "" for anything else."""
    if isinstance(value, str):
        return value
    parts = value if isinstance(value, list) else []
    return "".join(text_of(mapping(p).get("text")) for p in parts if mapping(p).get("type") == "text")


def mapping(value: Any) -> Mapping[str, Any]:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def first(value: Any) -> Any:
    """The first element of a non-empty list, else None."""
    return value[0] if isinstance(value, list) and value else None


def _count(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and 0 < value < 1e12 else 0
