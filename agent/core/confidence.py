"""How sure to be of a verdict: raw confidence into calibrated. Pure."""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

CERTAIN = 0.99


class Calibration(NamedTuple):
    """Raw confidence into calibrated: sigmoid(slope * logit(raw) + offset) (Platt 1999)."""

    slope: float = 1.0
    offset: float = 0.0

    def of(self, raw: float) -> float:
        """The calibrated confidence; a raw one that is certain stays short of certainty."""
        bounded = min(max(raw, 1 - CERTAIN), CERTAIN)
        return round(1 / (1 + exp(-(self.slope * log(bounded / (1 - bounded)) + self.offset))), 3)


UNCALIBRATED = Calibration()
