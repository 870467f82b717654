"""Whether a paper addresses a claim's setting, judged by the words of each scope axis. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from store.records import Axis, Claim, Paper, ScopeMatch

PROPERTY = ("metric", "task")
"""The axes that say what a claim is about. The others give its subject, its training and its methods."""


def match_scope(claim: Claim, atom_id: str, paper: Paper) -> dict[str, ScopeMatch]:
    """Compare each axis of a part: "same" if the paper uses one of its words, else "unknown".

    Words alone never show that a setting differs, so this never says "different".
    """
    found = matched_words(claim, atom_id, paper.text)
    return {name: "same" if found[name] else "unknown" for name in claim.scope_of(atom_id)}


def matched_words(claim: Claim, atom_id: str, text: str) -> Mapping[str, tuple[str, ...]]:
    """The words of each axis of a part that occur in a text, in the text's form and lower case, by axis."""
    return {name: _words(axis, text) for name, axis in claim.scope_of(atom_id).items()}


def property_axis(claim: Claim, atom_id: str) -> str | None:
    """The axis a part is about: its metric or task, a load-bearing one first; None if it has neither."""
    scope = claim.scope_of(atom_id)
    named = [name for name in PROPERTY if name in scope]
    return min(named, key=lambda name: not scope[name].load_bearing, default=None)


def _words(axis: Axis, text: str) -> tuple[str, ...]:
    terms = axis.terms or (axis.value,)
    hits = (re.search(rf"\b{re.escape(term)}[\w-]*", text, re.I) for term in terms)
    return tuple(dict.fromkeys(hit[0].lower() for hit in hits if hit))
