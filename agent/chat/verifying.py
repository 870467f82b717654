"""A model's text, cut into statements as it arrives; each is checked before it is shown. Pure.

A statement ends with the labels of its sources, in square brackets. It is shown if it is grounded
(`agent.writing.grounding`) and if every outcome it names, such as "contradicted", is the outcome of
something it cites.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence

from agent.chat.sources import Source
from agent.writing.grounding import Draft, why_ungrounded

_LABELS = re.compile(r"\s*\[\s*(S\d+(?:\s*[,;]\s*S\d+)*)\s*\]")
_END = re.compile(r"(?<=[.!?\]])(?<!e\.g\.)(?<!i\.e\.)(?<!al\.)(?<!vs\.)(?<!cf\.)\s+(?=[^\s\[])|\n+")
_LEAD = re.compile(r"^(?:[-*#>•]+|\d+[.)])\s+")
_NEGATION = re.compile(
    r"\b(?:not|nor|never|neither|than|instead of|without being)\s+(?:(?:yet|been|being|now|be)\s+){0,2}$",
    re.I,
)
_VERDICTS = {
    "contradicted": re.compile(
        r"\b(?:contradicted|contradiction|refuted|refutation|overturned|overthrown|disprove[dn]|falsified"
        r"|debunked|invalidated|(?:proven?|shown|is|was|been) (?:wrong|false|untrue|incorrect)"
        r"|no longer (?:holds?|true|stands?|valid)|(?:does|do|did) not hold)\b", re.I,
    ),
    "relaxed": re.compile(r"\b(?:relaxed|narrowed)\b", re.I),
    "still-holds": re.compile(
        r"\b(?:still[- ]holds?|reconfirmed|confirmed|remains? (?:true|valid)|still (?:stands?|true|valid))\b",
        re.I,
    ),
    "no challenge found": re.compile(r"\b(?:no challenge (?:was |has been )?found|unchallenged)\b", re.I),
}  # fmt: skip
_STANCES = {
    "contradicts": re.compile(
        r"\b(?:contradict(?:s|ing)?|refut(?:es?|ing)|overturn(?:s|ing)?|disprov(?:es?|ing)|debunk(?:s|ing)?"
        r"|falsif(?:y|ies|ying)|invalidat(?:es?|ing)|proves? (?:it|this|that|the claim) (?:wrong|false))\b",
        re.I,
    ),
    "supports": re.compile(r"\b(?:supports?|confirms?|reconfirms?)\s+(?:the|this|that|a)\s+claim\b", re.I),
    "relaxes": re.compile(r"\b(?:relax(?:es)?|narrows?)\s+(?:the|this|that|a)\s+claim\b", re.I),
}  # fmt: skip
_LATIN = re.compile(r"[a-z]", re.I)


class Cutter:
    """Cuts a stream into statements."""

    def __init__(self) -> None:
        self._rest = ""

    def feed(self, text: str) -> Iterator[str]:
        """Yield every statement that is now complete."""
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
    """Split a statement into its text and its labels."""
    cites = [c for found in _LABELS.findall(statement) for c in re.split(r"\s*[,;]\s*", found)]
    text = _LEAD.sub("", _LABELS.sub("", statement)).replace("**", "").strip()
    return Draft(text, tuple(dict.fromkeys(cites)))


def why_not_shown(draft: Draft, given: Mapping[str, Source]) -> str:
    """Why a statement must not be shown, or "" if it may be. `given` maps labels to sources."""
    if disguised := _disguised(draft.text):
        return disguised
    materials = {label: source.material for label, source in given.items()}
    plain = Draft(unicodedata.normalize("NFKC", draft.text), draft.cites, draft.role)
    return why_ungrounded(plain, materials) or _false_outcome(plain.text, [given[c] for c in draft.cites])


def _disguised(text: str) -> str:
    """Why a text may be disguised (invisible characters, or mixed alphabets in a word), or empty."""
    if any(unicodedata.category(c) in ("Cf", "Co", "Cs") for c in text):
        return "it contains invisible characters"
    for word in re.findall(r"[^\W\d_]+", text):
        if _LATIN.search(word) and any(not unicodedata.name(c, "").startswith("LATIN") for c in word):
            return f"{word!r} mixes alphabets"
    return ""


def _false_outcome(text: str, cited: Sequence[Source]) -> str:
    # Quotations have already been found in the source, so their wording is the source's own.
    bare = re.sub(r"[“\"][^“”\"]+[”\"]", " ", text)
    return _false_verdict(bare, [s for s in cited if s.verdicts]) or _false_stance(bare, cited)


def _false_verdict(bare: str, cited: Sequence[Source]) -> str:
    """Each verdict named must be a cited one, and then each cited source must have a verdict named."""
    present = frozenset[str]().union(*(s.verdicts for s in cited))
    known = present.union(*(s.earlier for s in cited))
    asserted: set[str] = set()
    for name, words in _VERDICTS.items():
        for found in words.finditer(bare):
            if not _NEGATION.search(bare[: found.start()]):
                asserted.add(name)
                if name not in known:
                    return f"“{found[0]}” is not the verdict of anything it cites"
            elif present == {name}:
                return f"it denies the verdict {name}, but everything it cites has that verdict"
    if asserted and any(not s.verdicts & asserted for s in cited):
        return f"not everything it cites is {' or '.join(sorted(asserted))}"
    return ""


def _false_stance(bare: str, cited: Sequence[Source]) -> str:
    stances = frozenset[str]().union(*(s.stances for s in cited))
    for stance, words in _STANCES.items():
        for hit in words.finditer(bare):
            if stance not in stances and not _NEGATION.search(bare[: hit.start()]):
                return f"“{hit[0]}” is not the stance of anything it cites"
    return ""
