"""A run's budget. Cost is reserved before each call, so the cap holds whatever the call returns."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from agent.errors import RetestError


class Price(NamedTuple):
    """Dollars per million tokens: input, cached input, and output; and what share of it a batch costs."""

    tokens_in: float = 0.0
    cached: float = 0.0
    tokens_out: float = 0.0
    batch: float = 0.5


FREE = Price()


class BudgetReached(RetestError):
    """The next call could exceed the run's cap."""

    exit_code = 4

    def __init__(self) -> None:
        super().__init__("the budget is reached: the next call could go over it", "give a larger one")


class ClaimBudgetReached(BudgetReached):
    """The next call could exceed a claim's cap; other claims continue."""


@dataclass
class Budget:
    """Dollars a run may spend, in total and per claim; a cap of None means no cap."""

    cap: float | None = None
    claim_cap: float | None = None
    price: Price = FREE
    answer_tokens: int = 2000
    spent: float = 0.0
    was_reached: bool = False
    """Whether a call was refused for a cap, the run's or a claim's."""
    by_claim: dict[str, float] = field(default_factory=dict)
    _reserved: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cost(
        self, tokens_in: int, tokens_out: int, tokens_cached: int = 0, *, batched: bool = False
    ) -> float:
        """The cost of these tokens in dollars; `tokens_cached` is included in `tokens_in`."""
        fresh = (tokens_in - tokens_cached) * self.price.tokens_in
        whole = (fresh + tokens_cached * self.price.cached + tokens_out * self.price.tokens_out) / 1e6
        return whole * self.price.batch if batched else whole

    def cost_of(self, spent: Mapping[str, Any]) -> float:
        """The cost of a claim's calls, as `store.calls.spent` adds them up."""
        names = ("tokens_in", "tokens_out", "tokens_cached")
        whole, batched = [spent[n] for n in names], [spent.get("batched", {}).get(n, 0) for n in names]
        return self.cost(*whole) - self.cost(*batched) + self.cost(*batched, batched=True)

    def reserve(self, characters: int, claim: str = "", *, batched: bool = False) -> float:
        """Reserve the most that a request of this many characters can cost, and charge it to a claim.

        Raises BudgetReached if that could exceed the run's cap, ClaimBudgetReached if the claim's.
        """
        most = self.cost(characters, self.answer_tokens, batched=batched)
        with self._lock:
            if self.cap is not None and self.spent + self._reserved + most > self.cap:
                self.was_reached = True
                raise BudgetReached
            if self.claim_cap is not None and self.by_claim.get(claim, 0.0) + most > self.claim_cap:
                self.was_reached = True
                raise ClaimBudgetReached
            self._reserved += most
            self._count(claim, most)
        return most

    def forfeit(self, reserved: float, claim: str = "", *, answers: int) -> None:
        """Release the reservation of a failed call; each unusable answer is charged in full."""
        with self._lock:
            self._reserved -= reserved
            self.spent += reserved * answers
            self._count(claim, reserved * (answers - 1))

    def settle(
        self, reserved: float, tokens_in: int, tokens_out: int, tokens_cached: int = 0, claim: str = "",
        *, batched: bool = False,
    ) -> None:  # fmt: skip
        """Replace a reservation with the actual cost of the call."""
        cost = self.cost(tokens_in, tokens_out, tokens_cached, batched=batched)
        with self._lock:
            self._reserved -= reserved
            self.spent += cost
            self._count(claim, cost - reserved)

    def before(self, claim: str, cost: float) -> None:
        """Count what was spent on a claim before the run was interrupted."""
        with self._lock:
            self.spent += cost
            self._count(claim, cost)

    def _count(self, claim: str, dollars: float) -> None:
        self.by_claim[claim] = self.by_claim.get(claim, 0.0) + dollars
