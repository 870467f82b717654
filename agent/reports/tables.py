"""The report's claims as CSV (RFC 4180), safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

from agent.reports.schema import ReportDocument

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
COLUMNS = (
    "id", "text", "lines", "as_of", "age_months", "sources", "verdict", "standing", "basis", "confidence",
    "contested", "condition", "reason", "tested_at", "supporting", "narrowing", "contradicting", "leads",
)  # fmt: skip


def render(report: ReportDocument) -> str:
    """One row per claim. A cell that would be read as a formula gets a leading apostrophe (OWASP)."""
    buffer = io.StringIO()
    out = csv.writer(buffer, lineterminator="\r\n")
    out.writerow(COLUMNS)
    for claim in report.claims:
        sides = [
            " ".join(dict.fromkeys(q.arxiv_id for q in claim.quotes if q.stance == stance))
            for stance in ("supports", "relaxes", "contradicts")
        ]
        out.writerow(map(_safe, (
            claim.id, claim.text, " ".join(claim.lines), claim.as_of or "unknown", claim.age_months,
            " ".join(claim.sources), claim.verdict, claim.standing, claim.basis, claim.confidence,
            claim.contested, claim.condition, claim.reason, claim.tested_at, *sides, claim.leads,
        )))  # fmt: skip
    return buffer.getvalue()


def _safe(value: object) -> object:
    if not isinstance(value, str):
        return "" if value is None else value
    flat = " ".join(value.split())
    return f"'{flat}" if flat.startswith(_FORMULA) else flat
