"""Charts, each specified in Vega-Lite (a grammar of graphics) and rendered without a browser.

Every chart has a description, which becomes the picture's text alternative. The same specification is used in
HTML, PDF and the web. Verdict marks differ in shape as well as colour, to be readable in greyscale.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from xml.sax.saxutils import quoteattr

import altair as alt

from agent.reports.schema import Claim
from agent.views.colours import COLOURS, SHAPES, STANCE_COLOURS
from store.records import AXES

WIDTH, ROW, MOST_ROWS = 720, 18, 60
Chart: TypeAlias = alt.Chart | alt.LayerChart


def timeline(document: Mapping[str, Any]) -> alt.LayerChart:
    """One row per claim: the period of each of its verdicts, with a mark at each decision."""
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
        description=_summary(rows),
    )  # fmt: skip


def verdicts(claims: Sequence[Claim], today: str) -> alt.LayerChart:
    """The timeline of a report's claims, at most the first `MOST_ROWS`."""
    shown = claims[:MOST_ROWS]
    histories = {
        c.id: [{"day": s.day, "verdict": s.verdict, "papers": []} for s in c.trend] for c in shown if c.trend
    }
    return timeline({"histories": histories, "days": [today]})


def evidence(claims: Sequence[Claim]) -> Chart:
    """Counted quotes by their papers' month, one stacked bar per month coloured by stance."""
    counted = Counter((q.published[:7], q.stance) for c in claims for q in c.quotes)
    names = list(STANCE_COLOURS)
    summary = ", ".join(f"{sum(n for (_, s), n in counted.items() if s == name)} {name}" for name in names)
    rows = [{"month": month, "stance": stance, "quotes": n} for (month, stance), n in sorted(counted.items())]
    chart: Chart = _chart(rows).mark_bar(stroke="#333", strokeWidth=0.5).encode(
        x=alt.X("month:O", title="month of the paper"), y=alt.Y("quotes:Q", title="counted quotes"),
        color=alt.Color("stance:N", scale=alt.Scale(domain=names, range=list(STANCE_COLOURS.values()))),
        order=alt.Order("stance:N"),
    ).properties(width=WIDTH, height=160, title="Evidence over time",
                 description=f"Counted quotes by month of their papers: {summary}.")  # fmt: skip
    return chart


def scope(rows: Sequence[Mapping[str, str]]) -> Chart:
    """One row per claim, one column per axis: how many adverse quotes differ in scope on that axis.

    `rows` have claim, axis and match ("same", "different" or "unknown"), one per quote and axis.
    """
    counted = Counter((r["claim"], r["axis"]) for r in rows if r["match"] == "different")
    claims = list(dict.fromkeys(r["claim"] for r in rows))[:MOST_ROWS]
    cells = [{"claim": c, "axis": a, "quotes": counted[c, a]} for c in claims for a in AXES]
    half = max([1, *counted.values()]) / 2
    worst = max(counted, key=lambda key: counted[key], default=None)
    summary = f"most on {worst[1]} of {worst[0]} ({counted[worst]})" if worst else "none differs"
    base = _chart(cells).encode(
        x=alt.X("axis:N", sort=list(AXES), title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("claim:N", title=None, sort=claims),
    )
    squares = base.mark_rect(stroke="#999", strokeWidth=0.5).encode(
        color=alt.Color(
            "quotes:Q",
            title="adverse quotes",
            scale=alt.Scale(scheme="greys", domain=[0, max([1, *counted.values()])]),
        )
    )
    numbers = base.mark_text(fontSize=10).encode(
        text="quotes:Q", color=alt.condition(f"datum.quotes > {half}", alt.value("white"), alt.value("black"))
    )
    return alt.LayerChart(layer=[squares, numbers]).properties(
        width=WIDTH - 120, height=ROW * max(len(claims), 1), title="Where adverse quotes differ in scope",
        description=f"Adverse quotes whose scope differs, by claim and axis: {summary}.",
    )  # fmt: skip


def screened(runs: Sequence[tuple[str, int]]) -> Chart:
    """Claim-paper pairs screened in each run, by the run's as-of day."""
    summary = f"Claim-paper pairs screened in {len(runs)} runs, {sum(n for _, n in runs):,} in all."
    rows = [{"day": day, "pairs": n} for day, n in runs]
    chart: Chart = _chart(rows).mark_bar(color="#56b4e9", stroke="#333", strokeWidth=0.5).encode(
        x=alt.X("day:O", title="run, as of"), y=alt.Y("pairs:Q", title="pairs screened")
    ).properties(width=WIDTH, height=140, title="Pairs screened", description=summary)  # fmt: skip
    return chart


def reliability(bins: Sequence[tuple[float, float, int]], title: str) -> Chart:
    """A reliability diagram: `bins` are (confidence, share right, number of verdicts)."""
    rows = [{"confidence": c, "right": r, "verdicts": n} for c, r, n in bins]
    line = _chart([{"confidence": 0, "right": 0}, {"confidence": 1, "right": 1}]).mark_line(
        color="#999", strokeDash=[4, 4]
    ).encode(x="confidence:Q", y="right:Q")  # fmt: skip
    marks = _chart(rows).mark_point(filled=True, color="#0072b2").encode(
        x=alt.X("confidence:Q", scale=alt.Scale(domain=[0, 1])),
        y=alt.Y("right:Q", scale=alt.Scale(domain=[0, 1]), title="share right"), size="verdicts:Q",
    )  # fmt: skip
    summary = "; ".join(f"{c:.2f}: {r:.2f} of {n}" for c, r, n in bins)
    return alt.LayerChart(layer=[line, marks]).properties(
        width=240, height=240, title=title, description=f"Share right by confidence. {summary}."
    )


def svg(chart: Chart) -> str:
    """A chart as SVG, with its description."""
    return svg_of(chart.to_json())


def svg_of(described: str) -> str:
    """Render a chart as SVG from its Vega-Lite specification in JSON."""
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(described)
    summary = quoteattr(str(json.loads(described).get("description", "")))  # the renderer omits it
    return drawn.replace("<svg ", f'<svg role="img" aria-label={summary} ', 1)


def _chart(rows: Sequence[Mapping[str, Any]]) -> alt.Chart:
    return alt.Chart(alt.InlineData(values=[dict(r) for r in rows]))


def _spans(histories: Mapping[str, Any], days: Sequence[str]) -> list[dict[str, str]]:
    """One row per verdict: from its day until the next verdict's, or until the last day."""
    return [
        {"claim": claim, "day": stand["day"], "until": later["day"] if later else days[-1],
         "verdict": stand.get("standing") or stand["verdict"] or "none yet",
         "paper": (stand["papers"] or [""])[0]}
        for claim, stands in histories.items()
        for stand, later in zip(stands, [*stands[1:], None], strict=True)
    ]  # fmt: skip


def _summary(rows: list[dict[str, str]]) -> str:
    last = {row["claim"]: row["verdict"] for row in rows}
    counts = ", ".join(f"{list(last.values()).count(n)} {n}" for n in COLOURS)
    return f"Verdicts of {len(last)} claims over time; at the end {counts}."
