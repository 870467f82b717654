"""The cited papers for reference managers: BibTeX and RIS. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent.reports.published import Quote, ReportDocument
from store.records import Paper

_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$",
    "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def bibtex(report: ReportDocument, papers: Mapping[str, Paper]) -> str:
    """An @misc entry a paper version, as arXiv itself gives them (https://info.arxiv.org/help/hypertex)."""
    return "\n".join(_bibtex(q, _authors(papers, q)) for q in report.cited)


def ris(report: ReportDocument, papers: Mapping[str, Paper]) -> str:
    """A record a paper version, of type preprint (https://en.wikipedia.org/wiki/RIS_(file_format))."""
    return "\r\n".join(_ris(q, _authors(papers, q)) for q in report.cited)


def _bibtex(paper: Quote, authors: Sequence[str]) -> str:
    year, month = paper.published[:4], int(paper.published[5:7])
    fields = {
        "title": "{" + _latex(paper.title) + "}",
        "author": " and ".join(_latex(a).replace(" and ", " ") for a in authors),
        "year": year, "month": str(month), "eprint": f"{paper.arxiv_id}{_version(paper)}",
        "archivePrefix": "arXiv", "url": paper.url,
    }  # fmt: skip
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{arXiv:{paper.arxiv_id}{_version(paper)},\n" + ",\n".join(lines) + "\n}\n"


def _ris(paper: Quote, authors: Sequence[str]) -> str:
    date = paper.published.replace("-", "/") + ("/" if len(paper.published) == len("2026-01") else "")
    rows = [
        ("TY", "UNPB"), ("TI", paper.title), *(("AU", a) for a in authors), ("PY", paper.published[:4]),
        ("DA", date), ("PB", "arXiv"), ("ID", f"arXiv:{paper.arxiv_id}{_version(paper)}"), ("UR", paper.url),
    ]  # fmt: skip
    return "\r\n".join(f"{tag}  - {_flat(value)}" for tag, value in rows) + "\r\nER  - \r\n"


def _authors(papers: Mapping[str, Paper], quote: Quote) -> Sequence[str]:
    return papers[quote.arxiv_id].authors if quote.arxiv_id in papers else ()


def _version(paper: Quote) -> str:
    return f"v{paper.version}" if paper.version else ""


def _latex(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in _flat(text))


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
