"""The report as one HTML file, with style and pictures embedded; no scripts, no external resources."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from agent.reports.pictures import OF_LINE
from agent.reports.schema import ReportDocument, side
from agent.text import without_controls
from agent.views.wording import basis_of, leads_of

_SIDES = (("contradicts", "Against"), ("relaxes", "Narrows it"), ("supports", "For"))
A_SIDE = 3


def render(report: ReportDocument, pictures: Mapping[str, tuple[str, str]]) -> str:
    """Render the report. `pictures` maps names to (SVG, text alternative). All text is escaped."""
    made = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True,
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, finalize=_finalized,
    )  # fmt: skip
    inside = {name: (_data(svg), alt) for name, (svg, alt) in pictures.items()}
    return made.get_template("report.html").render(
        r=report,
        pictures=inside,
        names=OF_LINE,
        sides=_SIDES,
        side=side,
        a_side=A_SIDE,
        leads_of=leads_of,
        basis_of=basis_of,
    )


def _data(svg: str) -> str:
    """A picture as a data URL; loaded as an image, it cannot run scripts."""
    return "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()


def _finalized(value: object) -> object:
    return without_controls(value) if type(value) is str else value
