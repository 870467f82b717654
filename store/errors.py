"""What can go wrong with what is stored, and the base of every failure a person can meet.

Failure                     one line: what is wrong, and the way out; exit 2 unless told otherwise
└── StoreError
    ├── LedgerError         absent, unreadable, or written by a newer program
    ├── VectorIndexError    the vector index cannot be used; it can always be rebuilt
    └── Locked              another process holds a lock
"""

from __future__ import annotations


class Failure(Exception):
    """An expected failure: `message` names the thing and the place, `way_out` says what to do."""

    exit_code = 2

    def __init__(self, message: str, way_out: str = "") -> None:
        super().__init__(message, way_out)
        self.message = message
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.message}; {self.way_out}" if self.way_out else self.message


class StoreError(Failure):
    """Something is wrong with what is stored."""


class LedgerError(StoreError):
    """The ledger is absent, unreadable, or written by a newer program."""


class VectorIndexError(StoreError):
    """The vector index cannot be used; it can always be rebuilt from the ledger."""


class Locked(StoreError):
    """Another process holds a lock."""
