"""What a run may spend, reserved before each call so that the cap holds whatever comes back."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import NamedTuple

from agent.errors import RetestError


class Price(NamedTuple):
    """Dollars a million tokens: read, read from the provider's cache, and written."""

    tokens_in: float = 0.0
    cached: float = 0.0
    tokens_out: float = 0.0


FREE = Price()


class BudgetReached(RetestError):
    """The next call could go over the run's cap."""

    exit_code = 4

    def __init__(self) -> None:
        super().__init__("the budget is reached: the next call could go over it", "give a larger one")


class ClaimBudgetReached(BudgetReached):
    """The next call could go over a claim's cap; other claims go on."""


@dataclass
class Budget:
    """Dollars a run may spend, and each claim in it; a cap of None is no cap."""

    cap: float | None = None
    claim_cap: float | None = None
    price: Price = FREE
    answer_tokens: int = 2000
    spent: float = 0.0
    by_claim: dict[str, float] = field(default_factory=dict)
    _reserved: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cost(self, tokens_in: int, tokens_out: int, tokens_cached: int = 0) -> float:
        """What so many tokens cost, in dollars; `tokens_cached` are part of `tokens_in`."""
        fresh = (tokens_in - tokens_cached) * self.price.tokens_in
        return (fresh + tokens_cached * self.price.cached + tokens_out * self.price.tokens_out) / 1e6

    def reserve(self, characters: int, claim: str = "") -> float:
        """Set aside the most a request of so many characters can cost a claim.

        Raises BudgetReached when that could go over the run's cap, ClaimBudgetReached over the claim's.
        """
        most = self.cost(characters, self.answer_tokens)
        with self._lock:
            if self.cap is not None and self.spent + self._reserved + most > self.cap:
                raise BudgetReached
            if self.claim_cap is not None and self.by_claim.get(claim, 0.0) + most > self.claim_cap:
                raise ClaimBudgetReached
            self._reserved += most
            self._count(claim, most)
        return most

    def forfeit(self, reserved: float, claim: str = "", *, answers: int) -> None:
        """Release a reservation whose call gave nothing; each unusable answer may have cost all of it."""
        with self._lock:
            self._reserved -= reserved
            self.spent += reserved * answers
            self._count(claim, reserved * (answers - 1))

    def settle(
        self, reserved: float, tokens_in: int, tokens_out: int, tokens_cached: int = 0, claim: str = ""
    ) -> None:
        """Replace a reservation by what the call did cost."""
        cost = self.cost(tokens_in, tokens_out, tokens_cached)
        with self._lock:
            self._reserved -= reserved
            self.spent += cost
            self._count(claim, cost - reserved)

    def before(self, claim: str, cost: float) -> None:
        """Count what was spent on a claim before the run was stopped."""
        with self._lock:
            self.spent += cost
            self._count(claim, cost)

    def _count(self, claim: str, dollars: float) -> None:
        self.by_claim[claim] = self.by_claim.get(claim, 0.0) + dollars
