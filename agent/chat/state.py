"""The state passed between nodes of the question graph: ids, texts and numbers only."""

from __future__ import annotations

from typing import Any, TypedDict


class ChatState(TypedDict, total=False):
    """One question being answered. `refs` are what may be cited: label S1 is the first, and so on.

    `memory` holds earlier turns, each a question and its sentences with their references. `pending` holds
    tool calls (id, name, arguments) not yet run. `said` holds sentences that were checked and shown;
    `left_out` holds the reasons why others were not.
    """

    question: str
    memory: list[dict[str, Any]]
    hits: list[tuple[str, float]]
    summary: str
    refs: list[str]
    messages: list[dict[str, Any]]
    pending: list[tuple[str, str, str]]
    steps: int
    said: list[dict[str, Any]]
    left_out: list[str]
    papers: list[dict[str, Any]]
    did: list[str]
    note: str
    is_extracted: bool
    is_exact: bool
    spent: list[int]
    answer: dict[str, Any]


def labels_of(refs: list[str]) -> dict[str, str]:
    """The label of each reference."""
    return {ref: f"S{n}" for n, ref in enumerate(refs, 1)}


def with_refs(refs: list[str], more: list[str]) -> list[str]:
    """Append further references, without duplicates."""
    return list(dict.fromkeys([*refs, *more]))
