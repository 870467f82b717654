"""Summarise outcomes as one JSON document: the metrics, and every case. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agent.evaluation import scores
from agent.evaluation.pools import pool_figures
from agent.evaluation.scores import STANCES, VERDICTS, Scored
from agent.evaluation.trial import Outcome
from store.records import Evidence

RECALL_AT = (20, 50, 100)


def summarise(
    outcomes: Sequence[Outcome], *, seconds: float, verdicts: bool = True, pools: bool = False
) -> dict[str, Any]:
    """The document of `retest eval`: shares are in [0, 1], null if nothing could be counted.

    Without `verdicts` the set labels stances only, and the verdict metrics are null. With `pools`, a case
    without an expected verdict is left out of the verdict metrics.
    """
    judged = [o for o in outcomes if verdicts and (o.case.expected_verdict or not pools)]
    scored = [_scored(o) for o in judged]
    stances = _comparable([t for o in outcomes for t in _stances(o)])
    confidences = [o.verdict.confidence for o in judged]
    sure = [(c, t.correct) for c, t in zip(confidences, scored, strict=True) if c is not None]
    untested = [t for t in scored if t.expected is None]
    figures = {
        "n": len(outcomes),
        "accuracy": scores.accuracy(scored),
        "accuracy_ci": scores.interval(scored, scores.accuracy),
        "macro_f1": scores.macro_f1(scored),
        "macro_f1_ci": scores.interval(scored, scores.macro_f1),
        "majority_macro_f1": scores.majority_macro_f1(scored),
        "contradicted_precision": scores.precision(scored, "contradicted"),
        "contradicted_told": sum(t.predicted == "contradicted" for t in scored),
        "coverage": _share([t.predicted is not None for t in scored if t.expected is not None]),
        "untested_accuracy": scores.accuracy(untested),
        "stance_macro_f1": scores.macro_f1(
            stances, [s for s in STANCES if any(t.expected == s for t in stances)]
        ),
        **{f"evidence_recall_{k}": recall(outcomes, k) for k in RECALL_AT},
        "quotes_found_share": _share([_was_found(e) for o in outcomes for e in o.evidence]),
        "unjudged": sum(o.shown - len(o.judged) for o in outcomes),
        "ece": scores.calibration_error([c for c, _ in sure], [r for _, r in sure]),
        "seconds": seconds,
        **(pool_figures(outcomes) if pools else {}),
    }
    return {
        **{name: _rounded(value) for name, value in figures.items()},
        "confusion": scores.confusion(scored, VERDICTS),
        "stance_confusion": scores.confusion(stances, STANCES),
        "reliability": [[*map(_rounded, row)] for row in scores.reliability(*_columns(sure))],
        "cases": [_case(o) for o in outcomes],
    }


def recall(outcomes: Sequence[Outcome], k: int) -> float | None:
    """Share of all bearing papers among the first `k` found; None if the papers were given."""
    searched = [o for o in outcomes if o.ranked is not None]
    wanted = sum(len(o.case.bearing) for o in searched)
    found = sum(len(o.case.bearing.intersection((o.ranked or ())[:k])) for o in searched)
    return found / wanted if wanted else None


def _scored(outcome: Outcome) -> Scored:
    case = outcome.case
    return Scored(outcome.verdict.name, case.expected_verdict, case.accepted)


def _stances(outcome: Outcome) -> list[Scored]:
    """The stance of each labelled paper that was judged; a lead alone is not a stance."""
    scored = []
    for paper_id, label in outcome.case.labels.items():
        if paper_id in outcome.judged:
            scored.append(Scored(_stance(outcome.strongest(paper_id)), label, (label,)))
    return scored


def _comparable(scored: list[Scored]) -> list[Scored]:
    """Count "relaxes" predictions as "contradicts" if no label is "relaxes"."""
    if any(t.expected == "relaxes" for t in scored):
        return scored
    return [t._replace(predicted="contradicts") if t.predicted == "relaxes" else t for t in scored]


def _stance(evidence: Evidence | None) -> str:
    return evidence.stance if evidence and evidence.status == "counted" else "neutral"


def _was_found(evidence: Evidence) -> bool:
    return not any(g.failed for g in evidence.gates if g.gate == "found")


def _case(outcome: Outcome) -> dict[str, Any]:
    case, verdict = outcome.case, outcome.verdict
    cited = [e.paper_id for e in outcome.evidence if e.id in verdict.evidence_ids]
    shown = dict.fromkeys([*case.labels, *cited])
    return {
        "id": case.id,
        "control": case.control,
        "expected": case.expected_verdict,
        "acceptable": list(case.accepted),
        "predicted": verdict.name,
        "basis": verdict.basis,
        "confidence": verdict.confidence,
        "correct": _scored(outcome).correct,
        "reason": verdict.reason,
        "seconds": _rounded(outcome.seconds),
        "evidence": [_evidence(outcome, paper_id) for paper_id in shown],
    }


def _evidence(outcome: Outcome, paper_id: str) -> dict[str, Any]:
    found = outcome.strongest(paper_id)
    ranked = outcome.ranked or ()
    return {
        "arxiv_id": paper_id,
        "expected_stance": outcome.case.labels.get(paper_id),
        "stance": _stance(found) if paper_id in outcome.judged else None,
        "lead": found.stance if found and found.status == "lead" else None,
        "strength": found.strength if found else None,
        "quote": found.quote if found else None,
        "gates": [[g.gate, not g.failed, g.reason, g.outcome] for g in found.gates] if found else [],
        "rank": ranked.index(paper_id) + 1 if paper_id in ranked else None,
    }


def _columns(sure: list[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    return [c for c, _ in sure], [r for _, r in sure]


def _share(flags: Sequence[bool]) -> float | None:
    return sum(flags) / len(flags) if flags else None


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 4)
    return [round(v, 4) for v in value] if isinstance(value, tuple) else value
