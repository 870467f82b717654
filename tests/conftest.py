"""Shared homes, claims and papers. Everything is real except the servers of the judge and of arXiv."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

import store.claims
import store.lines
from store.home.files import Home
from store.ledger import Ledger
from store.records import Axis, Claim, Line, Paper, Provenance, Source

SHARED = Path(os.environ.get("RETEST_SHARED", Path(__file__).parents[2] / "shared")) / "data"
settings.register_profile("shared machines", deadline=None)  # how long a case takes depends on the machine
settings.load_profile("shared machines")
NOW = datetime(2026, 9, 1, 6, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(("RETEST_", "OPENAI_", "LANGSMITH_", "LANGCHAIN_")):
            monkeypatch.delenv(name)


@pytest.fixture
def shared_data() -> Path:
    """The shared data, read in place."""
    if not SHARED.exists():
        pytest.skip(f"shared data is absent: {SHARED}")
    return SHARED


class StillClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOW


def make_claim(claim_id: str = "tuning-hurts", **changes: Any) -> Claim:
    """A claim about fine-tuning and faithfulness."""
    values: dict[str, object] = {
        "id": claim_id,
        "text": "Fine-tuning lowers the faithfulness of a model's chain of thought.",
        "kind": "claim",
        "lines": ("faith",),
        "as_of": "2024-11",
        "sources": (Source("2411.15382"),),
        "provenance": (Provenance("a document", "line 1"),),
        "durable_question": "Does tuning decide faithfulness?",
        "perishable_limitation": "Outcome rewards only.",
        "scope": {"training": Axis("fine-tuning", ("fine-tun",), load_bearing=True)},
    }
    return Claim(**(values | changes))  # type: ignore[arg-type]  # values are of many types


def make_paper(number: int = 1, **changes: object) -> Paper:
    """A paper newer than the claim."""
    values: dict[str, object] = {
        "id": f"2506.{number:05d}",
        "title": f"Fine-tuning and the faithfulness of chain of thought, part {number}",
        "abstract": f"We study fine-tuning of model {number}. We find that fine-tuning lowers the "
        f"faithfulness of its chain of thought in {number} of 9 tasks. Code is available.",
        "published": "2025-06-15",
        "version": 1,
        "authors": (f"Author {number}",),
    }
    return Paper(**(values | changes))  # type: ignore[arg-type]  # values are of many types


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home with one line and one claim."""
    return seeded_home(tmp_path / "home")


def seeded_home(root: Path) -> Home:
    """A new home with one line and one claim."""
    home = Home(root)
    home.root.mkdir()
    ledger = Ledger.open(home.ledger, create=True)
    with ledger.write() as db:
        store.lines.save_all(db, [Line("faith", "Faithfulness", "Is reasoning faithful?")])
        store.claims.save(db, make_claim(), "2026-08-01T00:00:00+00:00")
    ledger.close()
    return home
