"""The parts of a chat, made by wiring and handed to every node."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from agent.chat.finding import Finder
from agent.ports import Deeds, Talker
from agent.retest.budget import Budget
from store.ledger import Ledger


@dataclass(frozen=True)
class ChatParts:
    """What answering works with. The ledger is open for reading alone; `talker` is None without a model.

    `secrets` are never shown: no prompt holds them, and a statement that does is struck.
    """

    ledger: Ledger
    finder: Finder
    deeds: Deeds
    today: Callable[[], str]
    talker: Talker | None = None
    budget: Budget = field(default_factory=Budget)
    secrets: tuple[str, ...] = ()
    stop: threading.Event = field(default_factory=threading.Event)
