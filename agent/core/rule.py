"""The verdict rule, version 2: evidence that passed its gates in, one verdict out. Pure.

It is deterministic and independent of order. A paper counts once per stance. Papers that share an
author count as one voice; papers without known authors cannot be shown to be independent, so together
they are one voice. Version 2 differs from version 1 in one point: an unreviewed adverse lead keeps a
claim open, where version 1 could call the same silence unchallenged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from math import prod
from types import MappingProxyType
from typing import Any

from agent.core.confidence import CERTAIN, UNCALIBRATED, Calibration
from store.records import Atom, Basis, Claim, Evidence, Verdict, VerdictName

RULE_VERSION = 2
ENOUGH_PAPERS = 5
ENOUGH_VOICES = 2
NEVER_OPEN = 2.0
"""A strength that no lead reaches."""
ADVERSE = ("relaxes", "contradicts")
OPEN = {"threshold", "second opinion", "found", "exists"}
"""Gates whose failure leaves open whether a paper is adverse: too weak, disputed, or misquoted."""


def decide_claim(
    claim: Claim,
    evidence: Sequence[Evidence],
    *,
    relevant: int,
    healthy: bool,
    open_from: float = NEVER_OPEN,
    calibration: Calibration = UNCALIBRATED,
) -> Verdict:
    """Decide every atom of a claim and combine the results.

    Adverse leads of at least strength `open_from`, the judge's calibrated level, keep a claim open.

    `relevant` is the number of relevant papers that healthy retests screened; those the judge could
    not settle for an atom are subtracted. With an unknown as-of month the claim is untested.
    """
    if claim.as_of is None:
        return _untested("the as-of month is unknown: nothing can be shown to be newer")
    decided = []
    for atom in claim.parts:
        of_atom = [e for e in evidence if e.atom_id == atom.id]
        waiting = len(open_leads(of_atom, open_from))
        left = relevant - unsettled(of_atom)
        decided.append((atom, decide(of_atom, relevant=left, healthy=healthy, open_leads=waiting)))
    verdict = combine(decided)
    raw = verdict.confidence
    return verdict if raw is None else replace(verdict, confidence=calibration.of(raw))


def decide_claim_v1(*args: Any, **kwargs: Any) -> Verdict:
    """Decide as version 1 did: no lead keeps a claim open."""
    return replace(decide_claim(*args, **kwargs | {"open_from": NEVER_OPEN}), rule_version=1)


def unsettled(evidence: Iterable[Evidence]) -> int:
    """How many papers may be adverse as far as the judge can tell; they do not count as silence."""
    unsure = {
        e.paper_id for e in evidence
        if e.status != "counted" and e.stance in ADVERSE
        and {g.gate for g in e.gates if g.failed} <= OPEN
    }  # fmt: skip
    return len(unsure)


def open_leads(evidence: Iterable[Evidence], open_from: float) -> set[str]:
    """The papers whose adverse leads a person should review before anything is confirmed."""
    return {
        e.paper_id for e in evidence
        if e.status == "lead" and e.stance in ADVERSE and e.strength >= open_from
    }  # fmt: skip


def decide(evidence: Iterable[Evidence], *, relevant: int, healthy: bool, open_leads: int = 0) -> Verdict:
    """Decide one atom.

    `relevant` is the number of relevant papers that healthy retests screened and the judge could
    settle; `healthy` is whether this run's search was. An unhealthy search can add evidence, but
    cannot confirm.
    """
    counted = [e for e in evidence if e.status == "counted" and e.stance != "neutral"]
    against, narrowing = _of(counted, "contradicts"), _of(counted, "relaxes")
    support = _of(counted, "supports")
    refuted = voices(against) >= ENOUGH_VOICES or any(e.replication for e in against)
    if refuted and not support:
        return _verdict("contradicted", "refuted", against, f"{_count(against)} reporting the opposite")
    if against or narrowing:
        return _narrowed(against, narrowing, support)
    if support and healthy:
        return _verdict("still-holds", "reconfirmed", support, f"{_count(support)} agreeing")
    if support:
        return _untested(
            f"{_count(support)} agreeing, but the search was not healthy: nothing is confirmed on it"
        )
    return _open(open_leads) if open_leads else _silence(relevant, healthy=healthy)


def combine(parts: Sequence[tuple[Atom, Verdict]]) -> Verdict:
    """Combine the verdicts of a claim's atoms: the weakest part decides.

    Contradicted only if every atom is; relaxed if some atom is adverse; still-holds only if every atom
    holds; otherwise none yet.
    """
    if len(parts) == 1:
        return parts[0][1]
    verdicts = [v for _, v in parts]
    names = {v.name for v in verdicts}
    if names == {"contradicted"}:
        return _joined("contradicted", "refuted", parts, verdicts, _same)
    if names & {"contradicted", "relaxed"}:
        adverse = [(a, v) for a, v in parts if v.name in ("contradicted", "relaxed")]
        return _joined("relaxed", "narrowed", adverse, verdicts, _part_condition)
    if names == {"still-holds"}:
        basis: Basis = "reconfirmed" if {v.basis for v in verdicts} == {"reconfirmed"} else "unchallenged"
        return _joined("still-holds", basis, parts, verdicts, _same)
    tested = sum(v.name is not None for v in verdicts)
    waiting = sum(v.open_leads for v in verdicts)
    if waiting:
        return _open(waiting)
    return _untested(f"{tested} of {len(parts)} parts are tested and unharmed, the others are not tested yet")


def settle(
    previous: Verdict | None,
    proposed: Verdict,
    seen: frozenset[str],
    lapsed: Mapping[str, str] = MappingProxyType({}),
) -> Verdict | None:
    """The verdict to append to the history, or None if nothing changed.

    `seen` holds the ids of all evidence the claim had when `previous` was decided. Silence leaves an
    earlier verdict standing, and a flip needs new evidence. But a verdict that rests on `lapsed` evidence
    (id -> why) is replaced at once, and one that rests on silence ends with the first adverse lead.
    """
    if previous is None:
        return proposed
    fallen = sorted({lapsed[i] for i in previous.evidence_ids if i in lapsed})
    if fallen:
        return replace(proposed, reason="; ".join([*fallen, proposed.reason]))
    if proposed.open_leads and previous.basis == "unchallenged":
        return proposed
    if proposed.name is None and previous.name is not None:
        return None
    flips = previous.name is not None and proposed.name != previous.name
    if flips and not set(proposed.evidence_ids) - seen:
        return None
    return None if _says(proposed) == _says(previous) else proposed


def voices(evidence: Iterable[Evidence]) -> int:
    """The number of independent groups of authors: connected components over shared authors."""
    groups: list[set[str]] = []
    for names in ({a.casefold() for a in e.authors} or {""} for e in evidence):
        touching = [g for g in groups if g & names]
        groups = [g for g in groups if not g & names] + [names.union(*touching)]
    return len(groups)


def _of(evidence: Iterable[Evidence], stance: str) -> list[Evidence]:
    """The strongest evidence of each paper with this stance, sorted by id."""
    best: dict[str, Evidence] = {}
    for item in sorted(evidence, key=lambda e: (e.strength, e.id)):
        if item.stance == stance:
            best[item.paper_id] = item
    return sorted(best.values(), key=lambda e: e.id)


def _narrowed(against: list[Evidence], narrowing: list[Evidence], support: list[Evidence]) -> Verdict:
    reasons = [
        f"{_count(group)} {what}"
        for group, what in (
            (against, "reporting the opposite"),
            (narrowing, "narrowing it"),
            (support, "agreeing"),
        )
        if group
    ]
    cited = against + narrowing + support
    verdict = _verdict("relaxed", "narrowed", cited, "; ".join(reasons))
    strongest = max(narrowing or against, key=lambda e: (e.strength, e.id))
    condition = strongest.condition or f"arXiv:{strongest.paper_id} reports the opposite in its setting"
    confidence = _confidence(against + narrowing)
    return replace(verdict, condition=condition, contested=bool(against and support), confidence=confidence)


def _silence(relevant: int, *, healthy: bool) -> Verdict:
    if healthy and relevant >= ENOUGH_PAPERS:
        reason = f"{relevant} relevant newer papers screened and settled, none adverse"
        return Verdict("still-holds", "unchallenged", reason=reason, rule_version=RULE_VERSION)
    if not healthy:
        return _untested("the search was not healthy: nothing is confirmed on it")
    return _untested(f"{relevant} newer papers could be settled; silence counts from {ENOUGH_PAPERS}")


def _open(waiting: int) -> Verdict:
    leads = "1 adverse lead is" if waiting == 1 else f"{waiting} adverse leads are"
    verdict = _untested(f"{leads} not reviewed yet: until then silence confirms nothing")
    return replace(verdict, open_leads=waiting)


def _untested(reason: str) -> Verdict:
    return Verdict(None, "untested", reason=reason, rule_version=RULE_VERSION)


def _verdict(name: VerdictName, basis: Basis, cited: list[Evidence], reason: str) -> Verdict:
    ids = tuple(sorted(e.id for e in cited))
    return Verdict(
        name,
        basis,
        confidence=_confidence(cited),
        evidence_ids=ids,
        reason=reason,
        rule_version=RULE_VERSION,
    )


def _joined(
    name: VerdictName,
    basis: Basis,
    shown: Sequence[tuple[Atom, Verdict]],
    verdicts: list[Verdict],
    condition_of: Callable[[Atom, Verdict], str],
) -> Verdict:
    conditions = [c for atom, v in shown if (c := condition_of(atom, v))]
    confidences = [v.confidence for _, v in shown if v.confidence is not None]
    return Verdict(
        name,
        basis,
        condition="; ".join(conditions),
        confidence=(max(confidences) if name == "relaxed" else min(confidences)) if confidences else None,
        contested=any(v.contested for v in verdicts),
        evidence_ids=tuple(sorted({i for v in verdicts for i in v.evidence_ids})),
        reason="; ".join(f"part {n}: {v.standing}, {v.reason}" for n, v in enumerate(verdicts, 1)),
        rule_version=RULE_VERSION,
    )


def _same(_: Atom, verdict: Verdict) -> str:
    return verdict.condition


def _part_condition(atom: Atom, verdict: Verdict) -> str:
    condition = "contradicted" if verdict.name == "contradicted" else verdict.condition
    return f"“{atom.text}”: {condition}"


def _confidence(cited: Sequence[Evidence]) -> float:
    """Noisy-or over the strongest quote of each voice: 1 - prod(1 - strength), never certain."""
    left = sorted(cited, key=lambda e: (-e.strength, e.id))
    chosen: list[Evidence] = []
    for item in left:
        if voices([*chosen, item]) > len(chosen):
            chosen.append(item)
    return round(min(1 - prod(1 - e.strength for e in chosen), CERTAIN), 3)


def _count(evidence: list[Evidence]) -> str:
    papers, heard = len({e.paper_id for e in evidence}), voices(evidence)
    plural = "" if papers == 1 else "s"
    return f"{papers} paper{plural} ({heard} independent)" if papers != heard else f"{papers} paper{plural}"


def _says(verdict: Verdict) -> tuple[object, ...]:
    return (
        verdict.name,
        verdict.basis,
        verdict.condition,
        verdict.contested,
        frozenset(verdict.evidence_ids),
        verdict.rule_version,
        verdict.open_leads,
    )
