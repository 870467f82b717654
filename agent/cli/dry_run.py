"""What `retest run --dry-run` shows: claims due, their windows, requests and calls at most."""

from __future__ import annotations

import click

import store.claims
import store.runs
from agent.cli.shared import print_json, reading
from agent.errors import UsageError
from agent.retest.window import window_start
from agent.settings import Settings


def show(settings: Settings, day: str, claims: list[str], lines: list[str], *, as_json: bool) -> None:
    """Print the plan of a run without loading a model, asking arXiv or writing anything."""
    from agent.wiring import stance_judge

    judge = stance_judge(settings)
    with reading(settings) as db:
        active = store.claims.active(db)
        unknown = set(claims) - {c.id for c in active} | set(lines) - {x for c in active for x in c.lines}
        if unknown:
            raise UsageError(f"no claim or line {min(unknown)!r}", "retest status lists them")
        due = [c for c in active if not (claims or lines) or c.id in claims or set(c.lines) & set(lines)]
        last = {c.id: store.runs.last_healthy(db, c.id, c.revision, settings.source, judge.name) for c in due}
    windows = {c.id: window_start(c.as_of, kept.window_to if (kept := last[c.id]) else None) for c in due}
    requests = len(due) * -(-settings.arxiv_results // 100) if settings.source == "arxiv" else 0
    plan = {
        "claims": [{"id": c.id, "after": _shown(windows[c.id]), "until": day} for c in due],
        "source": settings.source,
        "judge": judge.name,
        "arxiv_requests_at_most": requests,
        "minutes_of_requests_at_most": round(requests * 3 / 60, 1),
        "pairs_judged_at_most": len(due) * settings.keep,
    }
    if as_json:
        print_json(plan)
        return
    for claim in due:
        click.echo(f"{claim.id}: papers after {_shown(windows[claim.id]) or 'any day'} up to {day}")
    click.echo(
        f"{len(due)} claims due; at most {requests} arXiv requests and "
        f"{plan['pairs_judged_at_most']} judged pairs; nothing was written"
    )


def _shown(after: str | None) -> str | None:
    """A bound as people write it: the month alone where the whole month is meant."""
    return after.removesuffix("-32") if after else None
