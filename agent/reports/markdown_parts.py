"""Markdown fragments shared by all sections. Markup in text from papers and models is escaped."""

from __future__ import annotations

from agent.text import escape
from agent.views.claim import url_of
from agent.views.model import Citation, Report
from store.remarks import Sentence


def cited(citation: Citation) -> str:
    """A quote with its link, paper, date and place."""
    item, paper = citation.evidence, citation.paper
    where = f"[arXiv:{paper.id}{f'v{item.version}' if item.version else ''}]({url_of(citation)})"
    return (
        f"“{escape(citation.quote)}” — {where}, {escape(paper.title)}, {paper.published} "
        f"({item.stance}, strength {item.strength:.2f}, {escape(citation.place)})"
    )


def grounded(report: Report, sentence: Sentence) -> str:
    """A sentence written by a model, with a link for each citation."""
    known = report.cited
    links = [
        f"[arXiv:{known[i].paper.id}]({url_of(known[i])})" if i in known else f"`{i}`" for i in sentence.cites
    ]
    return f"{escape(sentence.text)} ({', '.join(dict.fromkeys(links))})"
