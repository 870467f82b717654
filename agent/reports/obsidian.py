"""The report as linked notes, one per claim, line and cited paper, for Obsidian and similar tools. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from agent.reports.schema import Claim, Line, Quote, ReportDocument
from agent.text import escape


def render(report: ReportDocument) -> dict[str, str]:
    """Notes by path. File names contain only letters, digits, dots and hyphens."""
    notes = {"Overview.md": _overview(report)}
    notes |= {f"lines/{_name(line.id)}.md": _line(report, line) for line in report.lines}
    notes |= {f"claims/{_name(claim.id)}.md": _claim(claim) for claim in report.claims}
    return notes | {f"papers/{_name(q.arxiv_id)}.md": _paper(report, q) for q in report.cited}


def _overview(report: ReportDocument) -> str:
    changed = [
        f"- {c.before} → {c.after}: {_to('claims', c.claim_id)} {escape(c.text)}" for c in report.changes
    ]
    lines = [f"- {_to('lines', line.id)} {escape(line.question)}" for line in report.lines]
    tally = ", ".join(f"{n} {name}" for name, n in report.tally.items())
    return _note({"day": report.day, "run": report.run.id if report.run else None},
                 [f"# Claim status, {report.day}", tally, "## What changed",
                  f"{report.changes_told}.", *changed, "## Lines", *lines])  # fmt: skip


def _line(report: ReportDocument, line: Line) -> str:
    claims = [report.claim(i) for i in line.claims]
    rows = [f"- {c.standing}: {_to('claims', c.id)} {escape(c.text)}" for c in claims]
    asked = [f"- {escape(w.text)}" for w in report.questions if w.line == line.id]
    return _note({"title": line.title}, [f"# {escape(line.title)}", escape(line.question), "## Claims", *rows,
                                         *(["## Questions", *asked] if asked else [])])  # fmt: skip


def _claim(claim: Claim) -> str:
    facts = {"verdict": claim.verdict, "standing": claim.standing, "basis": claim.basis, "as_of": claim.as_of,
             "confidence": claim.confidence, "tested_at": claim.tested_at,
             "tags": [f"verdict/{claim.standing.replace(' ', '-')}", *claim.tags]}  # fmt: skip
    unless = [f"Holds unless: {escape(claim.condition)}"] if claim.condition else []
    override = claim.override
    person = (
        [
            f"Override by {escape(override.by)}: {escape(override.reason)} "
            f"(the rule says {override.rule_verdict})"
        ]
        if override
        else []
    )
    quotes = [
        f"- {q.stance}: “{escape(q.quote)}” {_to('papers', q.arxiv_id)} [arXiv]({q.url})"
        for q in claim.quotes
    ]
    lines = " ".join(_to("lines", i) for i in claim.lines)
    return _note(facts, [f"# {escape(claim.text)}", f"Line: {lines}", *person, f"Why: {escape(claim.reason)}",
                         *unless, "## Evidence", *(quotes or ["None counted."]), "## Question",
                         escape(claim.durable_question or "not stated")])  # fmt: skip


def _paper(report: ReportDocument, paper: Quote) -> str:
    said = [
        f"- {q.stance} {_to('claims', c.id)}: “{escape(q.quote)}”"
        for c in report.claims for q in c.quotes if q.arxiv_id == paper.arxiv_id
    ]  # fmt: skip
    return _note({"arxiv": paper.arxiv_id, "published": paper.published},
                 [f"# {escape(paper.title)}", f"[arXiv:{paper.arxiv_id}]({paper.url})",
                  "## Evidence from this paper", *said])  # fmt: skip


def _note(facts: Mapping[str, object], parts: Iterable[str]) -> str:
    """A note: its facts as YAML front matter (JSON is YAML), then its parts."""
    return "\n".join(["---", *_front(facts), "---", "", "\n\n".join(_grouped(parts)), ""])


def _front(facts: Mapping[str, object]) -> Iterator[str]:
    for name, value in facts.items():
        yield f"{name}: {json.dumps(value, ensure_ascii=False)}"


def _grouped(parts: Iterable[str]) -> list[str]:
    """Join adjacent list items into one block; keep everything else separate."""
    found: list[str] = []
    for text in parts:
        if text.startswith("- ") and found and found[-1].startswith("- "):
            found[-1] += f"\n{text}"
        else:
            found.append(text)
    return found


def _to(folder: str, name: str) -> str:
    return f"[[{folder}/{_name(name)}|{_name(name)}]]"


def _name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]+", "-", text).strip(".-")[:100] or "note"
