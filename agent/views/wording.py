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


def changes_told(changed: int, first: int) -> str:
    """How many verdicts changed, in words, without a capital. A claim's first verdict changes nothing."""
    told = f"{changed or 'no'} verdict{'s' if changed > 1 else ''} changed"
    return told + (f"; {first} first verdict{'s' if first > 1 else ''}" if first else "")


def sentence(text: str) -> str:
    """The text with a capital, as a sentence begins."""
    return text[:1].upper() + text[1:]
