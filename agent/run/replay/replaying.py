"""Decide a finished run again from its journal, offline: the same answers, gates and rule.

Nothing is asked and nothing is written. The ledger only grows, so what a run saw is what was there by its
end; whatever was added or lapsed later is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection

import store.calls
import store.claims
import store.evidence
import store.papers
import store.runs
import store.verdicts
from agent.core import gates, rule, sampling
from agent.core.confidence import Calibration
from agent.core.findings import Finding
from agent.core.window import existed_by
from agent.errors import UsageError
from agent.ports.models import Judge
from agent.run.judge_calls import sample_key
from store.records import Call, Claim, Evidence, Retest, Run, Verdict

Decide = Callable[..., Verdict]
RULES: dict[int, Decide] = {1: rule.decide_claim_v1, rule.RULE_VERSION: rule.decide_claim}
"""Every version of the rule so far."""
SAID = (
    "name", "basis", "condition", "confidence", "contested", "evidence_ids", "reason",
    "open_leads",
)  # fmt: skip


class Replayed(NamedTuple):
    """A claim's verdict as the run stored it, and as replayed; None if nothing was appended."""

    claim_id: str
    stored: str | None
    replayed: str | None

    @property
    def same(self) -> bool:
        """Whether the two agree byte for byte."""
        return self.stored == self.replayed


@dataclass(frozen=True)
class Replay:
    """A run and its judge, which is not asked but supplies thresholds and calibration."""

    db: Connection
    run: Run
    judge: Judge
    decide: Decide = rule.decide_claim

    def verdicts(self) -> list[Replayed]:
        """Decide again every claim that the run retested."""
        answers = _by_claim(store.calls.judged(self.db, self.judge.name, self._until))
        return [self._claim(r, answers.get((r.claim_id, r.revision), [])) for r in self._retests()]

    @property
    def _until(self) -> str:
        return self.run.finished_at or store.calls.LAST

    def _retests(self) -> list[Retest]:
        return sorted(store.runs.of_run(self.db, self.run.id), key=lambda r: r.claim_id)

    def _claim(self, retest: Retest, calls: Sequence[tuple[Call, list[Finding]]]) -> Replayed:
        claim = store.claims.revision(self.db, retest.claim_id, retest.revision)
        if claim is None:
            raise UsageError(
                f"the ledger has no {retest.claim_id}, revision {retest.revision}", "restore a backup"
            )
        recorded = store.evidence.of_claim(self.db, claim.id, claim.revision, self._until)
        earlier = [e for e in recorded if self._is_earlier(e.run_id)]
        found = {
            e.id: e for e in [*earlier, *(e for call in calls for e in self._weighed(claim, call, recorded))]
        }
        usable = [
            e for e in found.values()
            if e.judge == self.judge.name and existed_by(e.published, self.run.as_of)
        ]  # fmt: skip
        unasked = store.calls.unasked(self.db, claim.id, self._until)
        relevant = store.runs.relevant_papers(self.db, claim.id, claim.revision, self._until) - unasked
        proposed = self.decide(
            claim, usable, relevant=len(relevant), healthy=retest.healthy,
            open_from=self.judge.open_from, calibration=Calibration(*self.judge.calibration),
        )  # fmt: skip
        lapsed = store.evidence.lapsed(self.db, claim.id, claim.revision, self._until)
        before = self._previous(claim)
        settled = rule.settle(before, proposed, frozenset(e.id for e in earlier), lapsed)
        stored = [v for v in store.verdicts.history(self.db, claim.id) if v.run_id == self.run.id]
        return Replayed(
            claim.id, as_json(stored[-1]) if stored else None, as_json(settled) if settled else None
        )

    def _previous(self, claim: Claim) -> Verdict | None:
        history = [
            v for v in store.verdicts.history(self.db, claim.id)
            if v.revision == claim.revision and self._is_earlier(v.run_id)
        ]  # fmt: skip
        return history[-1] if history else None

    def _is_earlier(self, run_id: str) -> bool:
        other = store.runs.get(self.db, run_id)
        return bool(other and (other.started_at, other.id) < (self.run.started_at, self.run.id))

    def _weighed(
        self, claim: Claim, answered: tuple[Call, list[Finding]], recorded: Iterable[Evidence]
    ) -> list[Evidence]:
        call, findings = answered
        text_id = int(call.request["text_id"])
        read = store.papers.read_as(self.db, text_id)
        if read is None:
            raise UsageError(f"the text for call {call.key[:12]} is missing", "restore a backup")
        record = store.papers.get(self.db, read[0])
        # A judged paper was not withdrawn at the time, unless a gate failed for it.
        of_paper = [e for e in recorded if e.paper_id == read[0]]
        gone = any(g.gate == "exists" and g.failed for e in of_paper for g in e.gates)
        paper = replace(record, version=read[1], withdrawn=record.withdrawn and gone) if record else None
        passages = tuple(store.papers.passages_of(self.db, text_id))
        family = store.evidence.family(self.judge.name)
        theirs = [e for e in of_paper if store.evidence.family(e.judge) != family]
        others = [e for e in theirs if e.run_id == self.run.id or self._is_earlier(e.run_id)]
        return [
            gates.weigh(gates.Case(
                claim=claim, paper=paper, text_id=text_id, text=read[2], passages=passages,
                finding=f, judge=self.judge.name, threshold_in=partial(self.judge.threshold_of, f.stance),
                until=self.run.as_of,
                other_stances=frozenset(e.stance for e in others if e.atom_id == f.atom_id and _is_sure(e)),
            ))
            for f in findings if f.stance != "neutral"
        ]  # fmt: skip


def _by_claim(calls: Sequence[Call]) -> Mapping[tuple[str, int], list[tuple[Call, list[Finding]]]]:
    """Every complete answer by claim revision; samples are joined to the answer they belong to."""
    by_key = {c.key: c for c in calls}
    samples = {sample_key(key, n) for key in by_key for n in range(1, sampling.SAMPLES)}
    found: dict[tuple[str, int], list[tuple[Call, list[Finding]]]] = {}
    for call in calls:
        if call.key in samples or call.response is None:
            continue
        if "text_id" not in call.request:
            raise UsageError("this run was recorded before replays were possible", "replay a later run")
        wanted = int(call.response.get("samples_wanted", 1))
        answers = [by_key[k] for n in range(wanted) if (k := sample_key(call.key, n)) in by_key]
        if len(answers) == wanted:
            findings = [[Finding(**f) for f in (c.response or {})["findings"]] for c in answers]
            key = (call.request["claim"], int(call.request["revision"]))
            found.setdefault(key, []).append((call, sampling.agreed(findings, wanted)))
    return found


def _is_sure(evidence: Evidence) -> bool:
    return not any(g.failed for g in evidence.gates if g.gate == "threshold")


def as_json(verdict: Verdict) -> str:
    """A verdict as JSON text, without the time of the decision."""
    fields: dict[str, Any] = {name: getattr(verdict, name) for name in SAID}
    return json.dumps(fields, sort_keys=True, ensure_ascii=False)
