"""Wording shared by pages, reports, answers and the terminal. Pure."""

from __future__ import annotations


def basis_of(basis: str) -> str:
    """A basis as shown, or "" if the standing already says it."""
    return "" if basis in ("unchallenged", "untested") else basis


def leads_of(number: int) -> str:
    """How many leads there are, in words."""
    return "1 lead" if number == 1 else f"{number} leads"


def adverse_leads(number: int) -> str:
    """How many leads keep a claim open, in words."""
    return "1 adverse lead to review" if number == 1 else f"{number} adverse leads to review"
