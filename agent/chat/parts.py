"""The dependencies of a chat, built by the wiring and passed to every node."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from agent.core.budget import Budget
from agent.ports.actions import Actions
from agent.ports.models import ChatModel, Retracted, ToolCall, Usage
from agent.retrieval.finder import Finder
from store.ledger import Ledger


@dataclass(frozen=True)
class ChatParts:
    """What answering needs. The ledger is read-only; `chat_model` is None if no model is configured.

    `secrets` are never shown: no prompt contains them, and a statement that does is dropped.
    """

    ledger: Ledger
    finder: Finder
    actions: Actions
    today: Callable[[], str]
    chat_model: ChatModel | None = None
    budget: Budget = field(default_factory=Budget)
    secrets: tuple[str, ...] = ()
    stop: threading.Event = field(default_factory=threading.Event)


def talked(
    parts: ChatParts,
    chat_model: ChatModel,
    messages: Sequence[Mapping[str, Any]],
    tools: Sequence[Mapping[str, Any]] = (),
) -> Generator[str | ToolCall | Usage | Retracted, None, None]:
    """Stream a model's reply, within the budget. One that ends without usage is charged at the maximum.

    Raises JudgeError, or BudgetReached before any request is made.
    """
    reserved = parts.budget.reserve(len(str(messages)), "chat")
    bill, has_come = None, False
    try:
        with closing(chat_model.stream(messages, tools)) as stream:
            for piece in stream:
                bill, has_come = piece if isinstance(piece, Usage) else bill, True
                yield piece
    finally:
        if bill is not None and any(bill):
            parts.budget.settle(reserved, *bill, claim="chat")
        else:
            parts.budget.forfeit(reserved, "chat", answers=int(has_come))
