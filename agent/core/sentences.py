"""Sentences of a text, with their character offsets."""

from __future__ import annotations

from typing import NamedTuple

from sentencex import get_sentence_boundaries


class Span(NamedTuple):
    """A stretch of a text: `text[start:end]`, in characters."""

    start: int
    end: int


def sentence_spans(text: str) -> list[Span]:
    """Cut `text` into sentences; spans exclude surrounding white space and are never empty."""
    spans = []
    for found in get_sentence_boundaries("en", text):
        raw = text[found["start_index"] : found["end_index"]]
        start = found["start_index"] + len(raw) - len(raw.lstrip())
        if raw.strip():
            spans.append(Span(start, start + len(raw.strip())))
    return spans


def split_sentences(text: str) -> list[str]:
    """Cut `text` into sentences, without their offsets."""
    return [text[s.start : s.end] for s in sentence_spans(text)]
