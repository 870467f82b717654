"""Pictures, each from one description in the grammar of graphics (Vega-Lite), drawn without a browser.

Every chart has a description, which becomes the picture's text alternative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import quoteattr

import altair as alt

from agent.reports.looks import COLOURS, SHAPES

WIDTH, ROW = 720, 18


def timeline(document: Mapping[str, Any]) -> alt.LayerChart:
    """A row a claim: which verdict it had from when to when, and a mark where that was decided anew."""
    rows = _spans(document["histories"], document["days"])
    names = list(COLOURS)
    colour = alt.Color("verdict:N", scale=alt.Scale(domain=names, range=[COLOURS[n] for n in names]))
    shape = alt.Shape("verdict:N", scale=alt.Scale(domain=names, range=[SHAPES[n] for n in names]))
    day = alt.X("day:T", title="as of", axis=alt.Axis(format="%Y-%m"))
    claim = alt.Y("claim:N", title=None, sort=list(document["histories"]))
    base = alt.Chart(alt.InlineData(values=rows))
    spans = base.mark_bar(height=5, opacity=0.5).encode(x=day, x2="until:T", y=claim, color=colour)
    marks = base.mark_point(filled=True, size=60, opacity=1).encode(
        x=day, y=claim, color=colour, shape=shape, tooltip=["claim:N", "day:T", "verdict:N", "paper:N"]
    )
    return alt.LayerChart(layer=[spans, marks]).properties(
        width=WIDTH, height=ROW * max(len(document["histories"]), 1), title="Verdicts over time",
        description=_told(rows),
    )  # fmt: skip


def _spans(histories: Mapping[str, Any], days: Sequence[str]) -> list[dict[str, str]]:
    """One row a verdict: from its day until the next one's, or the last day of all."""
    return [
        {"claim": claim, "day": stand["day"], "until": later["day"] if later else days[-1],
         "verdict": stand["verdict"] or "none yet", "paper": (stand["papers"] or [""])[0]}
        for claim, stands in histories.items()
        for stand, later in zip(stands, [*stands[1:], None], strict=True)
    ]  # fmt: skip


def svg(chart: alt.Chart | alt.LayerChart) -> str:
    """A chart as SVG, with its description."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(chart.to_json())
    told = quoteattr(str(chart.description))  # the renderer leaves it out
    return drawn.replace("<svg ", f'<svg role="img" aria-label={told} ', 1)


def _told(rows: list[dict[str, str]]) -> str:
    last = {row["claim"]: row["verdict"] for row in rows}
    counts = ", ".join(f"{list(last.values()).count(n)} {n}" for n in COLOURS)
    return f"Verdicts of {len(last)} claims over time; at the end {counts}."
