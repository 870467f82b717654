"""A reliability plot as a small SVG: how often verdicts of a given confidence are right."""

from __future__ import annotations

from collections.abc import Sequence

SIDE, EDGE = 320, 48


def reliability_svg(rows: Sequence[tuple[float, float, int]], title: str) -> str:
    """Draw (mean confidence, share right, count) rows against the diagonal of perfect calibration."""
    whole = SIDE + 2 * EDGE
    dots = [_dot(sure, right, count) for sure, right, count in rows]
    ticks = [_tick(n / 5) for n in range(6)]
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}" font-family="sans-serif" '
        'font-size="11" fill="#333">',
        f'<rect width="{whole}" height="{whole}" fill="white"/>',
        f'<text x="{EDGE}" y="20" font-size="12">{title}</text>',
        f'<rect x="{EDGE}" y="{EDGE}" width="{SIDE}" height="{SIDE}" fill="none" stroke="#999"/>',
        f'<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke="#999" stroke-dasharray="4"/>',
        *ticks, *dots,
        f'<text x="{_x(0.5)}" y="{whole - 8}" text-anchor="middle">confidence</text>',
        f'<text transform="translate(12 {_y(0.5)}) rotate(-90)" text-anchor="middle">share right</text>',
        "</svg>", "",
    ])  # fmt: skip


def _x(share: float) -> float:
    return round(EDGE + share * SIDE, 1)


def _y(share: float) -> float:
    return round(EDGE + (1 - share) * SIDE, 1)


def _dot(sure: float, right: float, count: int) -> str:
    at = f'cx="{_x(sure)}" cy="{_y(right)}"'
    label = f'<text x="{_x(sure) + 9}" y="{_y(right) + 4}">{count}</text>'
    return f'<circle {at} r="6" fill="#2a6fb0"/>{label}'


def _tick(share: float) -> str:
    below = f'<text x="{_x(share)}" y="{_y(0) + 16}" text-anchor="middle">{share:.1f}</text>'
    beside = f'<text x="{EDGE - 6}" y="{_y(share) + 4}" text-anchor="end">{share:.1f}</text>'
    return below + beside
