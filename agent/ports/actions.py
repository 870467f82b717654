"""What a chat may do beyond reading the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from store.records import Paper


class Actions(Protocol):
    """What a chat may do beyond reading the ledger. Each is done only when a person has said yes."""

    def newer(self, topic: str, after: str | None) -> Sequence[Paper]:
        """Papers on a topic whose v1 is later than the day `after`, from where papers come from.

        Raises SourceError or SnapshotError.
        """

    def retest(self, claim_ids: Sequence[str]) -> str:
        """Begin a retest of some claims in a process of its own; say so."""

    def export(self) -> str:
        """Write the claim status report into the home; say where."""
