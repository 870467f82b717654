"""Storage failures, and the base class of every failure that a user can see.

Failure                     one line: what is wrong and how to fix it; exit code 2 by default
└── StoreError
    ├── LedgerError         absent, unreadable, or written by a newer program
    ├── VectorIndexError    the vector index cannot be used; it can always be rebuilt
    └── Locked              another process holds a lock
"""

from __future__ import annotations


class Failure(Exception):
    """An expected failure: `message` says what is wrong and where, `way_out` what to do about it."""

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
