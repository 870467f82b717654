"""Whether the newest version of a paper says that the paper is withdrawn. Pure.

arXiv keeps a withdrawn paper and replaces its newest version by a notice: in the comment, in the first
sentence of the abstract, or in both (https://info.arxiv.org/help/withdraw.html). Comments also speak of
other withdrawals, from a conference or of an earlier version; those say nothing against the paper.
"""

from __future__ import annotations

import re

_WORK = r"(?:paper|article|submission|manuscript|preprint|work|version|note|report|study|draft)"
_GONE = r"(?:withdrawn|retracted|removed by arxiv)"
_BE = r"(?:has|have|had|is|was|were|been|be|being)"
_WHY = r"by|due|because|as|for|owing|since|on|in|from|pending|until|to|after|at|temporarily|per"
_SAID = (
    re.compile(
        rf"\b{_WORK}(?:\s+[^\s.;]+){{0,2}}?\s+{_BE}(?:\s+[^\s.;]+){{0,3}}?\s+(?P<gone>{_GONE})\b", re.I
    ),
    re.compile(rf"\b{_WORK}\s+(?P<gone>{_GONE})\b", re.I),
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
    r"|replac\w+|supersed\w+|correct(?:s|ed|ing)|conference|workshop|journal)\b"
    r"|\b(?:which|that)\s+(?:has|have|had|is|was|were)\b", re.I,
)  # fmt: skip
_NUMBERED = re.compile(r"\bv(?:ersion)?\.?\s*(\d+)\b", re.I)
_FROM = re.compile(r"^\s+from\s+(?!(?:the\s+)?(?:arxiv|publication|circulation|public)\b)", re.I)
_ENDS = re.compile(r"[;\n]|\.(?=\s|$)")


def is_withdrawal(comment: str | None, abstract: str = "", version: int | None = None) -> bool:
    """Whether a comment, or the first sentence of an abstract, says that this `version` is withdrawn."""
    first = _ENDS.split(abstract.strip(), maxsplit=1)[0]
    return any(_says_so(clause, version) for clause in [*_ENDS.split(comment or ""), first])


def _says_so(clause: str, version: int | None) -> bool:
    for pattern in _SAID:
        found = pattern.search(clause)
        if found:
            before, after = clause[: found.start("gone")], clause[found.end("gone") :]
            return not (_is_of_another(before, version) or _FROM.match(after) or _earlier(found[0]))
    return False


def _is_of_another(before: str, version: int | None) -> bool:
    """Whether what stands before "withdrawn" speaks of another paper or of an earlier version."""
    numbers = [int(n) for n in _NUMBERED.findall(before)]
    return bool(_OTHER.search(before)) or any(n != version for n in numbers)


def _earlier(phrase: str) -> bool:
    return re.search(r"\b(?:previous|earlier|prior|older?|first)\b", phrase, re.I) is not None
