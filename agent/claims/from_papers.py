"""Propose claims from papers: their key results, with quote and month. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from agent.claims.reading.pieces import Document, Piece
from agent.core.key_findings import KeyFinding
from store.records import Paper, Source

RESULTS = "key results"


def proposed(found: Sequence[tuple[Paper, Mapping[str, Sequence[KeyFinding]]]]) -> Document:
    """The key results of papers, as a document whose claims can be imported, left out or reworded.

    Each claim is dated by the month of its paper's first version. The quote it rests on is its note.
    """
    pieces, number = list[Piece](), 0
    for paper, findings in found:
        if not findings.get(RESULTS):
            number += 1
            missing = f"arXiv:{paper.id}, “{paper.title}”: no result found in its abstract"
            pieces.append(Piece("unplaced", missing, number, number))
        for finding in findings.get(RESULTS, ()):
            number += 1
            lacks = (f"from the sentence “{finding.quote}”",) if finding.says else ()
            pieces.append(Piece(
                "claim", finding.says or finding.quote, number, number, paper.title,
                (Source(paper.id),), paper.published[:7], lacks,
            ))  # fmt: skip
    title = ", ".join(f"arXiv:{paper.id}" for paper, _ in found)
    return Document("papers", title, "", tuple(pieces))
