"""Where messages go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Message:
    """What a channel delivers of one run: a subject, and the body as text, as HTML and as JSON."""

    run_id: str
    subject: str
    text: str
    html: str
    document: dict[str, Any]


class Channel(Protocol):
    """Tells people."""

    def send(self, message: Message) -> None:
        """Deliver a message. Raises DeliveryError when that fails; what is raised holds no secret."""
