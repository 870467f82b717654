"""A small SVG badge with the verdict of a claim or line. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from agent.views.colours import COLOURS
from agent.views.model import ClaimStatus
from store.standing import NONE_YET, STANDINGS, Standing

WORST: tuple[Standing, ...] = (
    "contradicted", "relaxed", "open", "none yet", "no challenge found", "still-holds",
)  # fmt: skip
LETTER, HEIGHT, PAD = 6.6, 20, 8


def of_claim(status: ClaimStatus) -> str:
    """A claim's badge: its id and verdict."""
    return badge(status.claim.id, status.standing, COLOURS[status.standing])


def of_line(line_id: str, statuses: Sequence[ClaimStatus]) -> str:
    """A line's badge: the number of claims with each verdict, in the colour of the worst one."""
    counts = {name: sum(s.standing == name for s in statuses) for name in STANDINGS}
    worst = next((name for name in WORST if counts[name]), NONE_YET)
    said = ", ".join(f"{n} {name}" for name, n in counts.items() if n) or "no claims"
    return badge(line_id, said, COLOURS[worst])


def badge(label: str, value: str, colour: str) -> str:
    """Two boxes of text. Text widths are fixed, so that the text fits in any font."""
    left, right = (len(text) * LETTER + 2 * PAD for text in (label, value))
    whole = left + right
    title = escape(f"{label}: {value}")
    corner, rest = HEIGHT - 6, right - 3
    words = _text(label, PAD, left - 2 * PAD, "#fff") + _text(value, left + PAD, right - 2 * PAD, "#111")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{whole:.0f}" height="{HEIGHT}" role="img" '
        f'aria-label="{title}"><title>{title}</title>'
        f'<rect width="{whole:.0f}" height="{HEIGHT}" rx="3" fill="#444"/>'
        f'<path d="M{left:.1f} 0h{rest:.1f}a3 3 0 0 1 3 3v{corner}a3 3 0 0 1 -3 3h-{rest:.1f}z" '
        f'fill="{colour}"/>'
        f'<g font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">{words}</g></svg>\n'
    )


def _text(text: str, at: float, width: float, colour: str) -> str:
    return (
        f'<text x="{at:.1f}" y="14" fill="{colour}" textLength="{width:.1f}" '
        f'lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'
    )
