"""The cited papers in formats for reference managers: BibTeX and RIS. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from agent.reports.schema import Quote, ReportDocument
from store.records import Paper

_LATEX = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$",
    "_": r"\_", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def bibtex(report: ReportDocument, papers: Mapping[str, Paper]) -> str:
    """An @misc entry per paper version, in arXiv's own style (https://info.arxiv.org/help/hypertex)."""
    return "\n".join(_bibtex(q, _authors(papers, q)) for q in report.cited)


def ris(report: ReportDocument, papers: Mapping[str, Paper]) -> str:
    """One record per paper version, type unpublished (https://en.wikipedia.org/wiki/RIS_(file_format))."""
    return "\r\n".join(_ris(q, _authors(papers, q)) for q in report.cited)


def _bibtex(paper: Quote, authors: Sequence[str]) -> str:
    year, month = paper.published[:4], int(paper.published[5:7])
    fields = {
        "title": "{" + _latex(paper.title) + "}",
        "author": " and ".join(map(_bibtex_name, authors)),
        "year": year, "month": str(month), "eprint": f"{paper.arxiv_id}{_version(paper)}",
        "archivePrefix": "arXiv", "url": paper.url,
    }  # fmt: skip
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return f"@misc{{arXiv:{paper.arxiv_id}{_version(paper)},\n" + ",\n".join(lines) + "\n}\n"


def _ris(paper: Quote, authors: Sequence[str]) -> str:
    date = paper.published.replace("-", "/") + ("/" if len(paper.published) == len("2026-01") else "")
    rows = [
        ("TY", "UNPB"), ("TI", paper.title), *(("AU", _inverted(a)) for a in authors),
        ("PY", paper.published[:4]), ("DA", date), ("PB", "arXiv"),
        ("ID", f"arXiv:{paper.arxiv_id}{_version(paper)}"), ("UR", paper.url),
    ]  # fmt: skip
    return "\r\n".join(f"{tag}  - {_flat(value)}" for tag, value in rows) + "\r\nER  - \r\n"


def _bibtex_name(author: str) -> str:
    """A name in BibTeX form: a group in braces, a suffix after the last name."""
    if _GROUP.search(author):
        return "{" + _latex(author) + "}"
    return _latex(_inverted(author) if _SUFFIX.search(author) else author)


def _inverted(author: str) -> str:
    """Last name first; a group, or a name of one word or with a comma, stays as it is."""
    suffix = _SUFFIX.search(author)
    bare = author[: suffix.start()].rstrip(" ,") if suffix else author
    if "," in bare or " " not in bare or _GROUP.search(bare):
        return author
    first, last = _split(bare)
    return f"{last}, {suffix[0]}, {first}" if suffix else f"{last}, {first}"


def _split(name: str) -> tuple[str, str]:
    """Split into first names and last name, the latter with its particles, such as van der."""
    words = name.split()
    at = len(words) - 1
    while at > 1 and words[at - 1].islower():
        at -= 1
    return " ".join(words[:at]), " ".join(words[at:])


_GROUP = re.compile(
    r"\b(?:collaboration|team|group|consortium|university|institute|lab|labs|ai|research|deepmind|google|meta"
    r"|openai|et al)\b|\w+\s+\w+.*\band\b|[={}|()]", re.I,
)  # fmt: skip
_SUFFIX = re.compile(r"\b(?:Jr|Sr|II|III|IV)\b\.?$")


def _authors(papers: Mapping[str, Paper], quote: Quote) -> Sequence[str]:
    return papers[quote.arxiv_id].authors if quote.arxiv_id in papers else ()


def _version(paper: Quote) -> str:
    return f"v{paper.version}" if paper.version else ""


def _latex(text: str) -> str:
    return "".join(_LATEX.get(c, c) for c in _flat(text))


def _flat(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()
