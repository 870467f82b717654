"""Whether the newest version of a paper says that the paper is withdrawn. Pure.

arXiv keeps a withdrawn paper and replaces its newest version by a notice: in the comment, in the first
sentence of the abstract, or in both (https://info.arxiv.org/help/withdraw.html). Comments also mention
other withdrawals, from a conference or of an earlier version; those do not count against the paper.
"""

from __future__ import annotations

import re

_WORK = (
    r"(?<!\bin this )(?:paper|article|submission|manuscript|(?:e-?|pre)print|work|version|note|report|study|"
    r"draft|thesis|chapter)"
)
_GONE = r"(?:withdrawn|retracted|removed by arxiv)"
_BE = r"(?:has|have|had|is|was|were|been|be|being)"
_WHY = r"by|due|because|as|for|owing|since|on|in|from|pending|until|to|after|at|temporarily|per"
_SAID = (
    re.compile(
        rf"\b{_WORK}(?:\s+[^\s.;]+){{0,2}}?\s+{_BE}(?:\s+[^\s.;]+){{0,3}}?\s+(?P<gone>{_GONE})\b", re.I
    ),
    re.compile(rf"\b{_WORK}\s+(?P<gone>{_GONE})\b", re.I),
    re.compile(rf"\b{_WORK}\b[^;]{{0,80}}?\band\s+(?:so\s+)?{_BE}\s+(?:\w+\s+)?(?P<gone>{_GONE})\b", re.I),
    re.compile(
        rf"^\W*(?:[\w ]{{1,20}}:\s*)?(?:temporarily |now |currently |voluntarily |paper |was |is )*"
        rf"(?P<gone>withdrawn|retracted)\b(?=\W*$|\s*[,:(–—-]|\s+(?:{_WHY})\b)", re.I,
    ),
    re.compile(
        rf"\b(?P<gone>withdr[ae]w|withdrawn|withdrawing|retract|retracted|retracting)\s+(?:this|the|our|my)\s+"
        rf"(?:\w+\s+)?{_WORK}\b", re.I,
    ),
    re.compile(r"(?P<gone>withdrawal)\s+(?:(?:was\s+)?requested|by\s+the\s+author)", re.I),
)  # fmt: skip
_OTHER = re.compile(
    r"\b(?:previous|earlier|prior|preceding|former|older?|original|first|initial|companion|another|not|never"
    r"|replac\w+|supersed(?:es|ing)|correct(?:s|ed|ing)|conference|workshop|journal|why|how|whether|claim)\b"
    r"(?!\s+author)|\b(?:which|that)\s+(?:has|have|had|is|was|were)\b", re.I,
)  # fmt: skip
_CAUSE = re.compile(r"^\s*(?:due to|because of|owing to)\b[^,]*,", re.I)
_NUMBERED = re.compile(r"\bv(?:ersion)?\.?\s*(\d+)\b", re.I)
_VENUE = r"\s+from\s+(?!(?:the\s+)?(?:arxiv|publication|circulation|public)\b)"
_FROM = re.compile(
    rf"^(?i:(?:\s+by\s+(?:the\s+|its\s+)?(?:author|submitter)\w*)?{_VENUE})"
    r"|^\s+(?:by\s+[A-Z]{3,}\b|in\s+v(?:ersion)?\.?\s*\d)"
)
_ENDS = re.compile(r"[;\n]|\.(?=\s|$)")


def is_withdrawal(comment: str | None, abstract: str = "", version: int | None = None) -> bool:
    """Whether a comment, or the first sentence of an abstract, says that this `version` is withdrawn."""
    text = " ".join((comment or "").split())
    clauses = _ENDS.split(text)
    bare = [part for clause in clauses for part in clause.split(",")[1:] if _BARE.match(part)]
    first = _ENDS.split(" ".join(abstract.split()), maxsplit=1)[0]
    opens = first if _OPENS.match(first) else ""
    return any(_says_so(clause, version) for clause in [*clauses, *bare, opens])


_BARE = re.compile(r"\s*(?:temporarily |now |currently )?(?:withdrawn|retracted)\b", re.I)
_OPENS = re.compile(
    r"(?:(?:due to|because of|owing to)\b[^,]*,\s*)?(?:this|the|our|we|i|the authors?)\b"
    rf"|{_WORK}\b|\W*(?:withdrawn|retracted)", re.I,
)  # fmt: skip
"""How an abstract that is a withdrawal notice begins."""


def _says_so(clause: str, version: int | None) -> bool:
    clause = _CAUSE.sub("", clause)
    for pattern in _SAID:
        found = pattern.search(clause)
        if found:
            before, after = clause[: found.start("gone")], clause[found.end("gone") :]
            return not (_is_of_another(before, version) or _FROM.match(after) or _earlier(found[0]))
    return False


def _is_of_another(before: str, version: int | None) -> bool:
    """Whether the text before "withdrawn" refers to another paper or to an earlier version."""
    numbers = [int(n) for n in _NUMBERED.findall(before)]
    return bool(_OTHER.search(before)) or any(n != version for n in numbers)


def _earlier(phrase: str) -> bool:
    return re.search(r"\b(?:previous|earlier|prior|older?|first)\b(?!\s+author)", phrase, re.I) is not None
