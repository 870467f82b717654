"""Find the claims in plain prose: a model points at sentences, code copies them from the text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import prompts
from agent.claims.reading.cleaning import plain
from agent.claims.reading.pieces import Document, Piece, dated
from agent.core.quotes import find_quote
from agent.errors import UsageError
from agent.writing.journalled_writer import Answer, JournalledWriter

_CLOSING = ")].!?”’\"'"
MOST_CHARACTERS, AT_ONCE = 200_000, 12_000


class Claims(Answer):
    """The sentences that are claims, word for word."""

    claims: list[str]


def read_prose(text: str, title: str, writer: JournalledWriter) -> Document:
    """Return the claims of a text, each a span of it; the rest is kept as "unplaced".

    Anything the model returns that is not in the text is dropped. Raises UsageError if the text is too long.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(
            f"{title} has more than {MOST_CHARACTERS:,} characters of prose", "import it in parts"
        )
    found, lengths = dict[int, Piece](), dict[int, int]()
    for chunk in _chunks(text):
        for sentence in writer.ask("prose", Claims, title, text=prompts.fenced("text", chunk)).claims:
            span = find_quote(sentence, text)
            if span and span.start not in found:
                first = text.count("\n", 0, span.start) + 1
                last = text.count("\n", 0, span.end) + 1
                stretch_end = _closed(text, span.end)
                found[span.start] = dated("claim", text[span.start : stretch_end], first, last=last)
                lengths[span.start] = stretch_end - span.start
    taken = sorted((start, start + length) for start, length in lengths.items())
    rest = [p for begin, end in _between(taken, len(text)) for p in _unplaced(text, begin, end)]
    pieces = sorted([*found.values(), *rest], key=lambda p: p.first)
    return Document("prose", title, "", tuple(pieces))


def _between(taken: Sequence[tuple[int, int]], whole: int) -> Iterator[tuple[int, int]]:
    """Yield the spans that are not taken."""
    at = 0
    for begin, end in taken:
        if begin > at:
            yield at, begin
        at = max(at, end)
    yield at, whole


def _unplaced(text: str, begin: int, end: int) -> Iterator[Piece]:
    """Yield what is left of each line in a span, as pieces that are not claims."""
    first = text.count("\n", 0, begin) + 1
    for number, left in enumerate(text[begin:end].split("\n"), first):
        if any(c.isalnum() for c in left):
            yield Piece("unplaced", plain(left), number, number)


def _closed(text: str, end: int) -> int:
    """Move the end past closing brackets and punctuation, which the comparison of quotes ignores."""
    while end < len(text) and text[end] in _CLOSING:
        end += 1
    return end


def _chunks(text: str) -> Iterator[str]:
    """Yield the text in chunks that a model can read at once, cut between paragraphs if possible."""
    while len(text) > AT_ONCE:
        cut = text.rfind("\n\n", AT_ONCE // 2, AT_ONCE)
        cut = cut if cut > 0 else text.rfind("\n", AT_ONCE // 2, AT_ONCE)
        cut = cut if cut > 0 else AT_ONCE
        yield text[:cut]
        text = text[cut:]
    if text.strip():
        yield text
