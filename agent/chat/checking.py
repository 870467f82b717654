"""A model's text, cut into statements as it arrives; each is checked before anybody sees it. Pure.

A statement ends with the labels of what it cites, in square brackets. It is shown when it is grounded
(`agent.writing.grounding`) and when every word in it for an outcome, "contradicted" above all, is the
outcome of something it cites.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from agent.chat.sources import Source
from agent.writing.grounding import Draft, why_ungrounded

_LABELS = re.compile(r"\s*\[\s*(S\d+(?:\s*[,;]\s*S\d+)*)\s*\]")
_END = re.compile(r"(?<=[.!?\]])(?<!e\.g\.)(?<!i\.e\.)(?<!al\.)(?<!vs\.)(?<!cf\.)\s+(?=[^\s\[])|\n+")
_LEAD = re.compile(r"^(?:[-*#>•]+|\d+[.)])\s+")
_NEGATION = re.compile(r"\b(?:not|nor|never|neither|than|instead of|without being)\s+(?:\w+\s+)?$", re.I)
_VERDICTS = {
    "contradicted": re.compile(
        r"\b(?:contradicted|refuted|overturned|disprove[dn]|falsified|debunked)\b", re.I
    ),
    "relaxed": re.compile(r"\b(?:relaxed|narrowed)\b", re.I),
    "still-holds": re.compile(r"\b(?:still[- ]holds?|reconfirmed|remains? true|still stands?)\b", re.I),
}  # fmt: skip
_STANCES = {
    "contradicts": re.compile(r"\b(?:contradicts?|refutes?|overturns?|disproves?|debunks?)\b", re.I),
    "supports": re.compile(r"\b(?:supports?|confirms?|reconfirms?)\s+(?:the|this|that|a)\s+claim\b", re.I),
    "relaxes": re.compile(r"\b(?:relax(?:es)?|narrows?)\s+(?:the|this|that|a)\s+claim\b", re.I),
}  # fmt: skip


class Cutter:
    """Cuts a stream into statements."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> Iterator[str]:
        """Yield every statement that is whole by now."""
        self._rest += text
        while found := _END.search(self._rest):
            whole, self._rest = self._rest[: found.start()], self._rest[found.end() :]
            if whole.strip():
                yield whole.strip()

    def end(self) -> Iterator[str]:
        """Yield what is left."""
        if self._rest.strip():
            yield self._rest.strip()
        self._rest = ""


def draft_of(statement: str) -> Draft:
    """A statement without its labels, and the labels."""
    cites = [c for found in _LABELS.findall(statement) for c in re.split(r"\s*[,;]\s*", found)]
    text = _LEAD.sub("", _LABELS.sub("", statement)).replace("**", "").strip()
    return Draft(text, tuple(dict.fromkeys(cites)))


def why_not_shown(draft: Draft, given: Mapping[str, Source]) -> str:
    """Why a statement may not be shown; empty when it may. `given` are the sources by label."""
    materials = {label: source.material for label, source in given.items()}
    return why_ungrounded(draft, materials) or _false_outcome(draft.text, [given[c] for c in draft.cites])


def _false_outcome(text: str, cited: Sequence[Source]) -> str:
    verdicts = frozenset[str]().union(*(s.verdicts for s in cited))
    stances = frozenset[str]().union(*(s.stances for s in cited))
    # What stands in quotation marks was found in the source already, and is its own word.
    bare = re.sub(r"[“\"][^“”\"]+[”\"]", " ", text)
    for name, words in _VERDICTS.items():
        for found in words.finditer(bare):
            is_denied = _NEGATION.search(bare[: found.start()]) is not None
            if is_denied and name in verdicts and len(verdicts) == 1:
                return f"it denies the verdict {name}, which is that of what it cites"
            if not is_denied and name not in verdicts:
                return f"“{found[0]}” is the verdict of nothing it cites"
    for stance, words in _STANCES.items():
        hit = words.search(bare)
        if hit and stance not in stances and not _NEGATION.search(bare[: hit.start()]):
            return f"“{hit[0]}” is the stance of nothing it cites"
    return ""
