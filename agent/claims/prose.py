"""Plain prose into claims: a model points at the sentences, code takes them from the text."""

from __future__ import annotations

from collections.abc import Iterator

import prompts
from agent.claims.pieces import Document, Piece, dated, numbered
from agent.errors import UsageError
from agent.retest.quotes import find_quote
from agent.writing.desk import Answer, Desk

_CLOSING = ")].!?”’\"'"
MOST_CHARACTERS, AT_ONCE = 200_000, 12_000


class Claims(Answer):
    """The sentences that are claims, word for word."""

    claims: list[str]


def read_prose(text: str, title: str, desk: Desk) -> Document:
    """The claims of a text, each a stretch of it; every other line is kept as "unplaced".

    What the model gives that is not in the text is dropped. Raises UsageError for a text that is too long.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(
            f"{title} is prose of more than {MOST_CHARACTERS:,} characters", "import it in parts"
        )
    found: dict[int, Piece] = {}
    for stretch in _stretches(text):
        for said in desk.ask("prose", Claims, title, text=prompts.fenced("text", stretch)).claims:
            span = find_quote(said, text)
            if span and span.start not in found:
                first = text.count("\n", 0, span.start) + 1
                last = text.count("\n", 0, span.end) + 1
                stretch_end = _closed(text, span.end)
                found[span.start] = dated("claim", text[span.start : stretch_end], first, last=last)
    claimed = {n for piece in found.values() for n in range(piece.first, piece.last + 1)}
    rest = [Piece("unplaced", line, n, n) for n, line in numbered(text) if n not in claimed]
    return Document("prose", title, "", tuple(sorted([*found.values(), *rest], key=lambda p: p.first)))


def _closed(text: str, end: int) -> int:
    """The end with the brackets and stops that close a sentence: quotes are compared without them."""
    while end < len(text) and text[end] in _CLOSING:
        end += 1
    return end


def _stretches(text: str) -> Iterator[str]:
    """The text in stretches a model can read at once, cut between paragraphs where there are any."""
    while len(text) > AT_ONCE:
        cut = text.rfind("\n\n", AT_ONCE // 2, AT_ONCE)
        cut = cut if cut > 0 else text.rfind("\n", AT_ONCE // 2, AT_ONCE)
        cut = cut if cut > 0 else AT_ONCE
        yield text[:cut]
        text = text[cut:]
    if text.strip():
        yield text
