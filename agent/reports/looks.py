"""How verdicts look, everywhere.

The colours are Okabe and Ito's (2008), told apart by the colour-blind; shapes differ too, to read in grey.
"""

COLOURS = {"none yet": "#bbbbbb", "still-holds": "#009e73", "relaxed": "#e69f00", "contradicted": "#d55e00"}
SHAPES = {"none yet": "circle", "still-holds": "square", "relaxed": "triangle-down", "contradicted": "cross"}
STANCE_COLOURS = {"supports": "#009e73", "relaxes": "#e69f00", "contradicts": "#d55e00"}
