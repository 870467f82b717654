"""What the question graph carries between nodes: ids, texts and numbers, nothing else."""

from __future__ import annotations

from typing import Any, TypedDict


class ChatState(TypedDict, total=False):
    """One question on its way. `refs` are what may be cited: label S1 stands for the first, and so on.

    `memory` holds earlier turns, each a question and its sentences with their references. `pending` are tool
    calls (id, name, arguments) still to be run. `said` are sentences that were checked and shown;
    `left_out` says why others were not.
    """

    question: str
    memory: list[dict[str, Any]]
    hits: list[tuple[str, float]]
    told: str
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
    spent: list[int]
    answer: dict[str, Any]


def labels_of(refs: list[str]) -> dict[str, str]:
    """The label of each reference."""
    return {ref: f"S{n}" for n, ref in enumerate(refs, 1)}


def with_refs(refs: list[str], more: list[str]) -> list[str]:
    """The references with further ones behind them, each once."""
    return list(dict.fromkeys([*refs, *more]))
