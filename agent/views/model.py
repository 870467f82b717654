"""The report model from which every format is produced. Pure: records in, a report out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from agent.core.disagreement import MOST_PAIRS, tensions
from agent.core.duplicates import doubles
from agent.core.quotes import legible
from store.records import Claim, Evidence, Line, Paper, Retest, Run, Verdict
from store.remarks import GROUNDED, Note, Override, Sentence, SourceCheck, Writing
from store.standing import NONE_YET, Standing

NEAREST = 5


@dataclass(frozen=True)
class Contents:
    """Everything a report is built from, as stored in the ledger."""

    lines: list[Line]
    claims: list[Claim]
    histories: dict[str, list[Verdict]]
    evidence: dict[tuple[str, int], list[Evidence]]
    retests: dict[str, Retest]
    papers: dict[str, Paper]
    nearest: dict[str, list[str]]
    run: Run | None
    today: str
    places: dict[str, tuple[bool, int | None]] = field(default_factory=dict)
    checks: dict[tuple[str, int], SourceCheck] = field(default_factory=dict)
    overrides: dict[tuple[str, int], Override] = field(default_factory=dict)
    writings: list[Writing] = field(default_factory=list)
    next_lines: list[Note] = field(default_factory=list)
    lead_counts: dict[tuple[str, int], int] | None = None
    since: str = ""
    changed_in: Run | None = None


@dataclass(frozen=True)
class Citation:
    """A piece of evidence, the paper it comes from, and its place there: section and page."""

    evidence: Evidence
    paper: Paper
    place: str = ""

    @property
    def quote(self) -> str:
        """The quote in readable form, without a PDF's line breaks and hyphenation."""
        return legible(self.evidence.quote)


@dataclass(frozen=True)
class ClaimStatus:
    """A claim, its current verdict, and the evidence on each side."""

    claim: Claim
    verdict: Verdict | None
    history: list[Verdict]
    retest: Retest | None
    citations: list[Citation]
    leads: list[Citation]
    rejected: list[Citation]
    nearest: list[Paper]
    check: SourceCheck | None = None
    override: Override | None = None
    lead_count: int = 0
    second: Mapping[str, Evidence] = field(default_factory=dict)
    """Another judge's reading of the same paper and part, by evidence id."""

    @property
    def name(self) -> str:
        """The verdict's name, or "none yet": a person's override if there is one, else the rule's."""
        return (self.override and self.override.name) or self.rule_name

    @property
    def standing(self) -> Standing:
        """The verdict as shown: like `name`, but distinguishing "no challenge found" and "open"."""
        return (self.override and self.override.name) or self.rule_standing

    @property
    def rule_standing(self) -> Standing:
        """The rule's verdict as shown, ignoring any override."""
        return self.verdict.standing if self.verdict else NONE_YET

    @property
    def rule_name(self) -> str:
        """The rule's verdict, ignoring any override."""
        return (self.verdict and self.verdict.name) or NONE_YET

    @property
    def is_decided_since(self) -> bool:
        """Whether the rule has given another verdict since a person overrode it."""
        return bool(self.override and self.verdict and self.verdict.id != self.override.over)

    @property
    def tested_at(self) -> str | None:
        """When the claim's last healthy retest ended."""
        return self.retest.finished_at if self.retest else None


@dataclass(frozen=True)
class Change:
    """A verdict that differs from the one before it, and what it rests on."""

    status: ClaimStatus
    before: Verdict | None
    after: Verdict
    citations: list[Citation]

    @property
    def is_first(self) -> bool:
        """Whether it is the claim's first verdict, which changes none."""
        return self.before is None or self.before.standing == NONE_YET


