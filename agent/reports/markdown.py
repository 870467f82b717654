"""The report as Markdown. Text from papers is data: all its markup is escaped."""

from __future__ import annotations

from collections.abc import Iterator

import prompts
from agent.core.window import months_between
from agent.reports import open_issues as open_matters
from agent.reports.markdown_parts import cited
from agent.reports.to_schema import trend_of
from agent.text import escape
from agent.views.claim import SMALL_JUDGE, is_small, url_of
from agent.views.model import Change, ClaimStatus, Report
from agent.views.wording import basis_of, changes_told, leads_of, sentence
from store.standing import NONE_YET, STANDINGS

_SIDES = (("contradicts", "against"), ("relaxes", "narrows"), ("supports", "for"))


def render(report: Report) -> str:
    """The whole report: changes, each line, disagreements, questions, ungrounded claims, and the run."""
    parts = [*_head(report), *_changed(report), *_lines(report), *open_matters.render(report),
             *_health(report)]  # fmt: skip
    return "\n".join(parts).rstrip() + "\n"


def _head(report: Report) -> Iterator[str]:
    yield f"# Claim status report, {report.today}"
    yield ""
    tally = {name: sum(s.standing == name for s in report.statuses) for name in STANDINGS}
    many = "claim" if len(report.statuses) == 1 else "claims"
    yield (f"{len(report.statuses)} {many}: " + ", ".join(f"{n} {name}" for name, n in tally.items()) + ".")
    if report.run and is_small(report.run.judge):
        yield ""
        yield SMALL_JUDGE
    yield ""


def _changed(report: Report) -> Iterator[str]:
    yield "## What changed"
    yield ""
    yield f"{sentence(changes_told(*report.change_counts))}."
    if not report.changes and report.run:
        yield f"{report.run.counts.get('pairs_screened', 0)} claim-paper pairs were screened."
    yield ""
    quiet = [c for c in report.changes if _is_quiet(c)]
    loud = [c for c in report.changes if not _is_quiet(c)]
    for change in sorted(loud, key=lambda c: STANDINGS.index(c.status.standing)):
        yield from _change(change)
    for name in STANDINGS:
        ids = [f"`{c.status.claim.id}`" for c in quiet if c.status.standing == name]
        if ids:
            yield f"- first verdict, **{name}**: {', '.join(ids)}"
            yield ""


def _is_quiet(change: Change) -> bool:
    """Whether it is only a first verdict that holds, or none."""
    return change.is_first and change.status.name in ("still-holds", NONE_YET)


def _change(change: Change) -> Iterator[str]:
    status = change.status
    before = change.before.standing if change.before else NONE_YET
    yield f"- **{before} → {status.standing}**: {escape(status.claim.text)} (`{status.claim.id}`)"
    if status.verdict and status.verdict.condition:
        yield f"  - holds unless: {escape(status.verdict.condition)}"
    adverse = [c for c in status.citations if c.evidence.stance != "supports"]
    for citation in (adverse or status.citations)[:1]:
        yield f"  - {cited(citation)}"
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
                yield f"- `{status.claim.id}`: {status.standing}, see above"
                yield ""
            else:
                yield from _claim(report, status)
            shown.add(status.claim.id)


def _claim(report: Report, status: ClaimStatus) -> Iterator[str]:
    claim = status.claim
    yield f"### {status.standing}: {escape(claim.text)}"
    yield ""
    yield f"`{claim.id}` · {facts(status, report.today)}"
    yield ""
    yield from _overridden(status)
    if status.verdict:
        yield f"Why: {escape(status.verdict.reason)}."
        if status.verdict.condition:
            yield f"Holds unless: {escape(status.verdict.condition)}."
        yield ""
    yield from _perished(status)
    for stance, side in _SIDES:
        for citation in [c for c in status.citations if c.evidence.stance == stance][:3]:
            yield f"- {side}: {cited(citation)}"
    yield from _rest(status)
    yield ""


def _overridden(status: ClaimStatus) -> Iterator[str]:
    """A person's override, shown as one, together with the rule's verdict."""
    override = status.override
    if override is None:
        return
    since = "; it has decided again since" if status.is_decided_since else ""
    unless = f" Holds unless: {escape(override.condition)}." if override.condition else ""
    yield (f"**Override** by {escape(override.by)}, {override.decided_at[:10]}: {escape(override.reason)}."
           f"{unless} The rule says {status.rule_standing}{since}.")  # fmt: skip
    yield ""


def _perished(status: ClaimStatus) -> Iterator[str]:
    """For a narrowed or refuted claim: its durable question and what newer work may have outdated."""
    adverse = [c for c in status.citations if c.evidence.stance != "supports"]
    if not adverse:
        return
    best, claim = max(adverse, key=lambda c: (c.evidence.strength, c.evidence.id)), status.claim
    by = f"by [arXiv:{best.paper.id}]({url_of(best)}), {escape(best.paper.title)}"
    what = f" Method or setting: {escape(best.evidence.condition)}." if best.evidence.condition else ""
    yield f"- durable question: {escape(claim.durable_question or 'not stated')}"
    yield f"- what may have perished: {escape(claim.perishable_limitation or 'not stated')} ({by}){what}"


def _rest(status: ClaimStatus) -> Iterator[str]:
    if status.verdict and status.verdict.basis == "unchallenged" and status.nearest:
        links = ", ".join(f"[arXiv:{p.id}]({p.url})" for p in status.nearest)
        yield f"- closest papers, none of which challenges it: {links}"
    if status.leads:
        against = [c for c in status.leads if c.evidence.stance != "supports"]
        is_open = bool(status.verdict and status.verdict.open_leads and against)
        kind, shown = ("adverse one", against[0]) if is_open else ("one", status.leads[0])
        yield f"- {leads_of(len(status.leads))}, not counted; the strongest {kind}: {cited(shown)}"


def facts(status: ClaimStatus, today: str) -> str:
    """As-of month and age, sources, basis, confidence and last test, on one line."""
    claim, verdict = status.claim, status.verdict
    age = f" ({months_between(claim.as_of, today)} months old)" if claim.as_of else ""
    sources = ", ".join(f"[arXiv:{s.arxiv_id}](https://arxiv.org/abs/{s.arxiv_id})" for s in claim.sources)
    said = [f"as of {claim.as_of or 'unknown'}{age}", f"source {sources or 'unknown'}"]
    if verdict:
        said += [f"basis {verdict.basis}"] if basis_of(verdict.basis) else []
        if verdict.confidence is not None:
            said.append(f"confidence {verdict.confidence:.2f}")
        if verdict.contested:
            said.append("**contested**")
        if len(moved := trend_of(status)) > 1:
            said.append("trend " + " → ".join(f"{s.verdict} ({s.day})" for s in moved))
    if status.retest:
        said.append(f"tested {status.retest.finished_at[:10]} on papers up to {status.retest.window_to}")
    return " · ".join(said)


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
    settings = ", ".join(f"{name} {value}" for name, value in run.settings.items() if value != "")
    yield f"- settings: {escape(settings)}"
    hashes = (f"{p.name} v{p.version} {p.digest[:12]}" for p in prompts.every())
    yield f"- prompts: {', '.join(hashes)}"
    yield "- confidence is a noisy-or over independent papers, calibrated for the judge"
