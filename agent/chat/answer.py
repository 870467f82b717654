"""An answer as one document, shown the same everywhere: statements, their sources, and related material."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agent.chat.sources import Source
from agent.text import escape
from agent.views.claim import SMALL_JUDGE, is_small
from store.remarks import Sentence

Document = dict[str, Any]
EXTRACTION = "extraction"
NOTHING_FOUND = "Nothing in the ledger is relevant to this question."
SIDES = {"for": "for", "against": "against", "narrows": "narrows it"}
"""The label for a quote's side, by the sentence's role."""
EXTRACTED = "Assembled from the ledger's own sentences; no model wrote anything."


def answer_document(
    question: str,
    said: Sequence[Sentence],
    known: Mapping[str, Source],
    *,
    by: str,
    note: str = "",
    beside: Mapping[str, Any] | None = None,
) -> Document:
    """The answer. Sources are numbered in order of citation; sentences with unknown sources are dropped."""
    kept = [s for s in said if s.cites and all(ref in known for ref in s.cites)]
    if any(is_small(str(known[r].document.get("judge", ""))) for s in kept for r in s.cites):
        note = " ".join(t for t in (note, SMALL_JUDGE) if t)
    order = list(dict.fromkeys(ref for s in kept for ref in s.cites))
    label = {ref: f"S{n}" for n, ref in enumerate(order, 1)}
    return {
        "question": question,
        "found": bool(kept),
        "answered_by": by,
        "note": note if kept or note else NOTHING_FOUND,
        "sentences": [
            {"text": s.text, "cites": [label[r] for r in s.cites], "role": s.role} for s in kept
        ],
        "sources": [{"label": label[ref], "ref": ref, **known[ref].document} for ref in order],
        "claims": [], "leads": [], "papers": [], "next_lines": [], "left_out": [],
        **(beside or {}),
    }  # fmt: skip


def as_markdown(answer: Document) -> str:
    """An answer as Markdown, for pasting elsewhere. Markup in text from papers and models is escaped."""
    parts = [f"**{escape(answer['question'])}**", ""]
    if answer["note"]:
        parts += [f"*{escape(answer['note'])}*", ""]
    for s in answer["sentences"]:
        side = f"{SIDES[s['role']]}: " if s["role"] in SIDES else ""
        parts += [f"{side}{escape(s['text'])} ({', '.join(s['cites'])})", ""]
    if answer["sources"]:
        parts += ["Sources", "", *(f"- {s['label']}: {source_line(s)}" for s in answer["sources"]), ""]
    if answer["leads"]:
        parts += ["Leads, not counted", "", *(f"- {source_line(s)}" for s in answer["leads"]), ""]
    if answer["papers"]:
        parts += ["Papers not yet judged", "", *(f"- {paper_line(p)}" for p in answer["papers"]), ""]
    if answer["next_lines"]:
        parts += ["Next lines", "", *(f"- {escape(n['text'])}" for n in answer["next_lines"]), ""]
    return "\n".join(parts)


def source_line(source: Document) -> str:
    """A source on one line of Markdown."""
    if source["kind"] == "evidence":
        link = f"[arXiv:{source['arxiv_id']}]({source['url']})"
        return (f"“{escape(source['quote'])}” — {link}, {escape(source['title'])}, {source['published']} "
                f"({source['stance']})")  # fmt: skip
    if source["kind"] == "verdict":
        when = source["decided_at"][:10]
        return f"{escape(source['text'])}: {source['before']} → {source['verdict']} on {when}"
    facts = (
        f"{source['verdict']}{_after(source['basis'])}, as of {source['as_of'] or 'unknown'}, {source['age']}"
    )
    return f"{escape(source['text'])} (`{source['id']}`: {facts})"


def paper_line(paper: Document) -> str:
    """A paper on one line of Markdown."""
    return f"[arXiv:{paper['arxiv_id']}]({paper['url']}), {escape(paper['title'])}, {paper['published']}"


def _after(basis: str) -> str:
    return f", {basis}" if basis else ""
