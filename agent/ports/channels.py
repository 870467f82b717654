"""Channels that deliver messages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Message:
    """The message about one run: a subject, and the body as text, HTML and JSON."""

    run_id: str
    subject: str
    text: str
    html: str
    document: dict[str, Any]


class Channel(Protocol):
    """Delivers messages to people."""

    def send(self, message: Message) -> None:
        """Deliver a message. Raises DeliveryError if that fails; the error contains no secret."""
