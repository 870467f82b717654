"""The report as PDF, typeset with Typst (https://typst.app): tagged, linked, reproducible byte for byte.

Text from papers and models is passed to the typesetter as data, never as markup, so it is never executed.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from agent.reports.pictures import OF_LINE
from agent.reports.schema import ReportDocument
from agent.text import without_controls
from store.standing import STANDINGS

TEMPLATE = Path(__file__).parent / "templates" / "report.typ"
MOST_CLAIMS, OF_A_LINE = 2000, 40
"""Up to this many claims are all included; beyond it, this many per line, adverse verdicts first."""


def render(report: ReportDocument, pictures: Mapping[str, tuple[str, str]]) -> bytes:
    """Render the report. `pictures` maps names to (SVG, text alternative)."""
    import typst

    document = _fitted(report) | {
        "pictures": {name: alt for name, (_, alt) in pictures.items()}, "names": list(OF_LINE),
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


def _fitted(report: ReportDocument) -> dict[str, Any]:
    """The part of a report that is typeset; `left_out` counts the omitted claims of each line."""
    if len(report.claims) <= MOST_CLAIMS:
        return report.model_dump(mode="json") | {"left_out": {}}
    shown = {
        line.id: sorted(line.claims, key=lambda i: STANDINGS.index(report.claim(i).standing))[:OF_A_LINE]
        for line in report.lines
    }
    kept = {i for ids in shown.values() for i in ids} | {d.claim_id for d in report.disagreements}
    some = report.model_copy(update={
        "claims": [c for c in report.claims if c.id in kept],
        "lines": [line.model_copy(update={"claims": shown[line.id]}) for line in report.lines],
        "changes": report.changes[:OF_A_LINE], "ungrounded": report.ungrounded[:OF_A_LINE],
        "untested": report.untested[:OF_A_LINE],
    })  # fmt: skip
    left_out = {line.id: len(line.claims) - len(shown[line.id]) for line in report.lines}
    return some.model_dump(mode="json") | {"left_out": left_out}
