"""The tools a chat model may call. Read-only tools run at once; those with side effects need approval.

No tool changes a claim, evidence or a verdict, and none ever will: the ledger is opened read-only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

import prompts
from agent.chat.parts import ChatParts
from agent.chat.question import parse
from agent.chat.sources import changes_since, quotes_of, sources_of, statuses
from agent.text import without_controls
from agent.views.model import ClaimStatus
from store.errors import Failure

MOST_A_SIDE, MOST_FOUND, MOST_RETESTS = 3, 10, 10


class Asked(BaseModel):
    """What a tool is asked with."""

    model_config = ConfigDict(extra="forbid")


class SearchClaims(Asked):
    """Search the claims of the ledger; each comes with its present verdict."""

    query: str = Field(max_length=500)


class ShowClaim(Asked):
    """Show a claim: its verdict, why it has no other, its history, and the quotes on each side."""

    claim_id: str = Field(max_length=200)


class SearchEvidence(Asked):
    """Search counted quotes of papers, and passages of papers nobody has judged yet (never to be cited)."""

    query: str = Field(max_length=500)


class CompareDates(Asked):
    """Which verdicts changed between two days (YYYY-MM-DD), of claims that bear on a topic."""

    query: str = Field(max_length=500)
    since: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    until: str = Field(default="9999-12-31", pattern=r"^\d{4}-\d{2}-\d{2}$")


class FindNewer(Asked):
    """Look for newer papers where papers come from. It takes time, so a person is asked first."""

    topic: str = Field(max_length=300)
    after: str | None = Field(default=None, pattern=r"^\d{4}-\d{2}-\d{2}$")


class StartRetest(Asked):
    """Begin a retest of some claims. A person is asked first."""

    claim_ids: list[str] = Field(min_length=1, max_length=MOST_RETESTS)


class ExportReport(Asked):
    """Write the claim status report to a file. A person is asked first."""


@dataclass
class Outcome:
    """A tool's result: text for the model, references it may now cite, papers to show to people."""

    text: str
    refs: list[str] = field(default_factory=list)
    papers: list[dict[str, Any]] = field(default_factory=list)
    did: str = ""


def search_claims(parts: ChatParts, asked: SearchClaims) -> Outcome:
    """See `SearchClaims`."""
    question = parse(asked.query, parts.today())
    hits = parts.finder.claims(question.topic, question.ids, parts.finder.vector(question.topic))
    return Outcome("" if hits else "no claim matches that query", [f"claim:{h.id}" for h in hits])


def show_claim(parts: ChatParts, asked: ShowClaim) -> Outcome:
    """See `ShowClaim`."""
    with parts.ledger.read() as db:
        status = statuses(db, parts.today(), [asked.claim_id]).get(asked.claim_id)
    if status is None:
        return Outcome("there is no such claim")
    return Outcome("", [f"claim:{status.claim.id}", *quotes_of(status, MOST_A_SIDE), *_history(status)])


def search_evidence(parts: ChatParts, asked: SearchEvidence) -> Outcome:
    """See `SearchEvidence`."""
    question = parse(asked.query, parts.today())
    vector = parts.finder.vector(question.topic)
    with parts.ledger.read() as db:
        hits = parts.finder.claims(question.topic, question.ids, vector)
        found = statuses(db, parts.today(), [h.id for h in hits])
    near = [n.document() for n in parts.finder.near(vector, question.topic, question.since)]
    refs = [ref for status in found.values() for ref in quotes_of(status, MOST_A_SIDE)]
    return Outcome(papers_as_data(near), refs, near)


def compare_dates(parts: ChatParts, asked: CompareDates) -> Outcome:
    """See `CompareDates`."""
    question = parse(asked.query, parts.today())
    hits = parts.finder.claims(question.topic, question.ids, parts.finder.vector(question.topic))
    with parts.ledger.read() as db:
        found = statuses(db, parts.today(), [h.id for h in hits])
    changed = [v for s in found.values() for v in changes_since(s, asked.since, asked.until)]
    refs = [f"verdict:{v.id}" for v in changed] or [f"claim:{i}" for i in found]
    return Outcome("" if changed else "no matching verdict changed in that period", refs)


