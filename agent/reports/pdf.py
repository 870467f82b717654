"""The report as PDF, set by Typst (https://typst.app): tagged, linked, the same bytes for the same ledger.

Everything from papers and models reaches the typesetter as data, never as markup: nothing in it can act.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from agent.reports.pictures import OF_LINE
from agent.reports.published import ReportDocument
from agent.text import without_controls

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
MOST_CLAIMS = 2000
"""Claims set in full; of more, those that changed and a table of the rest."""


def render(report: ReportDocument, pictures: Mapping[str, tuple[str, str]]) -> bytes:
    """`pictures` are (SVG, text alternative) by name."""
    import typst

    document = report.model_dump(mode="json") | {
        "pictures": {name: told for name, (_, told) in pictures.items()}, "names": list(OF_LINE),
        "in_full": len(report.claims) <= MOST_CLAIMS,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "report.typ").write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
        (root / "report.json").write_text(without_controls(json.dumps(document, ensure_ascii=False)), "utf-8")
        for name, (svg, _) in pictures.items():
            (root / f"{name}.svg").write_text(svg, encoding="utf-8")
        stamp = datetime.fromisoformat(report.day).replace(tzinfo=UTC)
        made: bytes = typst.compile(
            root / "report.typ", root=root, ignore_system_fonts=True, format="pdf", timestamp=stamp
        )
    return made
