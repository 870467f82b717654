"""Write lines and claims as a pack, which gives the same ones when it is imported elsewhere. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from store.records import UNKNOWN, Atom, Axis, Claim, Line


def pack_of(lines: Sequence[Line], claims: Sequence[Claim]) -> str:
    """The YAML text of a pack. Claims keep only those of their lines that are in it."""
    titles = dict.fromkeys(p.document for c in claims for p in c.provenance)
    keys = {title: f"document-{n}" for n, title in enumerate(titles, 1)}
    inside = {line.id for line in lines}
    document = {
        "documents": {key: title for title, key in keys.items()},
        "lines": [_line(line) for line in lines],
        "claims": [_claim(claim, keys, inside) for claim in claims],
    }
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)


def _line(line: Line) -> dict[str, Any]:
    found: dict[str, Any] = {"id": line.id, "title": line.title, "question": line.question}
    return found | ({"categories": list(line.categories)} if line.categories else {})


def _claim(claim: Claim, keys: Mapping[str, str], inside: set[str]) -> dict[str, Any]:
    found = {
        "id": claim.id, "text": claim.text, "kind": claim.kind,
        "lines": [line for line in claim.lines if line in inside], "as_of": claim.as_of or UNKNOWN,
        "sources": [_given(arxiv_id=s.arxiv_id, month=s.month) | {"status": s.status} for s in claim.sources],
        "provenance": [
            _given(document=keys[p.document], place=p.place, note=p.note) for p in claim.provenance
        ],
        "durable_question": claim.durable_question, "perishable_limitation": claim.perishable_limitation,
        "scope": _scope(claim.scope), "atoms": [_atom(atom) for atom in claim.atoms],
    }  # fmt: skip
    return {name: value for name, value in found.items() if value not in ("", [], {})}


def _atom(atom: Atom) -> dict[str, Any]:
    return _given(
        id=atom.id, text=atom.text, scope=_scope(atom.scope), direction=atom.direction,
        quantifier=atom.quantifier,
    )  # fmt: skip


def _scope(axes: Mapping[str, Axis]) -> dict[str, Any]:
    return {
        name: _given(value=axis.value, terms=list(axis.terms), load_bearing=axis.load_bearing)
        for name, axis in axes.items()
    }


def _given(**fields: Any) -> dict[str, Any]:
    """The fields that are not empty."""
    return {name: value for name, value in fields.items() if value}
