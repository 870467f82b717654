"""Pieces of Markdown that every section uses. Text from papers and models is data: its marks are escaped."""

from __future__ import annotations

import re

from agent.reports.documents import url_of
from agent.reports.model import Citation, Report
from store.remarks import Sentence

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>|~$&#!@^])")
_AUTOLINK = re.compile(r":(?=//)|(?<=www)\.", re.I)


def escape(text: str) -> str:
    """One line of plain text that no Markdown reader takes for anything else."""
    flat = " ".join(text.split())
    return _AUTOLINK.sub(lambda m: "\\" + m[0], _ACTIVE.sub(r"\\\1", flat))


def cited(citation: Citation) -> str:
    """A quote with its link, paper, date and place."""
    item, paper = citation.evidence, citation.paper
    where = f"[arXiv:{paper.id}{f'v{item.version}' if item.version else ''}]({url_of(citation)})"
    return (
        f"“{escape(citation.quote)}” — {where}, {escape(paper.title)}, {paper.published} "
        f"({item.stance}, strength {item.strength:.2f}, {escape(citation.place)})"
    )


def grounded(report: Report, sentence: Sentence) -> str:
    """A sentence a model wrote, with a link for each thing it rests on."""
    known = report.cited
    links = [
        f"[arXiv:{known[i].paper.id}]({url_of(known[i])})" if i in known else f"`{i}`" for i in sentence.cites
    ]
    return f"{escape(sentence.text)} ({', '.join(dict.fromkeys(links))})"


def basis_of(basis: str) -> str:
    """A basis as people read it; empty where the standing says it already."""
    return "" if basis in ("unchallenged", "untested") else basis


def leads_of(number: int) -> str:
    """How many leads there are, in words."""
    return "1 lead" if number == 1 else f"{number} leads"


def adverse_leads(number: int) -> str:
    """How many leads keep a claim open, in words."""
    return "1 adverse lead to review" if number == 1 else f"{number} adverse leads to review"
