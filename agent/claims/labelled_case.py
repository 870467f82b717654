"""A claim with a person's verdict as a labelled case, in the format that `retest eval` reads. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.core.quotes import legible
from store.records import Claim, Evidence, Paper
from store.remarks import Override


def case_of(
    claim: Claim, override: Override, evidence: Sequence[Evidence], papers: Mapping[str, Paper]
) -> dict[str, Any]:
    """Return the case: the claim, its counted evidence and leads, and the person's verdict."""
    shown = [e for e in evidence if e.status in ("counted", "lead") and e.paper_id in papers]
    return {
        "id": claim.id,
        "claim": claim.text,
        "claim_date": claim.as_of,
        "source_arxiv_ids": sorted(claim.source_ids),
        "evidence": [
            {
                "arxiv_id": e.paper_id, "stance": e.stance, "acceptable_stances": [e.stance],
                "quote": legible(e.quote), "date": e.published, "title": papers[e.paper_id].title,
            }
            for e in shown
        ],
        "expected_verdict": override.name,
        "acceptable_verdicts": [override.name],
        "contested": False,
        "control": None,
        "why": f"{override.reason} ({override.by}, {override.decided_at[:10]})",
        "stances_by": sorted({e.judge for e in shown}),
    }  # fmt: skip
