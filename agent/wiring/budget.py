"""Settings into a budget."""

from __future__ import annotations

from agent.core.budget import FREE, Budget
from agent.errors import SettingsError
from agent.prices import price_of
from agent.settings import Settings


def budget(settings: Settings) -> Budget:
    """The budget of a run. Raises SettingsError for a cap on a model whose price is unknown."""
    price = price_of(settings.model, settings.home) if "llm" in (settings.judge, settings.writer) else FREE
    if price is None and (settings.budget or settings.claim_budget):
        raise SettingsError(
            f"a budget needs the price of {settings.model!r}", f"add it to {settings.home / 'prices.toml'}"
        )
    return Budget(
        settings.budget or None, settings.claim_budget or None, price or FREE,
        answer_tokens=settings.llm_tokens,
    )  # fmt: skip
