"""The Markdown report's sections on open matters: disagreements, questions, ungrounded claims."""

from __future__ import annotations

from collections.abc import Iterator

from agent.reports.markdown_parts import cited, grounded
from agent.text import escape
from agent.views.model import Report

MOST_QUESTIONS = 6


def render(report: Report) -> Iterator[str]:
    """All these sections, in order."""
    yield from _tensions(report)
    yield from _questions(report)
    yield from _ungrounded(report)
    yield from _untested(report)


def _tensions(report: Report) -> Iterator[str]:
    """Papers that disagree and, if a model wrote about it, why."""
    yield "## Disagreements of the last six months"
    yield ""
    if not report.tensions:
        yield "None found."
        yield ""
    for status, supporting, adverse, axes in report.tensions:
        yield f"- `{status.claim.id}`" + (f", may differ in {', '.join(axes)}" if axes else "")
        yield f"  - for: {cited(supporting)}"
        yield f"  - against: {cited(adverse)}"
        writing = report.reconciliation(supporting, adverse)
        if writing:
            yield f"  - differ in: {writing.sentences[0].role} (written by `{writing.writer}`)"
            yield from (f"    - {grounded(report, s)}" for s in writing.sentences)
        yield ""


def _questions(report: Report) -> Iterator[str]:
    """Regime-shift questions, which need a writing model; without one, what they could be about."""
    yield "## Regime-shift questions"
    yield ""
    asked = report.written("questions")
    for line, sentences in asked:
        yield f"**{escape(line.title)}**"
        yield ""
        for sentence in sentences:
            mark = "- " if sentence.role == "question" else "  - what would settle it: "
            yield mark + grounded(report, sentence)
        yield ""
    if not asked:
        yield from _askable(report)
    yield "## Next lines"
    yield ""
    proposed = report.written("next lines")
    yield from (f"- {grounded(report, s)}" for _, sentences in proposed for s in sentences)
    for note in report.next_lines:
        yield f"- {escape(note.text)} (from {escape(note.document)}, {note.place})"
    if not proposed and not report.next_lines:
        yield "None proposed."
    yield ""


def _askable(report: Report) -> Iterator[str]:
    yield "None proposed: this needs a writing model. They could be asked about:"
    yield ""
    about = {
        s.claim.id: f"papers of the last six months disagree on `{s.claim.id}`" for s, *_ in report.tensions
    }
    shifted = [c.status for c in report.changes if c.status.name in ("relaxed", "contradicted")]
    about |= {s.claim.id: f"`{s.claim.id}` is now {s.standing}" for s in shifted if s.claim.id not in about}
    for claim_id, what in list(about.items())[:MOST_QUESTIONS]:
        asked = next(s.claim.durable_question for s in report.statuses if s.claim.id == claim_id)
        yield f"- {what}: {escape(asked or 'no durable question is stated')}"
    if not about:
        yield "- nothing: no claim shifted in this run, and no recent papers disagree"
    yield ""


def _ungrounded(report: Report) -> Iterator[str]:
    """Claims that are not grounded in a paper."""
    yield "## Could not be grounded"
    yield ""
    if not report.ungrounded:
        yield "Every claim names its source."
    for status, why in report.ungrounded:
        yield f"- `{status.claim.id}`: {why}"
    yield ""


def _untested(report: Report) -> Iterator[str]:
    """Claims without a verdict."""
    yield "## Never tested, or not yet"
    yield ""
    if not report.untested:
        yield "None."
    for status in report.untested:
        why = escape(status.verdict.reason) if status.verdict else "never retested"
        yield f"- `{status.claim.id}`: {why}"
    yield ""
