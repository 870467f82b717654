"""The report as Markdown. Text from papers is data: every mark that could act is escaped."""

from __future__ import annotations

import re
from collections.abc import Iterator

from agent.reports.model import Change, Citation, ClaimStatus, Report, url_of
from agent.retest.window import months_between

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>|~$&#!@^])")
_AUTOLINK = re.compile(r":(?=//)|(?<=www)\.", re.I)
_SIDES = (("contradicts", "against"), ("relaxes", "narrows"), ("supports", "for"))

MOST_QUESTIONS = 6


def escape(text: str) -> str:
    """One line of plain text that no Markdown reader takes for anything else."""
    flat = " ".join(text.split())
    return _AUTOLINK.sub(lambda m: "\\" + m[0], _ACTIVE.sub(r"\\\1", flat))


def render(report: Report) -> str:
    """The whole report: what changed, each line, disagreements, questions, what is not grounded, health."""
    parts = [*_head(report), *_changed(report), *_lines(report), *_tensions(report),
             *_questions(report), *_ungrounded(report), *_untested(report), *_health(report)]  # fmt: skip
    return "\n".join(parts).rstrip() + "\n"


def _head(report: Report) -> Iterator[str]:
    yield f"# Claim status report, {report.today}"
    yield ""
    tally = {
        name: sum(s.name == name for s in report.statuses)
        for name in ("still-holds", "relaxed", "contradicted", "none yet")
    }
    yield (f"{len(report.statuses)} claims: " + ", ".join(f"{n} {name}" for name, n in tally.items()) + ".")
    yield ""


def _changed(report: Report) -> Iterator[str]:
    yield "## What changed"
    yield ""
    if not report.changes:
        screened = report.run.counts.get("pairs_screened", 0) if report.run else 0
        yield f"Unchanged, {screened} claim-paper pairs screened."
        yield ""
    quiet = [c for c in report.changes if c.before is None and c.status.name in ("still-holds", "none yet")]
    order = {"contradicted": 0, "relaxed": 1, "still-holds": 2, "none yet": 3}
    loud = [c for c in report.changes if c not in quiet]
    for change in sorted(loud, key=lambda c: order[c.status.name]):
        yield from _change(change)
    for name in ("still-holds", "none yet"):
        ids = [f"`{c.status.claim.id}`" for c in quiet if c.status.name == name]
        if ids:
            yield f"- first retest, **{name}**: {', '.join(ids)}"
            yield ""


def _change(change: Change) -> Iterator[str]:
    status = change.status
    before = (change.before.name if change.before else None) or "none yet"
    yield f"- **{before} → {status.name}**: {escape(status.claim.text)} (`{status.claim.id}`)"
    if status.verdict and status.verdict.condition:
        yield f"  - holds unless: {escape(status.verdict.condition)}"
    adverse = [c for c in status.citations if c.evidence.stance != "supports"]
    for citation in (adverse or status.citations)[:1]:
        yield f"  - {_cited(citation)}"
    yield ""


def _lines(report: Report) -> Iterator[str]:
    shown: set[str] = set()
    for line, statuses in report.lines:
        yield f"## {escape(line.title)}"
        yield ""
        yield f"*{escape(line.question)}*"
        yield ""
        for status in statuses:
            if status.claim.id in shown:
                yield f"- `{status.claim.id}`: {status.name}, see above"
                yield ""
            else:
                yield from _claim(report, status)
            shown.add(status.claim.id)


def _claim(report: Report, status: ClaimStatus) -> Iterator[str]:
    claim = status.claim
    yield f"### {status.name}: {escape(claim.text)}"
    yield ""
    yield f"`{claim.id}` · {facts(status, report.today)}"
    yield ""
    if status.verdict:
        yield f"Why: {escape(status.verdict.reason)}."
        if status.verdict.condition:
            yield f"Holds unless: {escape(status.verdict.condition)}."
        yield ""
    yield from _perished(status)
    for stance, side in _SIDES:
        for citation in [c for c in status.citations if c.evidence.stance == stance][:3]:
            yield f"- {side}: {_cited(citation)}"
    yield from _rest(status)
    yield ""


def _perished(status: ClaimStatus) -> Iterator[str]:
    """What of a narrowed or refuted claim stays worth asking, and what newer work has removed."""
    adverse = [c for c in status.citations if c.evidence.stance != "supports"]
    if not adverse:
        return
    best, claim = max(adverse, key=lambda c: (c.evidence.strength, c.evidence.id)), status.claim
    by = f"by [arXiv:{best.paper.id}]({url_of(best)}), {escape(best.paper.title)}"
    yield f"- durable question: {escape(claim.durable_question or 'not stated')}"
    yield f"- what may have perished: {escape(claim.perishable_limitation or 'not stated')} ({by})"


