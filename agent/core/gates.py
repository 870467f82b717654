"""The gates: checks in code that a finding must pass to count. Pure.

A failed gate is recorded with its reason, never deleted. Evidence is a lead if a person could settle
every failure; any other failure rejects it. The numbers are those of the design, section 5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from agent.core.findings import Finding
from agent.core.own_result import gives_order, own_start, why_not_own_result
from agent.core.passages import section_around
from agent.core.quotes import MIN_WORDS, find_quote, whole_sentences, word_count
from agent.core.scope import matched_words, property_axis
from agent.core.sentences import Span
from agent.core.window import existed_by, is_newer
from store.records import Claim, Evidence, EvidenceStatus, GateOutcome, GateResult, Paper, Passage, Stance

MOST_SAMPLES = 0.66
"""Least share of a judge's samples (two of three) that must take the same stance."""
MOST_WORDS = 3
OPPOSITE: dict[str, frozenset[str]] = {
    "supports": frozenset({"contradicts"}),
    "contradicts": frozenset({"supports"}),
    "relaxes": frozenset(),
}


@dataclass(frozen=True)
class Case:
    """Everything a gate may look at: the finding, the claim, and the paper as stored in the ledger.

    `threshold_in` returns the least strength that counts in a section.
    """

    claim: Claim
    paper: Paper | None
    text_id: int
    text: str
    passages: tuple[Passage, ...]
    finding: Finding
    judge: str
    threshold_in: Callable[[str], float]
    until: str
    other_stances: frozenset[Stance] = frozenset()


def weigh(case: Case) -> Evidence:
    """Run a finding through every gate and return it as evidence, with its status."""
    span = find_quote(case.finding.quote, case.text)
    whole = whole_sentences(span, case.text, section_around(span, case.passages, case.text)) if span else None
    stance, scope_gate, condition = _in_scope(case)
    gates = (
        _found(case, span),
        _newer(case),
        _exists(case),
        _own_words(case, whole),
        scope_gate,
        _second_opinion(case, stance),
        _confident(case, whole),
    )
    return _evidence(case, whole, stance, condition, gates)


def status_of(gates: tuple[GateResult, ...]) -> EvidenceStatus:
    """Counted if every gate passed, a lead if a person could settle every failure, else rejected."""
    failed = [g for g in gates if g.failed]
    if not failed:
        return "counted"
    return "lead" if all(g.settleable for g in failed) else "rejected"


def _found(case: Case, span: Span | None) -> GateResult:
    if word_count(case.finding.quote) < MIN_WORDS:
        return GateResult("found", "failed", f"the quote has fewer than {MIN_WORDS} words")
    if span is None:
        return GateResult("found", "failed", "the quote is not in the stored text")
    return GateResult("found", "passed", f"characters {span.start} to {span.end} of the stored text")


def _newer(case: Case) -> GateResult:
    if case.paper is None:
        return GateResult("newer", "failed", "no such paper")
    if case.paper.id in case.claim.source_ids:
        return GateResult("newer", "failed", "the paper is the claim's own source")
    if case.claim.as_of is None:
        return GateResult("newer", "failed", "the claim's as-of month is unknown", settleable=True)
    if not existed_by(case.paper.published, case.until):
        return GateResult("newer", "failed", f"{case.paper.published} is after {case.until}")
    newer = is_newer(case.paper.published, case.claim.as_of)
    outcome: GateOutcome = "passed" if newer else "failed"
    word = "later" if newer else "not later"
    return GateResult("newer", outcome, f"{case.paper.published} is {word} than {case.claim.as_of}")


def _exists(case: Case) -> GateResult:
    if case.paper is None:
        return GateResult("exists", "failed", "the ledger holds no such paper")
    if case.finding.atom_id not in {atom.id for atom in case.claim.parts}:
        return GateResult("exists", "failed", f"the claim has no part {case.finding.atom_id!r}")
    if case.finding.passage_id and case.finding.passage_id not in {p.id for p in case.passages}:
        return GateResult("exists", "failed", f"no passage {case.finding.passage_id!r} was shown")
    if case.paper.withdrawn:
        return GateResult("exists", "failed", "the paper is withdrawn")
    return GateResult("exists", "passed", case.paper.url)


def _own_words(case: Case, span: Span | None) -> GateResult:
    sentence = case.text[span.start : span.end] if span else case.finding.quote
    section = _section(case, span)
    if gives_order(sentence):
        return GateResult("own words", "failed", "it gives its reader an order, and reports no result")
    if not case.finding.own_words:
        return GateResult("own words", "failed", "the judge reads it as others' work", settleable=True)
    if case.finding.evidence_type in ("survey", "argument"):
        reason = f"the judge reads it as {case.finding.evidence_type}, not as a result"
        return GateResult("own words", "failed", reason, settleable=True)
    if section == "title":
        return GateResult("own words", "failed", "a bare title is not a quote", settleable=True)
    reason = why_not_own_result(sentence, section) or _background(case, span)
    if reason:
        return GateResult("own words", "failed", reason, settleable=True)
    return GateResult("own words", "passed", "the authors assert it as their result")


def _background(case: Case, span: Span | None) -> str:
    """Why a sentence of an abstract is background; empty if it is not."""
    if span is None or _section(case, span) != "abstract" or span.end > own_start(case.passages):
        return ""
    return "the sentence stands before the authors speak of their own work"


