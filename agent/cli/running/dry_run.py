"""Output of `retest run --dry-run`: claims due, their windows, and the requests and calls expected."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import click
from sqlalchemy import Connection

import store.calls
import store.claims
import store.lines
import store.runs
from agent.cli.shared import print_json, reading
from agent.core.budget import Budget
from agent.core.disagreement import MOST_PAIRS
from agent.core.sampling import SAMPLES
from agent.core.window import shown_bound
from agent.errors import UsageError
from agent.prices import price_of
from agent.run.collecting import looked_until, wanted_for
from agent.run.rechecking import cited_papers
from agent.settings import Settings
from store.records import Claim

SECONDS_A_REQUEST = 3.2
ASSUMED_TOKENS = (2500.0, 400.0)
"""Tokens in and out per call, until there are calls to average."""


def show(settings: Settings, day: str, claims: list[str], lines: list[str], *, as_json: bool) -> None:
    """Print the plan of a run without loading a model, querying arXiv or writing anything."""
    plan = _plan(settings, day, claims, lines)
    if as_json:
        print_json(plan)
        return
    for claim in plan["claims"]:
        after = f"after {claim['after']}" if claim["after"] else "of any date"
        click.echo(f"{claim['id']}: papers {after} up to {day}")
    requests = plan["arxiv_requests"]
    if settings.source == "arxiv":
        others = ", ".join(f"{way} {cost}" for way, cost in plan["ways"].items())
        click.echo(
            f"collecting by {plan['way']}: about {requests} requests ({others}), then at most "
            f"{plan['downloads_at_most']} downloads; at most {plan['minutes_of_requests_at_most']} minutes"
        )
    if plan["calls_at_most"]:
        usd = plan["usd_at_most"]
        money = "price unknown" if usd is None else f"${usd:.2f}"
        click.echo(
            f"at most {plan['calls_at_most']} LLM calls, {plan['tokens_in_at_most']} tokens in, "
            f"{plan['tokens_out_at_most']} out, {money}; caps: {plan['budget'] or 'none'} per run, "
            f"{plan['claim_budget'] or 'none'} per claim"
        )
    if plan["papers_expected"] is not None:
        click.echo(f"about {plan['papers_expected']} new papers expected, at the pace of the last run")
    click.echo(
        f"{len(plan['claims'])} claims due; at most {plan['arxiv_requests_at_most']} arXiv requests and "
        f"{plan['pairs_judged_at_most']} judged pairs; nothing was written"
    )


def _plan(settings: Settings, day: str, claims: list[str], lines: list[str]) -> dict[str, Any]:
    from agent.wiring.judges import stance_judge
    from agent.wiring.papers import outlook

    judge = stance_judge(settings).name
    with reading(settings) as db:
        active = store.claims.active(db)
        unknown = set(claims) - {c.id for c in active} | set(lines) - {x for c in active for x in c.lines}
        if unknown:
            raise UsageError(f"no claim or line {min(unknown)!r}", "retest status lists them")
        due = [c for c in active if not (claims or lines) or c.id in claims or set(c.lines) & set(lines)]
        last = store.runs.last_healthy_of_all(db, settings.source, judge)
        cited = cited_papers(db, settings.source)
        own = store.lines.categories(db)
        mean, papers = store.calls.mean_tokens(db), _expected(db, settings, day)
    wanted = [
        wanted_for(c, looked_until(settings.source, last.get((c.id, c.revision))), day, own) for c in due
    ]
    forecast = outlook(settings, wanted, cited)
    files = min(settings.downloads, len(due) * settings.whole) if settings.source == "arxiv" else 0
    most = forecast.requests + 2 * files
    return {
        "claims": [{"id": w.claim.id, "after": _shown(w.after), "until": day} for w in wanted],
        "source": settings.source,
        "judge": judge,
        "way": forecast.way,
        "ways": forecast.ways,
        "papers_checked_again": len(cited.ids),
        "arxiv_requests": forecast.requests,
        "downloads_at_most": files,
        "arxiv_requests_at_most": most,
        "minutes_of_requests_at_most": round(most * SECONDS_A_REQUEST / 60, 1),
        "pairs_judged_at_most": len(due) * settings.keep,
        "papers_expected": papers,
        "writings_at_most": _writings(settings, due),
    } | _paid(settings, _judged(settings, due) + _writings(settings, due), mean)


def _judged(settings: Settings, due: Sequence[Claim]) -> int:
    """Upper bound on calls to the judge, with every pair sampled as often as possible."""
    return len(due) * settings.keep * SAMPLES if settings.judge == "llm" else 0


def _writings(settings: Settings, due: Sequence[Claim]) -> int:
    """Upper bound on calls to the writer: the strongest pairs of each claim, and one per line."""
    writes = "llm" in (settings.judge if settings.writer == "auto" else settings.writer)
    return len(due) * MOST_PAIRS + len({line for c in due for line in c.lines}) if writes else 0


def _paid(settings: Settings, calls: int, mean: tuple[float, float] | None) -> dict[str, Any]:
    """Upper bound on LLM tokens and cost, from mean tokens per call so far, else from `ASSUMED_TOKENS`."""
    tokens_in, tokens_out = (round(calls * m) for m in mean or ASSUMED_TOKENS)
    price = price_of(settings.model, settings.home)
    cost = Budget(price=price).cost(tokens_in, tokens_out) if price else None
    return {
        "calls_at_most": calls, "tokens_in_at_most": tokens_in, "tokens_out_at_most": tokens_out,
        "usd_at_most": None if cost is None else round(cost, 4), "budget": settings.budget,
        "claim_budget": settings.claim_budget,
    }  # fmt: skip


def _expected(db: Connection, settings: Settings, day: str) -> int | None:
    """New papers expected at the pace of the last complete run; None with fewer than two such runs."""
    runs = [r for r in store.runs.recent(db) if r.source == settings.source and r.health == "complete"]
    if len(runs) <= 1:
        return None
    days = max((date.fromisoformat(runs[0].as_of) - date.fromisoformat(runs[1].as_of)).days, 1)
    ahead = max((date.fromisoformat(day) - date.fromisoformat(runs[0].as_of)).days, 0)
    return round(int(runs[0].counts.get("papers_new", 0)) / days * ahead)


def _shown(after: str | None) -> str | None:
    """Format a bound for people: the month alone if the whole month is meant."""
    return shown_bound(after) if after else None