@dataclass(frozen=True)
class Report:
    """The contents of a report, in order."""

    today: str
    run: Run | None
    changes: list[Change]
    lines: list[tuple[Line, list[ClaimStatus]]]
    tensions: list[tuple[ClaimStatus, Citation, Citation, tuple[str, ...]]]
    ungrounded: list[tuple[ClaimStatus, str]]
    untested: list[ClaimStatus] = field(default_factory=list)
    writings: list[Writing] = field(default_factory=list)
    next_lines: list[Note] = field(default_factory=list)
    since: str = ""
    changed_in: Run | None = None

    @property
    def change_counts(self) -> tuple[int, int]:
        """How many verdicts changed, and how many are first ones."""
        first = sum(c.is_first for c in self.changes)
        return len(self.changes) - first, first

    @property
    def cited(self) -> dict[str, Citation]:
        """The citations that sentences in `writings` may use, by evidence id."""
        return {c.evidence.id: c for s in self.statuses for c in s.citations}

    def reconciliation(self, supporting: Citation, adverse: Citation) -> Writing | None:
        """What was written about a pair that disagrees, or None."""
        about = f"{supporting.evidence.id} {adverse.evidence.id}"
        return next((w for w in self.writings if w.about == about and w.sentences), None)

    def written(self, kind: str) -> list[tuple[Line, tuple[Sentence, ...]]]:
        """The sentences of one kind written about each line."""
        by_line = {w.line_id: w.sentences for w in self.writings if w.kind == kind and w.sentences}
        return [(line, by_line[line.id]) for line, _ in self.lines if line.id in by_line]

    @property
    def statuses(self) -> list[ClaimStatus]:
        """Every claim in the report once, in order."""
        found = {s.claim.id: s for _, statuses in self.lines for s in statuses}
        return list(found.values())


def build(contents: Contents) -> Report:
    """Arrange the ledger's contents into a report."""
    statuses = {c.id: status_of(contents, c) for c in contents.claims}
    cited = {c.evidence.id for s in statuses.values() for c in s.citations} | set(statuses)
    lines = [(line, [s for s in statuses.values() if line.id in s.claim.lines]) for line in contents.lines]
    return Report(
        today=contents.today,
        run=contents.run,
        changes=_changes(contents, statuses.values()),
        lines=[(line, found) for line, found in lines if found],
        tensions=_tensions(contents.today, statuses.values()),
        ungrounded=[(s, why) for s in statuses.values() if (why := why_ungrounded(s.claim, s.check))],
        untested=[s for s in statuses.values() if s.standing == NONE_YET],
        # `writings` that cite evidence no current verdict rests on are no longer shown.
        next_lines=contents.next_lines,
        since=contents.since,
        changed_in=None if contents.since else contents.changed_in or contents.run,
        writings=[w for w in contents.writings if all(set(s.cites) <= cited for s in w.sentences)],
    )


def status_of(contents: Contents, claim: Claim) -> ClaimStatus:
    """A claim's current status. A verdict on an earlier wording is only history."""
    history = contents.histories.get(claim.id, [])
    present = next((v for v in reversed(history) if v.revision == claim.revision), None)
    evidence = contents.evidence.get((claim.id, claim.revision), [])
    resting = set(present.evidence_ids) if present else set()
    shown = [e for e in evidence if e.paper_id in contents.papers]
    same = doubles(contents.papers[e.paper_id] for e in shown)
    cite = [_citation(contents, e, same.get(e.paper_id, "")) for e in shown]
    leads, counted = [c for c in cite if c.evidence.status == "lead"], contents.lead_counts
    return ClaimStatus(
        claim=claim,
        verdict=present,
        history=history,
        retest=contents.retests.get(claim.id),
        citations=[c for c in cite if c.evidence.id in resting],
        leads=leads,
        rejected=[c for c in cite if c.evidence.status == "rejected"],
        nearest=_nearest(contents, claim, present, evidence),
        check=contents.checks.get((claim.id, claim.revision)),
        override=contents.overrides.get((claim.id, claim.revision)),
        second=_second_readings(evidence),
        lead_count=len(leads) if counted is None else counted.get((claim.id, claim.revision), 0),
    )


