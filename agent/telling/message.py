"""What is told of a run: what flipped, the quote that did it, and the run's health. Pure.

Text from papers and claims is data: the plain text has no control characters, the HTML escapes everything.
"""

from __future__ import annotations

from html import escape
from typing import Any, NamedTuple

from agent.reports.documents import url_of
from agent.reports.model import Change, Report
from agent.text import without_controls
from store.standing import NONE_YET

NEWS = ("relaxed", "contradicted", "open")


class Told(NamedTuple):
    """One verdict that changed, and the quote that changed it."""

    claim_id: str
    claim: str
    before: str
    after: str
    condition: str
    quote: str
    paper: str
    url: str


class Message(NamedTuple):
    """What a run has to say."""

    run_id: str
    day: str
    finished_at: str
    health: str
    reasons: tuple[str, ...]
    changes: tuple[Told, ...]

    @property
    def subject(self) -> str:
        """One line."""
        n = len(self.changes)
        what = f"{n} verdict{'s' if n != 1 else ''} changed" if n else "unchanged"
        return f"Retest {self.day}: {what}" + ("" if self.health == "complete" else f" ({self.health})")


def message_of(report: Report) -> Message | None:
    """What the report's run has to say; None where no run has finished.

    A claim's first verdict is news only when it is adverse, or when a person should look.
    """
    run = report.run
    if run is None or run.finished_at is None:
        return None
    named = [
        c for c in report.changes if (c.before and c.before.standing != NONE_YET) or c.after.standing in NEWS
    ]
    told = tuple(map(_told, named))
    return Message(run.id, run.as_of, run.finished_at, run.health, run.reasons, told)


def _is_news(change: Change) -> bool:
    return bool(change.before and change.before.standing != NONE_YET) or change.after.standing in NEWS


def _told(change: Change) -> Told:
    adverse = [c for c in change.citations if c.evidence.stance != "supports"] or change.citations
    best = max(adverse, key=lambda c: (c.evidence.strength, c.evidence.id), default=None)
    shown = (_line(best.quote), _line(best.paper.title), url_of(best)) if best else ("", "", "")
    before = change.before.standing if change.before else NONE_YET
    claim, after = change.status.claim, change.after
    return Told(claim.id, _line(claim.text), before, after.standing, _line(after.condition), *shown)


def as_text(message: Message) -> str:
    """The message as plain text."""
    lines = [message.subject, ""]
    for told in message.changes:
        lines += [f"{told.before} -> {told.after}: {told.claim} ({told.claim_id})"]
        lines += [f"  holds unless: {told.condition}"] if told.condition else []
        lines += [f"  “{told.quote}”", f"  {told.paper} {told.url}"] if told.quote else []
        lines.append("")
    lines.append(f"run {message.run_id}: {message.health}")
    return "\n".join([*lines, *(f"  {_line(r)}" for r in message.reasons)]) + "\n"


def as_html(message: Message) -> str:
    """The message as HTML: text only, and links to arXiv."""
    parts = [f"<h1>{escape(message.subject)}</h1>"]
    for told in message.changes:
        parts.append(f"<p><b>{escape(told.before)} → {escape(told.after)}</b>: {escape(told.claim)} "
                     f"<code>{escape(told.claim_id)}</code></p>")  # fmt: skip
        if told.condition:
            parts.append(f"<p>Holds unless: {escape(told.condition)}</p>")
        if told.quote:
            link = f'<a href="{escape(told.url)}">{escape(told.paper)}</a>'
            parts.append(f"<blockquote>“{escape(told.quote)}”<br>{link}</blockquote>")
    reasons = "".join(f"<li>{escape(_line(r))}</li>" for r in message.reasons)
    return "\n".join(
        [*parts, f"<p>Run {escape(message.run_id)}: {escape(message.health)}</p><ul>{reasons}</ul>"]
    )


def as_document(message: Message) -> dict[str, Any]:
    """The message as JSON."""
    return {
        **message._asdict(),
        "subject": message.subject,
        "changes": [t._asdict() for t in message.changes],
    }


def _line(text: str) -> str:
    return " ".join(without_controls(text).split())
