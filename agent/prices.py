"""Token prices of models: the home's own `prices.toml`, then the shipped table."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from agent.core.budget import Price
from agent.errors import SettingsError

SHIPPED = Path(__file__).with_name("prices.toml")


def price_of(model: str, home: Path) -> Price | None:
    """Dollars per million tokens, or None for a model that is in no table.

    Raises SettingsError naming the file and the model if the prices are missing or not numbers.
    """
    for path in (home / "prices.toml", SHIPPED):
        row = _table(path).get(model)
        if row is not None:
            return _price(path, model, row)
    return None


def _table(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot read {path}: {error}", "correct or remove it") from error


def _price(path: Path, model: str, row: Any) -> Price:
    try:
        price = Price(
            float(row["in"]), float(row.get("cached", row["in"])), float(row["out"]),
            float(row.get("batch", 0.5)),
        )  # fmt: skip
    except (TypeError, KeyError, ValueError, AttributeError):
        price = Price(-1.0, -1.0, -1.0)
    if min(price) < 0:
        raise SettingsError(
            f"{path}: the prices of {model!r} must be numbers of 0 or more",
            "write: in = 0.25, cached = 0.025, out = 2.0 (dollars per million tokens)",
        )
    return price
