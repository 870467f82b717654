"""Find a quote in a stored text. Pure.

Two texts are the same when their letters and digits are, after compatibility folding (NFKD,
Unicode Annex 15, marks dropped), case, ligatures, hyphens at line ends and white space. What
carries a number's meaning is kept: decimal points, signs, percent, comparison, and the space
between two numbers; the mark of a footnote carries none. So one changed figure, "not" or word is
another quote.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from agent.retest.sentences import Span, sentence_spans

MIN_WORDS = 6
_LIGATURES = {ord(c): unicodedata.normalize("NFKC", c) for c in "ﬀﬁﬂﬃﬄﬅﬆ"}
_FOOTNOTE = re.compile(r"(?<=[^\W\d_][,;:])\d{1,2}(?=\s)")
"""A raised number after a comma, as PDF gives it: "the corpus,1 which"."""
_KEPT = frozenset("%<>=±≤≥≠")
_HYPHENS = frozenset("-\u00ad\u2010\u2011\u2012\u2013\u2212")


@dataclass(frozen=True)
class Folded:
    """A folded text; `origin[i]` is the raw offset of folded character i."""

    text: str
    origin: tuple[int, ...]


def fold(raw: str) -> Folded:
    """Fold a text, keeping where each character came from."""
    kept: list[tuple[str, int]] = []
    marks = {n for mark in _FOOTNOTE.finditer(raw) for n in range(*mark.span())}
    for offset, char in enumerate(raw):
        if offset in marks:
            continue
        for part in unicodedata.normalize("NFKD", char).casefold():
            if part.isalnum() or part in _KEPT or _matters(raw, offset):
                kept.append((_plain(part), offset))
    return Folded("".join(c for c, _ in kept), tuple(o for _, o in kept))


def _matters(raw: str, offset: int) -> bool:
    """Whether a mark or space belongs to a number: 3.5, -2, "1 000"."""
    char = raw[offset]
    before = raw[offset - 1] if offset else " "
    after = raw[offset + 1 : offset + 2]
    if not after.isdigit():
        return False
    if char in ".,":
        return before.isdigit()
    if char in _HYPHENS:
        return not before.isalnum()
    return char.isspace() and raw[:offset].rstrip()[-1:].isdigit()


def _plain(char: str) -> str:
    if char in _HYPHENS:
        return "-"
    return " " if char.isspace() else char


def legible(raw: str) -> str:
    """A text as people write it: words cut at line ends joined, ligatures undone, white space single.

    A quote of it is found again in the raw text, for `fold` makes the same of both.
    """
    joined = re.sub(r"(?<=\w)[-\u00ad\u2010]\s*\n\s*(?=\w)", "", raw)
    return " ".join(joined.translate(_LIGATURES).split())


def find_quote(quote: str, text: str) -> Span | None:
    """Where `quote` stands in `text`, in raw offsets; None when it is not there word for word.

    A match must begin and end at the edge of a word and of a number: a part never counts.
    """
    needle, hay = fold(quote), fold(text)
    if not needle.text:
        return None
    at = hay.text.find(needle.text)
    while at >= 0:
        span = Span(hay.origin[at], hay.origin[at + len(needle.text) - 1] + 1)
        if _at_word_edges(text, span) and _at_number_edges(hay.text, at, at + len(needle.text)):
            return span
        at = hay.text.find(needle.text, at + 1)
    return None


def _at_word_edges(text: str, span: Span) -> bool:
    before, after = text[max(span.start - 1, 0) : span.start], text[span.end : span.end + 1]
    return not (before.isalnum() or after.isalnum())


def _at_number_edges(folded: str, start: int, end: int) -> bool:
    """Whether no number is cut: "5%" is not in "3.5%", nor "3" in "3.5%", nor "2" in "-2"."""
    before, after = folded[max(start - 1, 0) : start], folded[end : end + 1]
    cut_before = folded[start].isdigit() and before in (".", ",", "-")
    cut_after = folded[end - 1].isdigit() and after in (".", ",", "%")
    return not (cut_before or cut_after)


def whole_sentences(span: Span, text: str, within: Span | None = None) -> Span:
    """Widen a span to the sentences it touches: a quote cut after "not" says the opposite.

    `within` is the stretch whose sentences are meant, so that a heading does not become part of one.
    """
    start, end = within or Span(0, len(text))
    spans = (Span(start + s.start, start + s.end) for s in sentence_spans(text[start:end]))
    touched = [s for s in spans if s.start < span.end and s.end > span.start]
    if not touched:
        return span
    return Span(min(span.start, touched[0].start), max(span.end, touched[-1].end))


def word_count(quote: str) -> int:
    """Words of a quote."""
    return len(quote.split())
