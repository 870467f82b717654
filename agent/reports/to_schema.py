"""Convert the report model into the published document. Pure."""

from __future__ import annotations

import prompts
from agent import __version__
from agent.core.window import months_between
from agent.reports import schema as p
from agent.views.claim import SMALL_JUDGE, is_small, url_of
from agent.views.model import Change, Citation, ClaimStatus, Report
from agent.views.wording import changes_told, sentence
from store.records import Claim, Paper
from store.remarks import Sentence
from store.standing import NONE_YET, STANDINGS

MOST_ASKABLE = 6


def publish(report: Report) -> p.ReportDocument:
    """The published document for a report."""
    statuses = report.statuses
    return p.ReportDocument(
        day=report.today, since=report.since or None,
        changed_in=report.changed_in.id if report.changed_in else None,
        note=SMALL_JUDGE if report.run and is_small(report.run.judge) else "",
        unchallenged=sum(s.standing == "no challenge found" for s in statuses),
        tally={name: sum(s.standing == name for s in statuses) for name in STANDINGS},
        changes_told=sentence(changes_told(*report.change_counts)),
        changes=sorted(map(_change, report.changes), key=lambda c: (STANDINGS.index(c.after), c.claim_id)),
        lines=[
            p.Line(id=line.id, title=line.title, question=line.question, claims=[s.claim.id for s in found])
            for line, found in report.lines
        ],
        claims=[claim_of(s, report.today) for s in statuses],
        disagreements=[_disagreement(report, *t) for t in report.tensions],
        questions=[_written(report, line.id, s) for line, some in report.written("questions") for s in some],
        askable=_askable(report), next_lines=_next_lines(report),
        ungrounded=[p.Remark(claim_id=s.claim.id, why=why) for s, why in report.ungrounded],
        untested=[
            p.Remark(claim_id=s.claim.id, why=s.verdict.reason if s.verdict else "never retested")
            for s in report.untested
        ],
        run=_run(report), rule_versions=sorted({s.verdict.rule_version for s in statuses if s.verdict}),
        prompts=[p.Prompt(name=x.name, version=x.version, sha256=x.digest) for x in prompts.every()],
        product=f"retest {__version__}",
    )  # fmt: skip


def claim_of(status: ClaimStatus, today: str) -> p.Claim:
    """A claim for the document."""
    claim, verdict, override = status.claim, status.verdict, status.override
    return p.Claim(
        id=claim.id, text=claim.text, lines=list(claim.lines), as_of=claim.as_of,
        age_months=months_between(claim.as_of, today) if claim.as_of else None,
        sources=[s.arxiv_id for s in claim.sources], verdict=status.name, standing=status.standing,
        basis=verdict.basis if verdict else "untested", confidence=verdict.confidence if verdict else None,
        contested=bool(verdict and verdict.contested), condition=verdict.condition if verdict else "",
        reason=verdict.reason if verdict else "never retested",
        rule_version=verdict.rule_version if verdict else None, tested_at=status.tested_at,
        tested_through=status.retest.window_to if status.retest else None, trend=trend_of(status),
        quotes=[quote_of(c, claim) for c in status.citations], leads=status.lead_count,
        open_leads=verdict.open_leads if verdict else 0,
        strongest_lead=quote_of(status.leads[0], claim) if status.leads else None,
        nearest=[_paper(n) for n in status.nearest],
        durable_question=claim.durable_question, perishable_limitation=claim.perishable_limitation,
        source_check=status.check.state if status.check else None, tags=list(claim.tags),
        override=p.Override(
            by=override.by, reason=override.reason, condition=override.condition,
            decided_at=override.decided_at, rule_verdict=status.rule_standing,
        ) if override else None,
    )  # fmt: skip


def trend_of(status: ClaimStatus) -> list[p.Stand]:
    """The successive verdicts on the current wording, each with the day it was first given."""
    found: list[p.Stand] = []
    for verdict in status.history:
        name = verdict.standing
        if verdict.revision == status.claim.revision and (not found or found[-1].verdict != name):
            found.append(p.Stand(day=verdict.decided_at[:10], verdict=name))
    return found


def quote_of(citation: Citation, claim: Claim) -> p.Quote:
    """A quote for the document."""
    item, paper = citation.evidence, citation.paper
    numbers = {a.id: n for n, a in enumerate(claim.atoms, 1)}
    return p.Quote(
        part=numbers.get(item.atom_id),
        arxiv_id=paper.id, version=item.version, title=paper.title, published=paper.published,
        quote=citation.quote, place=citation.place, stance=item.stance, strength=item.strength,
        condition=item.condition, url=url_of(citation),
    )  # fmt: skip


def _paper(paper: Paper) -> p.Paper:
    return p.Paper(arxiv_id=paper.id, version=paper.version, title=paper.title, published=paper.published,
                   authors=list(paper.authors), url=paper.url)  # fmt: skip


def _change(change: Change) -> p.Change:
    adverse = [c for c in change.citations if c.evidence.stance != "supports"]
    quote = next(iter(adverse or change.citations), None)
    return p.Change(
        claim_id=change.status.claim.id, text=change.status.claim.text,
        before=change.before.standing if change.before else NONE_YET,
        after=change.after.standing, condition=change.after.condition,
        quote=quote_of(quote, change.status.claim) if quote else None,
    )  # fmt: skip


def _disagreement(
    report: Report, status: ClaimStatus, supporting: Citation, adverse: Citation, axes: tuple[str, ...]
) -> p.Disagreement:
    writing = report.reconciliation(supporting, adverse)
    return p.Disagreement(
        claim_id=status.claim.id, axes=list(axes), supporting=quote_of(supporting, status.claim),
        adverse=quote_of(adverse, status.claim),
        written_by=writing.writer if writing else None,
        why=[_written(report, writing.line_id, s) for s in writing.sentences] if writing else [],
    )  # fmt: skip


def _written(report: Report, line_id: str, sentence: Sentence) -> p.Written:
    known = report.cited
    cites = [known[i].paper.id if i in known else i for i in sentence.cites]
    return p.Written(line=line_id, text=sentence.text, role=sentence.role, cites=list(dict.fromkeys(cites)))


def _askable(report: Report) -> list[p.Remark]:
    """What regime-shift questions could be asked about, for use without a writing model."""
    about = {s.claim.id: "papers of the last six months disagree" for s, *_ in report.tensions}
    shifted = [c.status for c in report.changes if c.status.name in ("relaxed", "contradicted")]
    about |= {s.claim.id: f"is now {s.standing}" for s in shifted if s.claim.id not in about}
    return [p.Remark(claim_id=i, why=why) for i, why in list(about.items())[:MOST_ASKABLE]]


def _next_lines(report: Report) -> list[p.NextLine]:
    proposed = [
        p.NextLine(text=w.text, origin="a model", cites=w.cites)
        for line, sentences in report.written("next lines")
        for w in (_written(report, line.id, s) for s in sentences)
    ]
    noted = [p.NextLine(text=n.text, origin=f"{n.document}, {n.place}", cites=[]) for n in report.next_lines]
    return proposed + noted


def _run(report: Report) -> p.Run | None:
    run = report.run
    if run is None:
        return None
    return p.Run(
        id=run.id, as_of=run.as_of, health=run.health, reasons=list(run.reasons),
        notices=list(run.counts.get("notices", [])), source=run.source, judge=run.judge,
        started_at=run.started_at, finished_at=run.finished_at,
        counts={k: v for k, v in run.counts.items() if k != "notices"}, settings=dict(run.settings),
    )  # fmt: skip