def find_newer(parts: ChatParts, asked: FindNewer) -> Outcome:
    """See `FindNewer`. Papers found are shown as not yet judged, and cannot be cited."""
    found = newer(parts, asked.topic, asked.after)
    return Outcome(papers_as_data(found) or "no newer paper was found", papers=found, did="looked for papers")


def newer(parts: ChatParts, topic: str, after: str | None) -> list[dict[str, Any]]:
    """Papers on a topic from the paper source, closest first, as documents.

    Raises SourceError or SnapshotError.
    """
    papers = parts.actions.newer(topic, after)
    near = parts.finder.rank(parts.finder.vector(topic), papers, MOST_FOUND)
    return [n.document() for n in near]


def start_retest(parts: ChatParts, asked: StartRetest) -> Outcome:
    """See `StartRetest`. Raises UsageError if there is no such claim."""
    message = parts.actions.retest(asked.claim_ids)
    return Outcome(message, did=message)


def export_report(parts: ChatParts, _: ExportReport) -> Outcome:
    """See `ExportReport`."""
    message = parts.actions.export()
    return Outcome(message, did=message)


@dataclass(frozen=True)
class Tool:
    """A tool: its arguments, the function that runs it, and the approval question, if it needs approval."""

    asked: type[Asked]
    run: Callable[[ChatParts, Any], Outcome]
    ask_first: str = ""


TOOLS: Mapping[str, Tool] = {
    "search_claims": Tool(SearchClaims, search_claims),
    "show_claim": Tool(ShowClaim, show_claim),
    "search_evidence": Tool(SearchEvidence, search_evidence),
    "compare_dates": Tool(CompareDates, compare_dates),
    "find_newer": Tool(FindNewer, find_newer, "Look for newer papers on “{topic}”? It may take a minute."),
    "start_retest": Tool(StartRetest, start_retest, "Begin a retest of {claim_ids}? It takes minutes."),
    "export_report": Tool(ExportReport, export_report, "Write the claim status report into the home?"),
}


def schemas() -> list[dict[str, Any]]:
    """The tool definitions for an OpenAI-compatible endpoint."""
    return [
        {"type": "function", "function": {
            "name": name, "description": tool.asked.__doc__, "parameters": tool.asked.model_json_schema(),
        }}
        for name, tool in TOOLS.items()
    ]  # fmt: skip


def read_call(name: str, arguments: str) -> tuple[Tool, Asked] | str:
    """The tool and its parsed arguments or, if the call is invalid, a sentence saying why."""
    if name not in TOOLS:
        return f"there is no tool {name!r}"
    try:
        return TOOLS[name], TOOLS[name].asked.model_validate_json(arguments or "{}")
    except ValidationError as error:
        wrong = error.errors()[0]
        return f"{name} cannot be asked that: {'.'.join(map(str, wrong['loc']))}: {wrong['msg']}"


def question_first(tool: Tool, asked: Asked) -> str:
    """What a person is asked before a tool with side effects is run: plain text, one line."""
    values = {
        key: ", ".join(value) if isinstance(value, list) else value
        for key, value in asked.model_dump().items()
    }
    return " ".join(without_controls(tool.ask_first.format(**values)).split())


def run(tool: Tool, parts: ChatParts, asked: Asked) -> Outcome:
    """Run a tool; an expected failure is reported, not raised."""
    try:
        return tool.run(parts, asked)
    except Failure as error:
        return Outcome(f"that failed: {error}", did=f"failed: {error}" if tool.ask_first else "")


def told_to_model(parts: ChatParts, outcome: Outcome, labels: Mapping[str, str]) -> str:
    """A tool's result as the model reads it: each source with its label, fenced as data."""
    with parts.ledger.read() as db:
        known = sources_of(db, parts.today(), outcome.refs)
    shown = [prompts.fenced(f"{labels[ref]} ({s.document['kind']})", s.material.text)
             for ref, s in known.items()]  # fmt: skip
    return "\n".join([*shown, outcome.text]).strip() or "nothing"


def papers_as_data(near: list[dict[str, Any]]) -> str:
    """Papers as context for the model; they have no label, so they cannot be cited."""
    return "\n".join(
        prompts.fenced("not judged, not to be cited", f"arXiv:{n['arxiv_id']} {n['published']}\n{n['title']}")
        for n in near
    )


def _history(status: ClaimStatus) -> list[str]:
    return [f"verdict:{v.id}" for v in changes_since(status, "")]
