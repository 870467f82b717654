"""What to report about a run: changed verdicts, the quotes that changed them, and the run's health. Pure.

Text from papers and claims is data: plain text has no control characters, and HTML escapes everything.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from jinja2 import Environment, PackageLoader

from agent.ports.channels import Message
from agent.text import without_controls
from agent.views.claim import url_of
from agent.views.model import Change, Report
from agent.views.wording import changes_told
from store.standing import NONE_YET

ALWAYS_NEWS = ("relaxed", "contradicted", "open")


class ChangedVerdict(NamedTuple):
    """One verdict that changed, and the quote that changed it."""

    claim_id: str
    claim: str
    before: str
    after: str
    condition: str
    quote: str
    paper: str
    url: str


class News(NamedTuple):
    """What a run has to report. `changes` are those worth telling; the counts are of all."""

    run_id: str
    day: str
    finished_at: str
    health: str
    reasons: tuple[str, ...]
    changes: tuple[ChangedVerdict, ...]
    verdicts_changed: int
    first_verdicts: int

    @property
    def subject(self) -> str:
        """The subject line."""
        told = changes_told(self.verdicts_changed, self.first_verdicts)
        return f"Retest {self.day}: {told}" + ("" if self.health == "complete" else f" ({self.health})")


def news_of(report: Report) -> News | None:
    """What the report's run has to report, or None if no run has finished.

    A claim's first verdict is news only if it is adverse or needs a person's review.
    """
    run = report.run
    if run is None or run.finished_at is None:
        return None
    told = tuple(_changed(c) for c in report.changes if _is_news(c))
    return News(run.id, run.as_of, run.finished_at, run.health, run.reasons, told, *report.change_counts)


def message_of(news: News) -> Message:
    """The news as a message for channels."""
    return Message(news.run_id, news.subject, as_text(news), as_html(news), as_document(news))


def _is_news(change: Change) -> bool:
    return not change.is_first or change.after.standing in ALWAYS_NEWS


def _changed(change: Change) -> ChangedVerdict:
    adverse = [c for c in change.citations if c.evidence.stance != "supports"] or change.citations
    best = max(adverse, key=lambda c: (c.evidence.strength, c.evidence.id), default=None)
    shown = (_line(best.quote), _line(best.paper.title), url_of(best)) if best else ("", "", "")
    before = change.before.standing if change.before else NONE_YET
    claim, after = change.status.claim, change.after
    return ChangedVerdict(claim.id, _line(claim.text), before, after.standing, _line(after.condition), *shown)


def as_text(news: News) -> str:
    """The news as plain text."""
    lines = [news.subject, ""]
    for change in news.changes:
        lines += [f"{change.before} -> {change.after}: {change.claim} ({change.claim_id})"]
        lines += [f"  holds unless: {change.condition}"] if change.condition else []
        lines += [f"  “{change.quote}”", f"  {change.paper} {change.url}"] if change.quote else []
        lines.append("")
    lines.append(f"run {news.run_id}: {news.health}")
    return "\n".join([*lines, *(f"  {_line(r)}" for r in news.reasons)]) + "\n"


def as_html(news: News) -> str:
    """The news as HTML: text only, all of it escaped, and links to arXiv."""
    template = _templates().get_template("news.html")
    return template.render(news=news, reasons=[_line(reason) for reason in news.reasons])


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("agent.telling"), autoescape=True)


def as_document(news: News) -> dict[str, Any]:
    """The news as JSON."""
    return {
        **news._asdict(),
        "subject": news.subject,
        "changes": [c._asdict() for c in news.changes],
    }


def _line(text: str) -> str:
    return " ".join(without_controls(text).split())
