"""Whether a paper speaks of a claim's setting, by the words of each scope axis. Pure."""

from __future__ import annotations

import re

from store.records import Axis, Claim, Paper, ScopeMatch


def match_scope(claim: Claim, atom_id: str, paper: Paper) -> dict[str, ScopeMatch]:
    """Compare each axis of a part: "same" where the paper uses one of its words, else "unknown".

    Words alone never show that a setting differs, so this never says "different".
    """
    text = paper.text.casefold()
    return {
        name: "same" if _speaks_of(axis, text) else "unknown"
        for name, axis in claim.scope_of(atom_id).items()
    }


def _speaks_of(axis: Axis, text: str) -> bool:
    terms = axis.terms or (axis.value,)
    return any(re.search(rf"\b{re.escape(t.casefold())}", text) for t in terms)
