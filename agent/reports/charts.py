"""Pictures, each from one description in the grammar of graphics (Vega-Lite), drawn without a browser.

Colours are Okabe and Ito's (2008), told apart by the colour-blind; shapes differ too, so that they read in
grey. Every chart has a description, which becomes the picture's text alternative.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt

COLOURS = {"none yet": "#bbbbbb", "still-holds": "#009e73", "relaxed": "#e69f00", "contradicted": "#d55e00"}
SHAPES = {"none yet": "circle", "still-holds": "square", "relaxed": "triangle-down", "contradicted": "cross"}
WIDTH, ROW = 720, 18


def timeline(document: Mapping[str, Any]) -> alt.Chart:
    """A row a claim, a mark a verdict, over the days of a backtest or the runs of a ledger."""
    rows = [
        {"claim": claim, "day": stand["day"], "verdict": stand["verdict"] or "none yet",
         "paper": (stand["papers"] or [""])[0]}
        for claim, stands in document["histories"].items() for stand in stands
    ]  # fmt: skip
    names = list(COLOURS)
    marks = alt.Chart(alt.InlineData(values=rows)).mark_point(filled=True, size=70, opacity=0.9)
    chart: alt.Chart = marks.encode(
        x=alt.X("day:T", title="as of", scale=alt.Scale(domain=_ends(document["days"]))),
        y=alt.Y("claim:N", title=None, sort=list(document["histories"])),
        color=alt.Color("verdict:N", scale=alt.Scale(domain=names, range=[COLOURS[n] for n in names])),
        shape=alt.Shape("verdict:N", scale=alt.Scale(domain=names, range=[SHAPES[n] for n in names])),
        tooltip=["claim:N", "day:T", "verdict:N", "paper:N"],
    ).properties(
        width=WIDTH, height=ROW * max(len(document["histories"]), 1), title="Verdicts over time",
        description=_told(rows),
    )  # fmt: skip
    return chart


def svg(chart: alt.Chart) -> str:
    """A chart as SVG, with its description."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(chart.to_json())
    return drawn


def _ends(days: list[str]) -> list[str]:
    return [days[0], days[-1]] if days else []


def _told(rows: list[dict[str, str]]) -> str:
    last = {row["claim"]: row["verdict"] for row in rows}
    counts = ", ".join(f"{list(last.values()).count(n)} {n}" for n in COLOURS)
    return f"Verdicts of {len(last)} claims over time; at the end {counts}."
