"""Load a report and everything its formats need."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date

from sqlalchemy import Connection

import store.claims
import store.lines
import store.runs
import store.verdicts
from agent.core.window import is_month
from agent.errors import UsageError
from agent.reports import markdown
from agent.reports.forms import Made
from agent.views.load import load
from agent.views.model import Contents, build
from store.records import Line, Run

MOST_RUNS = 52


def make(
    db: Connection, today: str, *, lines: Collection[str] = (), claims: Collection[str] = (), since: str = ""
) -> Made:
    """A report on all claims, or on some lines or claims; changes since a run or day, or of the last run.

    Raises UsageError if a line, claim, run or day is not valid.
    """
    only = _chosen(db, set(lines), set(claims))
    contents = load(db, today, only=only, since=_instant(db, since, today), gates=False)
    last = store.verdicts.last_run(db)
    contents = replace(contents, changed_in=store.runs.get(db, last) if last else None)
    if lines:
        own_lines = {line for c in contents.claims if c.id in claims for line in c.lines}
        contents = _narrowed(contents, {*lines, *own_lines})
    runs = [r for r in store.runs.recent(db, MOST_RUNS) if r.finished_at]
    return Made(build(contents), contents.papers, tuple(reversed(runs)))


def of_run(db: Connection, run: Run) -> str:
    """The report stored in a run's folder, as Markdown. `run` may be newer than its row in the ledger."""
    return markdown.render(build(replace(load(db, run.as_of, run_id=run.id), run=run)))


def _narrowed(contents: Contents, lines: Collection[str]) -> Contents:
    return replace(contents, lines=[x for x in contents.lines if x.id in lines],
                   next_lines=[n for n in contents.next_lines if n.line_id in lines])  # fmt: skip


def _chosen(db: Connection, lines: set[str], claims: set[str]) -> list[str] | None:
    if not lines and not claims:
        return None
    known: dict[str, Line] = {x.id: x for x in store.lines.active(db)}
    if unknown := lines - set(known):
        raise UsageError(f"no line {min(unknown)!r}", "retest line list names them")
    active = {c.id: c for c in store.claims.active(db)}
    if unknown := claims - set(active):
        raise UsageError(f"no claim {min(unknown)!r}", "retest claim list names them")
    return [i for i, c in active.items() if i in claims or lines & set(c.lines)]


def _instant(db: Connection, since: str, today: str) -> str:
    """The instant from which changes are counted: the end of a run or of a day."""
    if not since:
        return ""
    run = store.runs.get(db, since)
    if run is not None:
        return run.finished_at or run.started_at
    try:
        day = date.fromisoformat(f"{since}-01" if is_month(since) else since).isoformat()
    except ValueError:
        raise UsageError(f"{since!r} is no run and no day", "name a run, or write YYYY-MM-DD") from None
    if day > today:
        raise UsageError(f"{since} is in the future", "name a past day")
    return f"{day}T23:59:59+00:00"
