"""Find a quote in a stored text, verbatim but for white space, hyphenation and ligatures. Pure.

Two texts match if their letters and digits agree after folding: compatibility decomposition (NFKD,
Unicode Annex 15, marks dropped), case, ligatures, line-end hyphens and white space. Anything that
carries a number's meaning is kept: what stands between two digits, signs, exponents, percent,
comparisons, the case of a unit; footnote marks are dropped. So "3–5" matches "3-5" but never "35",
and one changed digit, "not" or word makes a different quote.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from agent.core.sentences import Span, sentence_spans

MIN_WORDS = 6
_LIGATURES = {ord(c): unicodedata.normalize("NFKC", c) for c in "ﬀﬁﬂﬃﬄﬅﬆ"}
_FOOTNOTE = re.compile(r"(?<=[^\W\d_][,;:])\d{1,2}(?=\s)")
"""A superscript number after a comma, as extracted from PDF: "the corpus,1 which"."""
_KEPT = frozenset("%<>=±≤≥≠↑↓√€£¥")
_DASHES = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d")
_SIGNS = _DASHES | {"+"}
_TIMES = frozenset("×∗*⋅")
_SILENT = frozenset("{}$\\\u00ad\u200b")
"""Characters that LaTeX and PDF put between the parts of a number."""
_STAY = frozenset("/^+.:⁻⁺")
"""Marks between a letter and a digit that belong to both: m/s2, x^2, C+4."""
_UNIT = re.compile(r"\d\s*([A-Za-zµ]{1,3})(?![\w-])")
_SENTENCE_END = re.compile(r"[.!?][)\]”\"']*\s")
_MEASURE = re.compile(r"\d[A-Za-z%]{1,3}$")
_SPELT = re.compile(
    r"(?:(?<=\d)|(?<=\d\s))\\times\b|\\times\b(?=[\s{}$]*\d)|\\(?:pm|geq?|leq?)\b|>=|<=|-{2,3}"
)
_SIGN_OF = {"\\times": "×", "\\pm": "±", "\\geq": "≥", "\\ge": "≥", "\\leq": "≤", "\\le": "≤", ">=": "≥",
            "<=": "≤", "--": "-", "---": "-"}  # fmt: skip
"""Signs by their spelling in LaTeX and plain text."""


@dataclass(frozen=True)
class Folded:
    """A folded text; `origin[i]` is the raw offset of folded character i."""

    text: str
    origin: tuple[int, ...]


def fold(raw: str) -> Folded:
    """Fold a text, recording where each character came from."""
    raw = _SPELT.sub(lambda m: _SIGN_OF[m[0]].ljust(len(m[0]), "\u200b"), raw)
    kept: list[tuple[str, int]] = []
    skipped = {n for mark in _FOOTNOTE.finditer(raw) for n in range(*mark.span())}
    offset = 0
    while offset < len(raw):
        if raw[offset].isalnum():
            if offset not in skipped:
                kept += ((part, offset) for part in _letters(raw, offset))
            offset += 1
            continue
        end = offset + 1
        while end < len(raw) and not raw[end].isalnum():
            end += 1
        kept += _between(raw, offset, end)
        offset = end
    return Folded("".join(c for c, _ in kept), tuple(o for _, o in kept))


def _letters(raw: str, offset: int) -> Iterator[str]:
    """A letter or digit in plain form: an exponent with a caret, a fraction with a slash."""
    char = raw[offset]
    if char.isascii():
        yield char.casefold()
        return
    raised = unicodedata.decomposition(char).startswith("<super>")
    if raised and offset and raw[offset - 1].isalnum() and not _is_raised(raw[offset - 1]):
        yield "^"
    for part in unicodedata.normalize("NFKD", char).casefold():
        if part.isalnum():
            yield part
        elif part == "\u2044":
            yield "/"


def _is_raised(char: str) -> bool:
    return unicodedata.decomposition(char).startswith("<super>")


def _between(raw: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    """What is kept of the marks and spaces between two letters or digits."""
    left, right = raw[start - 1 : start], raw[end : end + 1]
    if left.isdigit() and right.isdigit():
        yield from _between_figures(raw, start, end)
        return
    near = [n for n in range(start, end) if not (raw[n] in _SILENT or raw[n].isspace())]
    for n in near:
        if raw[n] in _KEPT or raw[n] == "⁄" or _belongs(raw, n, start, near, left, right):
            yield from ((part, n) for part in _plain(raw[n]))


def _between_figures(raw: str, start: int, end: int) -> Iterator[tuple[str, int]]:
    """All but white space; a single space if there is nothing else, one mark at a sentence end."""
    if _SENTENCE_END.match(raw, start, end):
        yield "\u00b6", start
        return
    marks = [n for n in range(start, end) if not (raw[n].isspace() or raw[n] in _SILENT)]
    if marks:
        yield from ((part, n) for n in marks for part in _plain(raw[n]))
    elif any(raw[n].isspace() for n in range(start, end)):
        yield " ", start


def _belongs(raw: str, at: int, start: int, near: list[int], left: str, right: str) -> bool:
    """Whether a mark is part of a number, a unit or a name that contains a digit."""
    char, before, after = raw[at], raw[at - 1 : at] if at else "", raw[at + 1 : at + 2]
    if right.isdigit() and at == near[-1] and after.isdigit() and not before.isalnum():
        return char in _SIGNS or char == "." or (char in _STAY and not before.isspace())
    if len(near) > 1 or not left.isalnum() or not right.isalnum():
        return False
    if char in _DASHES and right.isdigit() and _MEASURE.search(raw[max(0, start - 5) : start]):
        return True
    if before.isspace() or not (left.isdigit() or right.isdigit()):
        return char == "/" and not before.isspace()
    return (
        (char in _DASHES and _is_joined(after)) or char in _TIMES or (char in _STAY and not after.isspace())
    )


def _is_joined(after: str) -> bool:
    """Whether the character after a dash is attached to it, also across a line break."""
    return not after.isspace() or after == "\n"


def _plain(char: str) -> str:
    if char in _DASHES:
        return "-"
    return "x" if char in _TIMES else _FORMS.get(char, char)


_FORMS = {"⁄": "/", "⁻": "^-", "⁺": "^+"}


def legible(raw: str) -> str:
    """A text as people write it: line-end hyphens joined, ligatures expanded, white space collapsed.

    A quote from it can still be found in the raw text, because `fold` maps both to the same string.
    """
    joined = re.sub(r"(?<=\w)[-\u00ad\u2010][^\S\n]*\n\s*(?=\w)", "", raw)
    return " ".join(joined.translate(_LIGATURES).split())


def find_quote(quote: str, text: str) -> Span | None:
    """The raw offsets of `quote` in `text`; None if it is not there word for word.

    A match must begin and end at the edge of a word and of a number: part of one never counts.
    """
    needle, hay = fold(quote), fold(text)
    if not needle.text:
        return None
    at = hay.text.find(needle.text)
    while at >= 0:
        span = Span(hay.origin[at], hay.origin[at + len(needle.text) - 1] + 1)
        ends = at, at + len(needle.text)
        whole = _at_word_edges(text, span) and _at_number_edges(hay.text, *ends)
        if whole and _same_units(quote, text[span.start : span.end]):
            return span
        at = hay.text.find(needle.text, at + 1)
    return None


def _at_word_edges(text: str, span: Span) -> bool:
    before, after = text[max(span.start - 1, 0) : span.start], text[span.end : span.end + 1]
    return not (before.isalnum() or after.isalnum())


def _at_number_edges(folded: str, start: int, end: int) -> bool:
    """Whether the match cuts no number: "5%" is not in "3.5%", nor "3" in "3-5", nor "2" in "-2"."""
    before, after = folded[max(start - 1, 0) : start], folded[end : end + 1]
    is_factor = before == "x" and folded[max(start - 2, 0) : start - 1].isdigit()
    cut_before = folded[start].isdigit() and (is_factor or (before in _CUTS and before != "x"))
    cut_after = folded[end - 1].isdigit() and after in (*_CUTS, "%") and after != " "
    return not (cut_before or cut_after)


_CUTS = tuple(".,-+/:^x ±↑↓√€£¥")


def _same_units(one: str, other: str) -> bool:
    """Whether the short words after digits have the same case: 5 mW is not 5 MW."""
    a, b = _units(one), _units(other)
    return a == b or [u.casefold() for u in a] != [u.casefold() for u in b]


def _units(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKD", _FOOTNOTE.sub("", text))
    return _UNIT.findall("".join(_plain(c) for c in plain if c not in _SILENT))


def whole_sentences(span: Span, text: str, within: Span | None = None) -> Span:
    """Widen a span to the sentences it touches: a quote cut after "not" says the opposite.

    `within` limits the search for sentences, so that a heading does not become part of one.
    """
    start, end = within or Span(0, len(text))
    spans = (Span(start + s.start, start + s.end) for s in sentence_spans(text[start:end]))
    touched = [s for s in spans if s.start < span.end and s.end > span.start]
    if not touched:
        return span
    return Span(min(span.start, touched[0].start), max(span.end, touched[-1].end))


def word_count(quote: str) -> int:
    """The number of words in a quote."""
    return len(quote.split())
