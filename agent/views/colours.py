"""How verdicts look everywhere.

The colours are those of Okabe and Ito (2008), which colour-blind people can tell apart. Shapes differ too, so
that charts can be read in greyscale.
"""

COLOURS = {
    "none yet": "#cccccc", "no challenge found": "#999999", "still-holds": "#009e73", "open": "#56b4e9",
    "relaxed": "#e69f00", "contradicted": "#d55e00",
}  # fmt: skip
SHAPES = {
    "none yet": "circle", "no challenge found": "triangle-up", "still-holds": "square", "open": "diamond",
    "relaxed": "triangle-down", "contradicted": "cross",
}  # fmt: skip
STANCE_COLOURS = {"supports": "#009e73", "relaxes": "#e69f00", "contradicts": "#d55e00"}
