"""Why two recent papers disagree on a claim, in sentences that each cite one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import prompts
from agent.core.quotes import legible
from agent.writing.grounding import Draft, Material, grounded
from agent.writing.journalled_writer import Answer, JournalledWriter
from store.records import Claim, Evidence, Paper
from store.remarks import Writing


class Said(Answer):
    """A sentence and the labels it cites."""

    text: str
    cites: list[str]


class Reconciliation(Answer):
    """Sentences, and the axis on which the two differ."""

    sentences: list[Said]
    axis: Literal["model", "scale", "training", "task", "scaffold", "metric", "unclear"]


def material(evidence: Evidence, paper: Paper) -> Material:
    """What a sentence may draw on when it cites a piece of evidence."""
    own = f"{legible(evidence.quote)}\n{paper.published}\n{evidence.condition}"
    return Material(evidence.id, f"{own}\n{paper.title}", frozenset({paper.id}), own)


def shown(label: str, side: str, found: Material) -> str:
    """A piece of material as a prompt shows it."""
    return prompts.fenced(f"{label} ({side})", found.text.strip())


def reconcile(
    writer: JournalledWriter, line_id: str, claim: Claim, pair: tuple[Evidence, Evidence],
    papers: dict[str, Paper], axes: Sequence[str],
) -> Writing:  # fmt: skip
    """Ask why support and adverse evidence differ; only grounded sentences are kept.

    Raises JudgeError or BudgetReached.
    """
    given = {f"E{n}": material(e, papers[e.paper_id]) for n, e in enumerate(pair, 1)}
    answer = writer.ask(
        "reconcile", Reconciliation, claim.id, claim=prompts.fenced("claim", claim.text),
        sides="\n".join([shown("E1", "for", given["E1"]), shown("E2", "against", given["E2"])]),
        axes=", ".join(axes) or "none",
    )  # fmt: skip
    kept, left_out = grounded([Draft(s.text, tuple(s.cites), answer.axis) for s in answer.sentences], given)
    return Writing(
        "reconciliation", line_id, about(*pair), kept, left_out, writer.name, writer.run_id
    )  # fmt: skip


def about(supporting: Evidence, adverse: Evidence) -> str:
    """The identifier of a pair of evidence."""
    return f"{supporting.id} {adverse.id}"
