"""(claim, text) pairs as token ids: how the stance network reads them. Training uses the same code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

CLAIM, TEXT = 1, 2
"""Sides of a token; 0 is neither: special tokens and padding."""
Ids = NDArray[np.int64]


class Layout(NamedTuple):
    """How a network encodes a pair: special tokens before, between and after, padding, and token limits."""

    start: int
    between: tuple[int, ...]
    end: int
    padding: int
    most: int = 320
    most_of_claim: int = 96


MPNET = Layout(start=0, between=(2, 2), end=2, padding=1)


class Pair(NamedTuple):
    """One pair's token ids, and how many of them are the claim's."""

    ids: list[int]
    claim: int

    @property
    def length(self) -> int:
        """The number of tokens."""
        return len(self.ids)


def joined(title: str, abstract: str) -> str:
    """A title and an abstract as one text."""
    return f"{title.rstrip('.')}. {abstract}"


def tokenise(tokenizer: Tokenizer, layout: Layout, pairs: Sequence[tuple[str, str]]) -> list[Pair]:
    """Encode pairs, truncating long texts at the end. The tokenizer itself must not truncate or pad."""
    claims = tokenizer.encode_batch([c for c, _ in pairs], add_special_tokens=False)
    texts = tokenizer.encode_batch([t for _, t in pairs], add_special_tokens=False)
    marks = len(layout.between) + 2
    found = []
    for claim, text in zip(claims, texts, strict=True):
        left = claim.ids[: layout.most_of_claim]
        right = text.ids[: layout.most - marks - len(left)]
        found.append(Pair([layout.start, *left, *layout.between, *right, layout.end], len(left)))
    return found


def batches(pairs: Sequence[Pair], most_tokens: int) -> Iterator[list[int]]:
    """Yield row numbers in groups of similar length, at most `most_tokens` each including padding."""
    group: list[int] = []
    for row in sorted(range(len(pairs)), key=lambda i: pairs[i].length):
        if group and pairs[row].length * (len(group) + 1) > most_tokens:
            yield group
            group = []
        group.append(row)
    if group:
        yield group


def padded(pairs: Sequence[Pair], layout: Layout) -> tuple[Ids, Ids]:
    """Token ids and sides, each [pairs, tokens], padded to the longest."""
    width = max(pair.length for pair in pairs)
    ids = np.full((len(pairs), width), layout.padding, dtype=np.int64)
    sides = np.zeros((len(pairs), width), dtype=np.int64)
    for row, pair in enumerate(pairs):
        ids[row, : pair.length] = pair.ids
        sides[row, 1 : 1 + pair.claim] = CLAIM
        sides[row, 1 + pair.claim + len(layout.between) : pair.length - 1] = TEXT
    return ids, sides
