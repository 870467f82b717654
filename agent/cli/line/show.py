"""`retest line show`: a line's claims, the papers that disagree on them and why, and what to ask next."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import click

import store.claims
import store.evidence
import store.papers
import store.remarks.writings
from agent.cli.shared import print_json, reading, settings_of, today
from agent.errors import UsageError
from agent.settings import Settings
from agent.views.claim import citation_document, claim_document, url_of
from agent.views.load import load
from agent.views.model import Report, build
from agent.writing.journalled_writer import JournalledWriter
from store.home.files import Home
from store.ledger import Ledger
from store.remarks import Sentence, Writing

_KINDS = (("questions", "regime-shift questions"), ("next lines", "next lines"))


@click.command("show")
@click.argument("line_id")
@click.option(
    "--writer",
    type=click.Choice(["llm", "none"]),
    help="Ask a model to explain disagreements and propose questions.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def show(ctx: click.Context, /, line_id: str, as_json: bool, **flags: Any) -> None:
    """Show a line: its claims, the papers of the last six months that disagree on them, and why."""
    settings = settings_of(ctx, **flags)
    report = _report(settings, line_id)
    if flags.get("writer") == "llm":
        _write(settings, report)
        report = _report(settings, line_id)
    if as_json:
        print_json(_document(report))
    else:
        _print(report)


def _report(settings: Settings, line_id: str) -> Report:
    with reading(settings) as db:
        claims = [c.id for c in store.claims.active(db) if line_id in c.lines]
        report = build(load(db, today(), only=claims))
    if not claims:
        raise UsageError(f"no line {line_id!r} with claims", "retest line list shows them")
    selected = [(line, found) for line, found in report.lines if line.id == line_id]
    notes = [n for n in report.next_lines if n.line_id == line_id]
    return replace(report, lines=selected, next_lines=notes)


def _write(settings: Settings, report: Report) -> None:
    """Have a model write about a line, and save what is grounded."""
    from agent.wiring.writing import open_writer

    with open_writer(settings) as writer:
        if writer is not None:
            _keep(settings, _written(writer, report))


def _written(writer: JournalledWriter, report: Report) -> list[Writing]:
    from agent.writing import disagreements, proposals

    line, statuses = report.lines[0]
    papers = {c.paper.id: c.paper for s in statuses for c in s.citations}
    writings = [
        disagreements.reconcile(writer, line.id, s.claim, (a.evidence, b.evidence), papers, axes)
        for s, a, b, axes in report.tensions
    ]
    pictures = [proposals.Picture(s.claim, [c.evidence for c in s.citations]) for s in statuses]
    if any(p.adverse for p in pictures):
        writings += proposals.propose(writer, line, pictures, papers)
    return writings


def _keep(settings: Settings, writings: list[Writing]) -> None:
    from agent.cli.shared import now

    ledger = Ledger.open(Home(settings.home).ledger)
    with ledger.write() as db:
        for writing in writings:
            store.remarks.writings.save(db, writing, now())
    ledger.close()


def _document(report: Report) -> dict[str, Any]:
    line, statuses = report.lines[0]
    pairs = []
    for status, a, b, axes in report.tensions:
        why = report.reconciliation(a, b)
        pairs.append({
            "claim": status.claim.id, "may_differ_in": list(axes),
            "for": citation_document(a), "against": citation_document(b),
            "reconciliation": asdict(why) if why else None,
        })  # fmt: skip
    written = {kind: [asdict(s) for _, texts in report.written(kind) for s in texts] for kind, _ in _KINDS}
    written["next lines"] += [asdict(n) for n in report.next_lines]
    return {"id": line.id, "claims": [claim_document(s) for s in statuses], "disagreements": pairs} | written


def _print(report: Report) -> None:
    _, statuses = report.lines[0]
    for status in statuses:
        claim = status.claim
        click.echo(f"{status.standing:18} {claim.as_of or 'unknown':8} {claim.id}: {claim.text}")
    click.secho("\ndisagreements of the last six months", bold=True)
    for status, a, b, axes in report.tensions:
        click.echo(status.claim.id + (f", may differ in {', '.join(axes)}" if axes else ""))
        for side, citation in (("for", a), ("against", b)):
            paper = citation.paper
            click.echo(f"  {side}: “{citation.quote}” {paper.title}, {paper.published}, {url_of(citation)}")
        why = report.reconciliation(a, b)
        for sentence in why.sentences if why else ():
            click.echo(f"  {sentence.role}: {_grounded(report, sentence)}")
    if not report.tensions:
        click.echo("none found")
    _print_written(report)


def _print_written(report: Report) -> None:
    for kind, title in _KINDS:
        written = [s for _, sentences in report.written(kind) for s in sentences]
        if written:
            click.secho(f"\n{title}", bold=True)
        for sentence in written:
            mark = f"  {sentence.role}: " if sentence.role == "would settle it" else ""
            click.echo(mark + _grounded(report, sentence))
    if report.next_lines:
        click.secho("\nnext lines from the documents", bold=True)
    for note in report.next_lines:
        click.echo(f"{note.text} ({note.document}, {note.place})")


def _grounded(report: Report, sentence: Sentence) -> str:
    cited = report.cited
    names = [f"arXiv:{cited[i].paper.id}" if i in cited else i for i in sentence.cites]
    return f"{sentence.text} ({', '.join(dict.fromkeys(names))})"
