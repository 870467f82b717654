"""The bundled claims, and packs that do not parse."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from agent.claims import pack
from agent.errors import PackError

SHIPPED = [pack.read(path) for path in pack.shipped()]
CLAIMS = {c.id: c for p in SHIPPED for c in p.claims}


def test_the_seed_documents_are_all_there() -> None:
    assert Counter(c.kind for c in CLAIMS.values()) == {"constraint": 5, "note": 16, "key-result": 3}
    notes = Counter(line for c in CLAIMS.values() if c.kind == "note" for line in c.lines)
    assert notes == {"weaker-vs-stronger": 11, "size-and-faithfulness": 8}


def test_the_dated_constraints_have_their_months_and_ids() -> None:
    found = [{(s.month, s.arxiv_id) for s in c.sources} for c in CLAIMS.values() if c.kind == "constraint"]
    assert found == [
        {("2024-11", "2411.15382")},
        {("2023-05", "2305.14825")},
        {("2025-02", "2502.07266"), ("2025-05", "2505.14810")},
        {("2026-02", "2602.06176")},
        set(),
    ]


def test_every_claim_is_complete_and_no_month_is_guessed() -> None:
    for claim in CLAIMS.values():
        assert claim.provenance
        assert claim.durable_question
        assert claim.perishable_limitation
        assert all(claim.load_bearing(part.id) for part in claim.parts), claim.id
        assert (claim.as_of is None) == (not claim.sources), claim.id


def test_claims_do_not_copy_the_seeds_wording(shared_data: Path) -> None:
    seeds = " ".join(p.read_text() for p in (shared_data.parent / "seeds").glob("*.txt"))
    seen = {" ".join(w) for w in _shingles(seeds)}
    for claim in CLAIMS.values():
        copied = [" ".join(w) for w in _shingles(claim.text) if " ".join(w) in seen]
        assert not copied, f"{claim.id}: {copied}"


def _shingles(text: str, size: int = 9) -> list[list[str]]:
    words = text.lower().split()
    return [words[i : i + size] for i in range(len(words) - size + 1)]


GOOD = """
documents: {d: A document}
lines: [{id: l, title: Line, question: "Is it so?"}]
claims:
  - {id: c, text: A claim., lines: [l], as_of: unknown, provenance: [{document: d, place: line 1}],
     durable_question: "Is it so?", perishable_limitation: It is early.}
"""


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("as_of: unknown", "as_of: May 2024", "claims.c.as_of"),
        ("lines: [l], as", "lines: [m], as", "no line m"),
        ("document: d,", "document: e,", "no document e"),
        ("text: A claim.,", "", "claims.c.text"),
        ("documents:", "documents: [", "not valid YAML"),
        ("as_of: unknown", "as_of: unknown, as_of: unknown", "key 'as_of' is given twice; remove one"),
        ("documents:", "documents:\n\t", "indent with spaces, not tabs"),
    ],
)
def test_a_bad_pack_names_the_place(tmp_path: Path, old: str, new: str, named: str) -> None:
    path = tmp_path / "pack.yaml"
    path.write_text(GOOD)
    assert pack.read(path).claims[0].as_of is None
    path.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(PackError, match=named):
        pack.read(path)