def _in_scope(case: Case) -> tuple[Stance, GateResult, str]:
    """The stance that the scope allows: a result in another setting can narrow a claim, never refute it."""
    finding, axes = case.finding, case.claim.load_bearing(case.finding.atom_id)
    match = {axis: finding.scope_match.get(axis, "unknown") for axis in axes}
    other = [a for a in axes if match[a] == "different"]
    unknown = [a for a in axes if match[a] == "unknown"]
    if finding.stance != "contradicts":
        return finding.stance, _speaks_of_claim(case, axes), finding.condition
    if unknown:
        reason = f"contradicts needs the same {', '.join(unknown)}; the text does not say"
        return "relaxes", GateResult("in scope", "failed", reason, settleable=True), finding.condition
    spoken = _speaks_of_claim(case, axes)
    if other:
        condition = finding.condition or "another " + " and ".join(other)
        note = f"other {', '.join(other)}: relaxes at most"
        return "relaxes", spoken if spoken.failed else replace(spoken, reason=note), condition
    return "contradicts", spoken, ""


def _speaks_of_claim(case: Case, axes: tuple[str, ...]) -> GateResult:
    """A paper tests a claim only if it addresses its setting, and opposes it only if its property.

    Many papers share a claim's kind of training or model; few measure what the claim measures. A different
    metric, if the judge can tell, still measures the same property.
    """
    claim, finding = case.claim, case.finding
    about = property_axis(claim, finding.atom_id) if finding.stance != "supports" else None
    needed = (about,) if about else axes
    if not needed:
        return GateResult("in scope", "not run", "the claim names no axis that decides")
    addressed = [a for a in (*needed, *axes) if finding.scope_match.get(a, "unknown") != "unknown"]
    if not set(addressed) & set(needed):
        what = ", ".join(f"{a} ({claim.scope_of(finding.atom_id)[a].value})" for a in needed)
        reason = f"nothing that was read speaks of the claim's {what}"
        return GateResult("in scope", "failed", reason, settleable=True)
    return GateResult("in scope", "passed", f"speaks of {_shown(case, tuple(dict.fromkeys(addressed)))}")


def _shown(case: Case, axes: tuple[str, ...]) -> str:
    """Axes with the words of the paper that matched them."""
    words = matched_words(case.claim, case.finding.atom_id, case.text)
    rows = ((a, ", ".join(f"“{w}”" for w in words.get(a, ())[:MOST_WORDS])) for a in axes)
    return "; ".join(f"{axis} ({found})" if found else axis for axis, found in rows)


def _second_opinion(case: Case, stance: Stance) -> GateResult:
    against = OPPOSITE.get(stance, frozenset()) & case.other_stances
    if against:
        return GateResult(
            "second opinion", "failed", f"the other judge reads {min(against)}", settleable=True
        )
    sampled = "" if case.finding.agreement == 1 else f"; {case.finding.agreement:.0%} of its samples agree"
    if case.finding.agreement < MOST_SAMPLES:
        return GateResult("second opinion", "failed", f"the judge wavers{sampled}", settleable=True)
    if case.other_stances:
        return GateResult(
            "second opinion",
            "passed",
            f"the other judge reads {' and '.join(sorted(case.other_stances))}{sampled}",
        )
    if sampled:
        return GateResult("second opinion", "passed", f"the judge was asked again{sampled}")
    return GateResult("second opinion", "not run", "no other judge took a side on this paper")


def _confident(case: Case, span: Span | None) -> GateResult:
    strength, least = f"{case.finding.strength:.2f}", case.threshold_in(_section(case, span))
    if case.finding.strength < least:
        never = least > 1
        reason = (
            "this judge is not calibrated on the body of papers" if never
            else f"strength {strength} is under {least:.2f}"
        )  # fmt: skip
        return GateResult("threshold", "failed", reason, settleable=True)
    return GateResult("threshold", "passed", f"strength {strength}")


def _section(case: Case, span: Span | None) -> str:
    if span is None:
        return ""
    holding = (p for p in case.passages if p.start <= span.start < p.end)
    return next((p.section for p in holding), "")


def _evidence(
    case: Case, span: Span | None, stance: Stance, condition: str, gates: tuple[GateResult, ...]
) -> Evidence:
    claim, finding, paper = case.claim, case.finding, case.paper
    quote = case.text[span.start : span.end] if span else finding.quote
    parts = (
        claim.id,
        claim.revision,
        finding.atom_id,
        paper and (paper.id, paper.version),
        case.judge,
        finding.stance,
        quote,
    )
    return Evidence(
        id=hashlib.sha256(repr(parts).encode()).hexdigest()[:16],
        claim_id=claim.id,
        revision=claim.revision,
        atom_id=finding.atom_id,
        paper_id=paper.id if paper else "",
        version=paper.version if paper else None,
        text_id=case.text_id,
        published=paper.published if paper else "",
        stance=stance,
        quote=quote,
        start=span.start if span else None,
        end=span.end if span else None,
        section=_section(case, span),
        scope_match=finding.scope_match,
        condition=condition if stance == "relaxes" else "",
        own_words=finding.own_words,
        replication=finding.replication,
        strength=finding.strength,
        judge=case.judge,
        status=status_of(gates),
        gates=gates,
        authors=paper.authors if paper else (),
    )


def as_of_run(evidence: Evidence, run_id: str) -> Evidence:
    """The same evidence, marked with the run that found it."""
    return replace(evidence, run_id=run_id)
