"""Choose a report's pictures from its data. Pure: `charts` draws them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from agent.reports import charts
from agent.reports.to_schema import claim_of
from agent.views.model import ClaimStatus, Report
from store.records import Run

OF_LINE = ("timeline", "evidence", "scope")


@dataclass(frozen=True)
class Picture:
    """A chart's Vega-Lite specification, as JSON, and its text alternative."""

    name: str
    described: str

    @property
    def alternative(self) -> str:
        """The text alternative."""
        return str(json.loads(self.described)["description"])


def of_line(report: Report, line_id: str, name: str) -> Picture | None:
    """A picture of a line, or None if there is no such picture or nothing to show."""
    statuses = next((found for line, found in report.lines if line.id == line_id), [])
    if name not in OF_LINE or not statuses:
        return None
    claims = [claim_of(s, report.today) for s in statuses]
    made: charts.Chart
    if name == "evidence" and not any(c.quotes for c in claims):
        return None
    if name == "timeline":
        made = charts.verdicts(claims, report.today)
    elif name == "evidence":
        made = charts.evidence(claims)
    else:
        rows = scope_rows(statuses)
        if not any(r["match"] == "different" for r in rows):
            return None
        made = charts.scope(rows)
    return Picture(f"{line_id}-{name}", made.to_json())


def names_of_line(report: Report, line_id: str) -> list[str]:
    """The names of a line's pictures."""
    return [name for name in OF_LINE if of_line(report, line_id, name)]


def of_runs(runs: Iterable[Run]) -> Picture:
    """Pairs screened in each run."""
    rows = [(r.as_of, int(r.counts.get("pairs_screened", 0))) for r in runs]
    return Picture("screened", charts.screened(rows).to_json())


def scope_rows(statuses: Iterable[ClaimStatus]) -> list[dict[str, str]]:
    """For each adverse quote or lead and each axis: whether its scope matches the claim's."""
    return [
        {"claim": s.claim.id, "axis": axis, "match": match}
        for s in statuses for c in (*s.citations, *s.leads) if c.evidence.stance != "supports"
        for axis, match in c.evidence.scope_match.items()
    ]  # fmt: skip


def every(report: Report, runs: Iterable[Run]) -> list[Picture]:
    """All pictures of a report, line by line, then the chart of the runs."""
    found = [of_line(report, line.id, name) for line, _ in report.lines for name in OF_LINE]
    return [p for p in (*found, of_runs(runs)) if p is not None]
