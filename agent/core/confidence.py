"""Calibrate the confidence of a verdict. Pure."""

from __future__ import annotations

from math import exp, log
from typing import NamedTuple

CERTAIN = 0.99


class Calibration(NamedTuple):
    """Maps raw confidence to calibrated: sigmoid(slope * logit(raw) + offset) (Platt 1999)."""

    slope: float = 1.0
    offset: float = 0.0

    def of(self, raw: float) -> float:
        """The calibrated confidence; the raw value is clipped first, so that its logit is finite."""
        bounded = min(max(raw, 1 - CERTAIN), CERTAIN)
        return round(1 / (1 + exp(-(self.slope * log(bounded / (1 - bounded)) + self.offset))), 3)


UNCALIBRATED = Calibration()
