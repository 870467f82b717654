"""What `retest run --dry-run` shows: claims due, windows, what arXiv and the judge would be asked."""

from __future__ import annotations

from typing import Any

import click

import store.claims
import store.runs
from agent.cli.shared import print_json, reading
from agent.errors import UsageError
from agent.ports import Wanted
from agent.retest.standing import known_papers
from agent.retest.window import window_start
from agent.settings import Settings

SECONDS_A_REQUEST = 3.2


def show(settings: Settings, day: str, claims: list[str], lines: list[str], *, as_json: bool) -> None:
    """Print the plan of a run without loading a model, asking arXiv or writing anything."""
    plan = _plan(settings, day, claims, lines)
    if as_json:
        print_json(plan)
        return
    for claim in plan["claims"]:
        click.echo(f"{claim['id']}: papers after {claim['after'] or 'any day'} up to {day}")
    asked = plan["arxiv_requests"]
    if settings.source == "arxiv":
        others = ", ".join(f"{way} {cost}" for way, cost in plan["ways"].items())
        click.echo(
            f"collect by {plan['way']}: about {asked} requests ({others}); then at most "
            f"{plan['downloads_at_most']} papers downloaded; {plan['minutes_of_requests_at_most']} minutes"
        )
    click.echo(
        f"{len(plan['claims'])} claims due; at most {plan['arxiv_requests_at_most']} arXiv requests and "
        f"{plan['pairs_judged_at_most']} judged pairs; nothing was written"
    )


def _plan(settings: Settings, day: str, claims: list[str], lines: list[str]) -> dict[str, Any]:
    from agent.wiring.judges import stance_judge
    from agent.wiring.papers import outlook

    judge = stance_judge(settings)
    with reading(settings) as db:
        active = store.claims.active(db)
        unknown = set(claims) - {c.id for c in active} | set(lines) - {x for c in active for x in c.lines}
        if unknown:
            raise UsageError(f"no claim or line {min(unknown)!r}", "retest status lists them")
        due = [c for c in active if not (claims or lines) or c.id in claims or set(c.lines) & set(lines)]
        last = {c.id: store.runs.last_healthy(db, c.id, c.revision, settings.source, judge.name) for c in due}
        known = known_papers(db, settings.source)
    ends = {claim_id: kept.window_to if kept else None for claim_id, kept in last.items()}
    wanted = [Wanted(c, window_start(c.as_of, ends[c.id]), day) for c in due]
    told = outlook(settings, wanted, known)
    files = min(settings.downloads, len(due) * settings.whole) if settings.source == "arxiv" else 0
    most = told.requests + 2 * files
    return {
        "claims": [{"id": w.claim.id, "after": _shown(w.after), "until": day} for w in wanted],
        "source": settings.source,
        "judge": judge.name,
        "way": told.way,
        "ways": told.ways,
        "papers_checked_again": len(known.ids),
        "arxiv_requests": told.requests,
        "downloads_at_most": files,
        "arxiv_requests_at_most": most,
        "minutes_of_requests_at_most": round(most * SECONDS_A_REQUEST / 60, 1),
        "pairs_judged_at_most": len(due) * settings.keep,
    }


def _shown(after: str | None) -> str | None:
    """A bound as people write it: the month alone where the whole month is meant."""
    return after.removesuffix("-32") if after else None
