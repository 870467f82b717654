"""The parts of a chat, made by wiring and handed to every node."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from agent.core.budget import Budget
from agent.ports.actions import Actions
from agent.ports.models import ChatModel, ToolCall, Usage
from agent.retrieval.finder import Finder
from store.ledger import Ledger


@dataclass(frozen=True)
class ChatParts:
    """What answering works with. The ledger is open for reading alone; `chat_model` is None without a model.

    `secrets` are never shown: no prompt holds them, and a statement that does is struck.
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
) -> Generator[str | ToolCall | Usage, None, None]:
    """A model's stream, within the budget. What broke off without its bill is counted as dear as it could be.

    Raises JudgeError, and BudgetReached before anything is asked.
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
