"""Queries in arXiv's language, built from a claim: fields, phrases, groups, dates. Pure.

Fields and operators: arXiv API user's manual, section 5.1 (https://info.arxiv.org/help/api/user-manual.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from agent.adapters.arxiv_plan import Window, first_day
from agent.ports import Wanted
from store.records import Claim

FIELDS = ("ti", "abs")
MOST_TERMS = 10
_COMMON = frozenset(
    [
        "about",
        "after",
        "against",
        "among",
        "answer",
        "because",
        "before",
        "between",
        "could",
        "every",
        "further",
        "given",
        "large",
        "language",
        "larger",
        "longer",
        "model",
        "models",
        "more",
        "often",
        "only",
        "other",
        "rather",
        "reasoning",
        "should",
        "shows",
        "smaller",
        "still",
        "such",
        "than",
        "that",
        "their",
        "them",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "under",
        "what",
        "when",
        "where",
        "which",
        "while",
        "with",
        "without",
        "would",
    ]
)


def query_of(want: Wanted, categories: Sequence[str] = ()) -> str:
    """The query for a claim's window: what it is about, and how it is put, in title or abstract.

    The terms of its first axis have to meet those of its second, or else the telling words of its text
    and of its questions.
    """
    groups = [any_of(terms) for terms in term_groups(want.claim) if terms]
    window = Window(first_day(want.after), want.until)
    return " AND ".join([*groups, *within(categories), submitted(window)])


def harvest_query(window: Window, categories: Sequence[str]) -> str:
    """Everything of the categories that was submitted in a window."""
    return " AND ".join([*within(categories), submitted(window)])


def any_of(terms: Sequence[str]) -> str:
    """Any of the terms, in any of the fields."""
    asked = [f"{field}:{_written(t)}" for t in terms[:MOST_TERMS] for field in FIELDS]
    return f"({' OR '.join(asked)})"


def within(categories: Sequence[str]) -> list[str]:
    """A group of categories; none when every category will do."""
    return [f"({' OR '.join(f'cat:{c}' for c in categories)})"] if categories else []


def submitted(window: Window) -> str:
    """First versions of a window of days. Dates are GMT."""
    first, last = (day.replace("-", "") for day in (window.first, window.last))
    return f"submittedDate:[{first}0000 TO {last}2359]"


def term_groups(claim: Claim) -> list[list[str]]:
    """One or two groups of terms; a paper has to speak of each."""
    axes = sorted((a for a in claim.scope.values() if a.terms), key=lambda a: not a.load_bearing)
    told = [_whole_words(axis.terms, claim) for axis in axes[:2]]
    words = _telling_words(claim, {t for terms in told for t in terms})
    if not told:
        return [words[:6]]
    second = told[1] if len(told) > 1 else []
    return [told[0], list(dict.fromkeys([*second, *words]))[:MOST_TERMS]]


def _telling_words(claim: Claim, known: Iterable[str]) -> list[str]:
    """The words of a claim and of what could lift it that are neither common nor asked for already."""
    variants = [claim.text, *(a.text for a in claim.atoms), claim.perishable_limitation]
    words = re.findall(r"[a-z][a-z-]{4,}", " ".join(variants).lower())
    asked = set(known)
    return list(dict.fromkeys(w for w in words if w not in _COMMON and w not in asked))


def _whole_words(terms: Sequence[str], claim: Claim) -> list[str]:
    """Scope terms are beginnings of words; arXiv matches whole ones, so take them from the claim."""
    said = " ".join(
        [
            claim.text,
            claim.durable_question,
            claim.perishable_limitation,
            *(a.text for a in claim.atoms),
            *(x.value for x in claim.scope.values()),
        ]
    ).lower()
    found: dict[str, None] = {}
    for term in terms:
        whole = re.findall(rf"\b{re.escape(term.lower())}[a-z]*", said)
        found |= dict.fromkeys([*whole, term.lower()] if whole else [term.lower()])
    return list(found)


def _written(term: str) -> str:
    return f'"{term}"' if " " in term or "-" in term else term
