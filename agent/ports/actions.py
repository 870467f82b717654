"""What a chat may do beyond reading the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from store.records import Paper


class Actions(Protocol):
    """What a chat may do beyond reading the ledger. Each action needs a person's consent."""

    def newer(self, topic: str, after: str | None) -> Sequence[Paper]:
        """Papers on a topic whose v1 is later than the day `after`, from the configured source.

        Raises SourceError or SnapshotError.
        """

    def retest(self, claim_ids: Sequence[str]) -> str:
        """Start a retest of some claims in a separate process; return a message that says so."""

    def export(self) -> str:
        """Write the claim status report into the home; return a message that says where."""
