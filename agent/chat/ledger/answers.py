"""Answer questions to the ledger exactly: what was counted, and the sentences that say so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Connection

import store.calls
import store.claims
import store.evidence
import store.papers
import store.verdicts
from agent.chat.extractive import verdict_sentence
from agent.chat.ledger.query import LedgerQuery
from agent.chat.sources import changes_since, statuses, verdict_source
from agent.core.quotes import legible
from agent.views.model import Citation, ClaimStatus
from agent.views.wording import changes_told
from store.records import Evidence
from store.remarks import Sentence
from store.standing import STANDINGS

MOST_SHOWN, MOST_CITED = 8, 8
_SIDES = {"supports": "supports", "relaxes": "narrows", "contradicts": "contradicts"}


class Exact(NamedTuple):
    """An exact answer: claims it is about, its sentences, and a note where nothing can be cited."""

    claim_ids: list[str]
    said: list[Sentence]
    note: str = ""


def answer_exactly(
    db: Connection, today: str, query: LedgerQuery, closest: Callable[[str], str | None]
) -> Exact:
    """Answer a query; `closest` returns the id of the claim closest to a topic."""
    if query.kind == "strongest":
        claim_id = closest(query.topic)
        return _strongest(statuses(db, today, [claim_id]), query) if claim_id else Exact([], [], _NO_CLAIM)
    return _ANSWERS[query.kind](db, today, query)


_NO_CLAIM = "No claim in the ledger is about that."


def _count(db: Connection, _today: str, _: LedgerQuery) -> Exact:
    tally = {name: store.claims.search(db, verdict=name, most=1)[1] for name in STANDINGS}
    shown = ", ".join(f"{n} {name}" for name, n in tally.items() if n)
    ids = [c.id for c in store.claims.active(db)][:MOST_CITED]
    total = store.claims.count(db)
    text = f"The ledger has {_claims(total)}: {shown}." if total else "The ledger has no claims."
    return _exact(ids, [Sentence(text, _refs(ids), "lead")] if ids else [], text)


def _verdict(db: Connection, today: str, query: LedgerQuery) -> Exact:
    ids, total = store.claims.search(db, verdict=query.verdict, most=MOST_SHOWN)
    name = {"none yet": "without a verdict yet", "still-holds": "“still-holds”",
            "no challenge found": "“no challenge found”"}.get(query.verdict, query.verdict)  # fmt: skip
    count = store.claims.count(db)
    if not total:
        return Exact([], [], f"No claim is {name}; the ledger has {_claims(count)}.")
    some = f"; {len(ids)} of them are shown" if total > len(ids) else ""
    lead = f"{total} of {_claims(count)} {'is' if total == 1 else 'are'} {name}{some}."
    found = statuses(db, today, ids)
    each = [Sentence(verdict_sentence(s, today), _refs([i]), "verdict") for i, s in found.items()]
    return _exact(ids, [Sentence(lead, _refs(ids), "lead"), *each], lead)


def _changed(db: Connection, today: str, query: LedgerQuery) -> Exact:
    flips = store.verdicts.flips(db, MOST_SHOWN, since=query.since, until=query.until)
    lead = f"Between {query.since} and {query.until}: {changes_told(flips.changed, flips.first)}"
    if not flips.total:
        return Exact([], [], f"{lead}.")
    ids = list(dict.fromkeys(v.claim_id for _, v in flips.shown))
    found = statuses(db, today, ids)
    some = f"; {len(flips.shown)} of them are shown" if flips.total > len(flips.shown) else ""
    said = [Sentence(f"{lead}{some}.", _refs(ids), "lead")]
    for status in found.values():
        for verdict in changes_since(status, query.since, query.until):
            change = verdict_source(status, verdict).document
            text = (f"“{status.claim.text}” went from {change['before']} to {change['verdict']} on "
                    f"{verdict.decided_at[:10]}.")  # fmt: skip
            said.append(Sentence(text, (f"verdict:{verdict.id}",), "change"))
    return _exact(ids, said, said[0].text)


def _rest_on(db: Connection, today: str, query: LedgerQuery) -> Exact:
    found = statuses(db, today, [c.id for c in store.claims.active(db)])
    chosen = {i: s for i, s in found.items() if s.verdict and _papers_of(s) == query.number}
    on = {0: "no paper", 1: "one paper"}.get(query.number, f"{query.number} papers")
    if not chosen:
        return Exact([], [], f"The verdict of no claim rests on exactly {on}.")
    ids = list(chosen)[:MOST_SHOWN]
    some = f"; {len(ids)} of them are shown" if len(chosen) > len(ids) else ""
    verb = "rests" if len(chosen) == 1 else "rest"
    lead = Sentence(f"{_claims(len(chosen))} {verb} on exactly {on}{some}.", _refs(ids), "lead")
    each = [Sentence(verdict_sentence(chosen[i], today), _refs([i]), "verdict") for i in ids]
    return _exact(ids, [lead, *each], lead.text)


def _papers_of(status: ClaimStatus) -> int:
    """How many papers a verdict cites."""
    cited = set(status.verdict.evidence_ids) if status.verdict else set()
    return len({c.paper.id for c in status.citations if c.evidence.id in cited})


def _authors(db: Connection, _today: str, query: LedgerQuery) -> Exact:
    known = store.papers.get_many(db, list(query.ids))
    notes = []
    for paper_id in query.ids:
        paper = known.get(paper_id)
        by = f"is by {_listed(paper.authors)}" if paper and paper.authors else "has no authors on record"
        notes.append(f"arXiv:{paper_id}, “{paper.title}” ({paper.published}), {by}." if paper
                     else f"The ledger does not have arXiv:{paper_id}.")  # fmt: skip
    ids = list(dict.fromkeys(e.claim_id for i in query.ids for e in _bearing(db, i)))
    return Exact(ids[:MOST_SHOWN], [], " ".join(notes))


def _paper(db: Connection, today: str, query: LedgerQuery) -> Exact:
    said, notes, ids = list[Sentence](), list[str](), list[str]()
    for paper_id in query.ids:
        evidence = _bearing(db, paper_id)
        found = statuses(db, today, [e.claim_id for e in evidence])
        cited = {c.evidence.id: c for s in found.values() for c in s.citations}
        counted = [e for e in evidence if e.id in cited]
        ids += found
        for item in counted:
            yes = "Yes: " if query.is_yes_no else ""
            text = f"{yes}arXiv:{paper_id} {_SIDES[item.stance]} {_quoted(found[item.claim_id])}"
            said.append(Sentence(f"{text}: “{cited[item.id].quote}”", (f"evidence:{item.id}",), "verdict"))
        if not counted:
            notes.append(_not_counted(db, paper_id, evidence, found))
    return Exact(list(dict.fromkeys(ids))[:MOST_SHOWN], said, " ".join(notes))


def _not_counted(
    db: Connection, paper_id: str, evidence: Sequence[Evidence], found: Mapping[str, ClaimStatus]
) -> str:
    """What can be said of a paper that no verdict rests on."""
    if evidence:
        best = max((e for e in evidence if e.claim_id in found), key=lambda e: e.strength, default=None)
        if best is None:
            return f"No: arXiv:{paper_id} was found for retired claims only."
        lead = f"“{legible(best.quote)}” {_SIDES[best.stance]} {_quoted(found[best.claim_id])}"
        return f"Perhaps: arXiv:{paper_id} is a lead, not counted: {lead}."
    if store.papers.get(db, paper_id) is None:
        return f"Not known: the ledger does not have arXiv:{paper_id}."
    judged = store.calls.judged_for(db, paper_id)
    if judged:
        return f"No: arXiv:{paper_id} was judged for {_claims(judged)}, and no evidence came of it."
    return f"Not known: arXiv:{paper_id} was collected, but ranked too low for every claim to be judged."


def _bearing(db: Connection, paper_id: str) -> list[Evidence]:
    return [e for e in store.evidence.of_paper(db, paper_id) if e.status != "rejected"]


def _strongest(found: Mapping[str, ClaimStatus], query: LedgerQuery) -> Exact:
    (claim_id, status), *_ = found.items()
    stances = ("supports",) if query.side == "for" else ("contradicts", "relaxes")
    counted = [c for c in status.citations if c.evidence.stance in stances]
    leads = [c for c in status.leads if c.evidence.stance in stances]
    best = max(counted, key=lambda c: (c.evidence.strength, c.evidence.id), default=None)
    about = _quoted(status)
    if best:
        text = f"The strongest {query.side} {about} is arXiv:{best.paper.id}: “{best.quote}”"
        return Exact([claim_id], [Sentence(text, (f"evidence:{best.evidence.id}",), "verdict")])
    text = f"No counted evidence is {query.side} {about}{_lead_in(leads)}"
    return _exact([claim_id], [Sentence(text, _refs([claim_id]), "verdict")], text)


def _lead_in(leads: Sequence[Citation]) -> str:
    best = max(leads, key=lambda c: (c.evidence.strength, c.evidence.id), default=None)
    if best is None:
        return "."
    return f"; the strongest lead, not counted, is arXiv:{best.paper.id}: “{best.quote}”"


def _quoted(status: ClaimStatus) -> str:
    return f"“{status.claim.text.rstrip('.')}”"


def _exact(ids: Sequence[str], said: list[Sentence], otherwise: str) -> Exact:
    return Exact(list(ids), said, "" if said else otherwise)


def _refs(ids: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"claim:{i}" for i in ids)


def _claims(number: int) -> str:
    return "1 claim" if number == 1 else f"{number} claims"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


_ANSWERS: dict[str, Callable[[Connection, str, LedgerQuery], Exact]] = {
    "count": _count, "verdict": _verdict, "changed": _changed, "rest on": _rest_on, "authors": _authors,
    "paper": _paper,
}  # fmt: skip
