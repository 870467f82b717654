"""Cut a reading into passages that never cross a section boundary. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from agent.core.findings import Reading, Section
from agent.core.quotes import legible
from agent.core.sentences import Span, sentence_spans
from store.records import Passage

MAX_CHARS = 1200
FRONT = ("title", "abstract")
_OUTSIDE = re.compile(
    r"\b(?:related works?|(?:prior|previous|earlier) work|references|bibliography|literature review)\b"
    r"|^(?:appendix )?(?:background|acknowledg)|^(?:footnotes|figures)$",
    re.I,
)


def cut(reading: Reading, text_id: int, paper_id: str) -> list[Passage]:
    """Passages of whole sentences, at most MAX_CHARS characters unless one sentence is longer."""
    spans = [(section, span) for section in reading.sections for span in _windows(reading, section)]
    return [
        Passage(
            f"{text_id}.{n}",
            text_id,
            paper_id,
            section.name,
            section.page,
            span.start,
            span.end,
            reading.text[span.start : span.end],
        )
        for n, (section, span) in enumerate(spans)
    ]


def may_bear(passage: Passage) -> bool:
    """Whether a passage can hold the authors' own result."""
    return not is_outside(passage.section)


def is_outside(section: str) -> bool:
    """Whether a section is a reference list or describes others' work, also in an appendix."""
    return _OUTSIDE.search(section) is not None


def to_embed(found: Iterable[Passage]) -> dict[str, str]:
    """The texts to embed, by passage id: legible, and only of passages that may hold a result.

    Title and abstract are left out: every judge sees them, and the paper's own vector covers them.
    """
    return {p.id: legible(p.text) for p in found if p.section not in FRONT and may_bear(p)}


def choose(passages: Sequence[Passage], closeness: Mapping[str, float], most: int) -> list[Passage]:
    """What a judge is shown: title, abstract, and the `most` other passages closest to the claim.

    `closeness` maps passage ids to similarity; passages without an entry are not shown. In text order.
    """
    front = [p for p in passages if p.section in FRONT]
    body = [p for p in passages if p.section not in FRONT and p.id in closeness]
    best = sorted(body, key=lambda p: (-closeness[p.id], p.start))[:most]
    return sorted([*front, *best], key=lambda p: p.start)


def section_around(span: Span, passages: Sequence[Passage], text: str) -> Span | None:
    """The part of one section around a span, across page breaks; None if no passage holds the span."""
    ordered = sorted(passages, key=lambda p: p.start)
    at = next((n for n, p in enumerate(ordered) if p.start <= span.start < p.end), None)
    if at is None:
        return None
    first = last = at
    while first > 0 and _is_contiguous(ordered[first - 1], ordered[first], text):
        first -= 1
    while last + 1 < len(ordered) and _is_contiguous(ordered[last], ordered[last + 1], text):
        last += 1
    return Span(ordered[first].start, max(ordered[last].end, span.end))


def _is_contiguous(left: Passage, right: Passage, text: str) -> bool:
    """Whether `right` continues directly where `left` ends."""
    return left.section == right.section and not text[left.end : right.start].strip()


def _windows(reading: Reading, section: Section) -> Iterator[Span]:
    start = end = None
    for sentence in sentence_spans(reading.text[section.start : section.end]):
        left, right = section.start + sentence.start, section.start + sentence.end
        if start is not None and end is not None and right - start > MAX_CHARS:
            yield Span(start, end)
            start = None
        start, end = (left if start is None else start), right
    if start is not None and end is not None:
        yield Span(start, end)
