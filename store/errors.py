"""What can go wrong with what is stored. The agent turns these into one-line messages.

StoreError
├── LedgerError       absent, unreadable, or written by a newer program
├── VectorIndexError  the vector index cannot be used; it can always be rebuilt
└── Locked            another process holds a lock
"""

from __future__ import annotations


class StoreError(Exception):
    """Base: `message` names the thing, `way_out` says what to do."""

    def __init__(self, message: str, way_out: str = "") -> None:
        super().__init__(message, way_out)
        self.message = message
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.message}; {self.way_out}" if self.way_out else self.message


class LedgerError(StoreError):
    """The ledger is absent, unreadable, or written by a newer program."""


class VectorIndexError(StoreError):
    """The vector index cannot be used; it can always be rebuilt from the ledger."""


class Locked(StoreError):
    """Another process holds a lock."""
