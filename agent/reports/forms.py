"""One report, many formats: the same ledger always gives the same bytes."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from agent.reports import charts, html, markdown, pdf, pictures, references, tables
from agent.reports import obsidian as vault
from agent.reports import ro_crate as crate
from agent.reports.schema import ReportDocument
from agent.reports.to_schema import publish
from agent.views.model import Report
from store.records import Paper, Run

MOST_LINES_DRAWN = 40
STILL = (1980, 1, 1, 0, 0, 0)  # the date of every file in a zip: the earliest that zip allows


@dataclass(frozen=True)
class Made:
    """A report and everything its formats are produced from."""

    report: Report
    papers: Mapping[str, Paper]
    runs: Sequence[Run] = field(default_factory=tuple)

    @cached_property
    def document(self) -> ReportDocument:
        """The published document."""
        return publish(self.report)

    @cached_property
    def pictures(self) -> dict[str, tuple[str, str]]:
        """The report's pictures as SVG, each with its text alternative."""
        if len(self.report.lines) > MOST_LINES_DRAWN:
            return {}
        found = pictures.every(self.report, self.runs)
        return {p.name: (charts.svg_of(p.described), p.alternative) for p in found}


@dataclass(frozen=True)
class Form:
    """A format a report can have."""

    suffix: str
    media: str
    meaning: str
    render: Callable[[Made], bytes]


def _crate(made: Made) -> bytes:
    files = {f"report.{FORMS[n].suffix}": FORMS[n].render(made)
             for n in ("md", "html", "pdf", "json", "csv", "bib", "ris")}  # fmt: skip
    return _zipped(files | {"ro-crate-metadata.json": crate.metadata(made.document, files).encode()})


def _vault(made: Made) -> bytes:
    return _zipped({path: text.encode() for path, text in vault.render(made.document).items()})


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip whose bytes depend only on its contents."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as out:
        for name in sorted(files):
            out.writestr(zipfile.ZipInfo(name, STILL), files[name], zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _json(made: Made) -> bytes:
    return (json.dumps(made.document.model_dump(mode="json"), indent=1, ensure_ascii=False) + "\n").encode()


FORMS: Mapping[str, Form] = {
    "md": Form("md", "text/markdown", "Markdown", lambda m: markdown.render(m.report).encode()),
    "html": Form("html", "text/html", "one HTML file",
                 lambda m: html.render(m.document, m.pictures).encode()),
    "pdf": Form("pdf", "application/pdf", "PDF", lambda m: pdf.render(m.document, m.pictures)),
    "json": Form("json", "application/json", "JSON; for its schema run retest report --schema", _json),
    "csv": Form("csv", "text/csv", "one row per claim", lambda m: tables.render(m.document).encode()),
    "bib": Form("bib", "application/x-bibtex", "cited papers, BibTeX",
                lambda m: references.bibtex(m.document, m.papers).encode()),
    "ris": Form("ris", "application/x-research-info-systems", "cited papers, RIS",
                lambda m: references.ris(m.document, m.papers).encode()),
    "vault": Form("zip", "application/zip", "linked notes, one per claim (Obsidian)", _vault),
    "crate": Form("zip", "application/zip", "RO-Crate: all but the vault, with provenance", _crate),
}  # fmt: skip