def _rest(status: ClaimStatus) -> Iterator[str]:
    if status.verdict and status.verdict.basis == "unchallenged" and status.nearest:
        links = ", ".join(f"[arXiv:{p.id}]({p.url})" for p in status.nearest)
        yield f"- rests on the absence of adverse evidence; nearest papers screened: {links}"
    if status.leads:
        yield f"- {len(status.leads)} leads for review, not counted; the strongest: {_cited(status.leads[0])}"


def facts(status: ClaimStatus, today: str) -> str:
    """As-of month and age, sources, basis, confidence and last test, on one line."""
    claim, verdict = status.claim, status.verdict
    age = f" ({months_between(claim.as_of, today)} months old)" if claim.as_of else ""
    sources = ", ".join(f"[arXiv:{s.arxiv_id}](https://arxiv.org/abs/{s.arxiv_id})" for s in claim.sources)
    said = [f"as of {claim.as_of or 'unknown'}{age}", f"source {sources or 'unknown'}"]
    if verdict:
        said.append(f"basis {verdict.basis}")
        if verdict.confidence is not None:
            said.append(f"confidence {verdict.confidence:.2f}")
        if verdict.contested:
            said.append("**contested**")
    if status.retest:
        said.append(f"tested {status.retest.finished_at[:10]} on papers up to {status.retest.window_to}")
    return " · ".join(said)


def _cited(citation: Citation) -> str:
    item, paper = citation.evidence, citation.paper
    where = f"[arXiv:{paper.id}{f'v{item.version}' if item.version else ''}]({url_of(citation)})"
    return (
        f"“{escape(citation.quote)}” — {where}, {escape(paper.title)}, {paper.published} "
        f"({item.stance}, strength {item.strength:.2f}, {escape(citation.place)})"
    )


def _tensions(report: Report) -> Iterator[str]:
    yield "## Disagreements of the last six months"
    yield ""
    if not report.tensions:
        yield "None found."
        yield ""
    for status, supporting, adverse, axes in report.tensions:
        yield f"- `{status.claim.id}`" + (f", may differ in {', '.join(axes)}" if axes else "")
        yield f"  - for: {_cited(supporting)}"
        yield f"  - against: {_cited(adverse)}"
        yield ""


def _questions(report: Report) -> Iterator[str]:
    """Regime-shift questions need a writing model; without one, what they could be asked about."""
    yield "## Regime-shift questions"
    yield ""
    yield "None proposed: that needs a writing model. What they could be asked about:"
    yield ""
    about = {
        s.claim.id: f"papers of the last six months disagree on `{s.claim.id}`" for s, *_ in report.tensions
    }
    shifted = [c.status for c in report.changes if c.status.name in ("relaxed", "contradicted")]
    about |= {s.claim.id: f"`{s.claim.id}` is now {s.name}" for s in shifted if s.claim.id not in about}
    for claim_id, what in list(about.items())[:MOST_QUESTIONS]:
        asked = next(s.claim.durable_question for s in report.statuses if s.claim.id == claim_id)
        yield f"- {what}: {escape(asked or 'its durable question is not stated')}"
    if not about:
        yield "- nothing: no claim shifted in this run, and no recent papers disagree"
    yield ""


def _ungrounded(report: Report) -> Iterator[str]:
    yield "## Could not be grounded"
    yield ""
    if not report.ungrounded:
        yield "Every claim names its source."
    for status, why in report.ungrounded:
        yield f"- `{status.claim.id}`: {why}"
    yield ""


def _untested(report: Report) -> Iterator[str]:
    yield "## Never tested, or not yet"
    yield ""
    if not report.untested:
        yield "None."
    for status in report.untested:
        why = escape(status.verdict.reason) if status.verdict else "never retested"
        yield f"- `{status.claim.id}`: {why}"
    yield ""


def _health(report: Report) -> Iterator[str]:
    yield "## The run"
    yield ""
    run = report.run
    if run is None:
        yield "No run has finished yet."
        return
    yield f"`{run.id}` · **{run.health}** · as of {run.as_of} · source {run.source} · judge `{run.judge}`"
    yield ""
    yield from (f"- {escape(reason)}" for reason in run.reasons)
    yield from (f"- note: {escape(notice)}" for notice in run.counts.get("notices", []))
    numbers = {k: v for k, v in run.counts.items() if not isinstance(v, list)}
    yield "- " + ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in numbers.items())
    rules = sorted({s.verdict.rule_version for s in report.statuses if s.verdict})
    yield f"- rule version {', '.join(map(str, rules)) or 'none'}; leads are not counted"
    yield "- confidence is a noisy-or over independent papers, put through the calibration of the judge"
