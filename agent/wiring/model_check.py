"""Check the configured LLM, and remember in the home how it went."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from agent.core.budget import Budget
from agent.evaluation import model_check
from agent.evaluation.model_check import FIT, Outcome
from agent.prices import price_of
from agent.settings import Settings, without_login
from agent.wiring.judges import llm_judge
from store.home import models
from store.home.files import Home


def check_model(settings: Settings, heard: Callable[[Outcome], None]) -> dict[str, Any]:
    """Ask the model the six questions; see `agent.evaluation.model_check`. The result is stored."""
    judge, price = llm_judge(settings), price_of(settings.model, settings.home)
    outcomes = model_check.check(judge, heard)
    spent = sum(o.tokens_in for o in outcomes), sum(o.tokens_out for o in outcomes)
    found = model_check.summary(outcomes, Budget(price=price).cost(*spent) if price else None)
    found |= {
        "model": settings.model, "endpoint": without_login(settings.base_url) or "OpenAI",
        "judge": judge.name, "checked_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    home = Home(settings.home)
    models.learn(home, settings.base_url, settings.model, {"check": found})
    format_ = models.known(home, settings.base_url, settings.model).get("dialect", {}).get("format")
    return found | {"schema_by": format_ or "json_schema"}


def last_check(settings: Settings) -> dict[str, Any]:
    """The stored result of the configured model's last check; empty if there is none."""
    found = models.known(Home(settings.home), settings.base_url, settings.model).get("check")
    return found if isinstance(found, dict) else {}


def doubt(settings: Settings) -> str:
    """Why the configured model's verdicts may not be trusted; "" if it was found fit or does not judge."""
    if settings.judge != "llm":
        return ""
    checked = last_check(settings)
    if not checked:
        return (
            f"{settings.model} has never been checked; to see whether it is fit to judge: retest model check"
        )
    if checked.get("advice") != FIT:
        day = str(checked.get("checked_at"))[:10]
        return f"{settings.model} was checked on {day}, with the advice: {checked.get('advice')}"
    return ""