def _second_readings(evidence: Sequence[Evidence]) -> dict[str, Evidence]:
    beside = {(e.paper_id, e.atom_id): e for e in reversed(evidence) if e.status == "second"}
    about = {e.id: (e.paper_id, e.atom_id) for e in evidence if e.status != "second"}
    return {name: beside[key] for name, key in about.items() if key in beside}


def _nearest(
    contents: Contents, claim: Claim, verdict: Verdict | None, evidence: Iterable[Evidence]
) -> list[Paper]:
    """The closest papers, if the verdict is unchallenged, excluding those with adverse evidence."""
    is_overridden = (claim.id, claim.revision) in contents.overrides
    if verdict is None or verdict.basis != "unchallenged" or is_overridden:
        return []
    adverse = {e.paper_id for e in evidence if e.stance in ("relaxes", "contradicts")}
    ids = [i for i in contents.nearest.get(claim.id, []) if i in contents.papers and i not in adverse]
    return [contents.papers[i] for i in ids[:NEAREST]]


def why_ungrounded(claim: Claim, check: SourceCheck | None = None) -> str:
    """Why a claim cannot be grounded in a real paper, or "" if it can."""
    if check and check.state not in GROUNDED and claim.sources:
        return f"source check: {check.state}" + (f" ({check.reason})" if check.reason else "")
    if not claim.sources:
        return "its document names no source"
    if claim.as_of is None:
        return "its as-of month is unknown"
    if all(s.status == "likely" for s in claim.sources):
        return "its document names no source; the one given was inferred from its findings and is unconfirmed"
    return ""


def _place(contents: Contents, evidence: Evidence) -> str:
    whole, page = contents.places.get(evidence.id, (False, None))
    if not whole:
        return f"{evidence.section} only"
    return evidence.section + (f", page {page}" if page else "")


def _changes(contents: Contents, statuses: Iterable[ClaimStatus]) -> list[Change]:
    """What the run changed or, if an instant is given, what has changed since then."""
    run = contents.changed_in or contents.run
    if run is None:
        return []
    changes = []
    for status in statuses:
        recent, earlier = _divided(status.history, run, contents.since)
        before = earlier[-1] if earlier else None
        if recent and recent[-1].standing != (before.standing if before else NONE_YET):
            changes.append(Change(status, before, recent[-1], _resting(contents, recent[-1])))
    return changes


def _divided(history: list[Verdict], run: Run, since: str) -> tuple[list[Verdict], list[Verdict]]:
    """The verdicts in the period under review, and those before them."""
    if since:
        return [v for v in history if v.decided_at > since], [v for v in history if v.decided_at <= since]
    of_run = [v for v in history if v.run_id == run.id]
    return of_run, [v for v in history if of_run and (v.id or 0) < (of_run[-1].id or 0)]


def _resting(contents: Contents, verdict: Verdict) -> list[Citation]:
    """What a verdict rests on, strongest first."""
    cited = set(verdict.evidence_ids)
    items = contents.evidence.get((verdict.claim_id, verdict.revision), [])
    return [_citation(contents, e) for e in items if e.id in cited and e.paper_id in contents.papers]


def _citation(contents: Contents, evidence: Evidence, same: str = "") -> Citation:
    """A citation; `same` is the id of an earlier paper that reports the same work."""
    place = _place(contents, evidence) + (f"; the same work as arXiv:{same}" if same else "")
    return Citation(evidence, contents.papers[evidence.paper_id], place)


def _tensions(
    today: str, statuses: Iterable[ClaimStatus]
) -> list[tuple[ClaimStatus, Citation, Citation, tuple[str, ...]]]:
    found = []
    for status in statuses:
        by_id = {c.evidence.id: c for c in status.citations}
        for pair in tensions([c.evidence for c in status.citations], today)[:MOST_PAIRS]:
            found.append((status, by_id[pair.supporting], by_id[pair.adverse], pair.axes))
    return found
