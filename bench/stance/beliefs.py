"""Natural opposition and agreement: what an abstract says of a belief it names itself.

"Contrary to the belief that CLAIM, we find RESULT" opposes CLAIM by RESULT; "RESULT, which supports the
hypothesis that CLAIM" agrees with it. Few, but in the field's own words and with no edit of ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bench.stance.pairs import CONTRADICTS, SUPPORTS

_HELD = (
    r"(?:beliefs?|assumptions?|notion|view|wisdom|claims?|idea|intuitions?|hypothes[ie]s|expectations?|"
    r"findings?|observations?|narrative|understanding|perception|suggestions?|conjecture)"
)
_AGAINST = re.compile(
    r"\b(?:contrary to|in contrast to|challeng\w+|contradict\w*|refut\w+|overturn\w*|question\w*|debunk\w*|"
    rf"against|counter to|dispel\w*|reject\w*)\b[^,.;]{{0,60}}?\b{_HELD} that (?P<claim>[^.;]+)",
    re.I,
)
_FOR = re.compile(
    r"\b(?:consistent with|in line with|confirm\w*|corroborat\w+|replicat\w+|agree\w* with|support\w*|"
    rf"validat\w+)\b[^,.;]{{0,60}}?\b{_HELD} that (?P<claim>[^.;]+)",
    re.I,
)
_PRIOR = re.compile(
    r"\b(?:(?:prior|previous|earlier|recent|existing|past) (?:\w+ ){0,2}(?:work|works|studies|research|"
    r"literature|papers?|findings|results)|it is (?:widely |commonly |often |generally )?(?:believed|assumed|"
    r"thought|claimed|argued|held))\b[^,.;]{0,40}?\bthat (?P<claim>[^.;]+)",
    re.I,
)
_TURN = re.compile(
    r"^(?:however|in contrast|contrary|yet|surprisingly|but|instead|conversely)\b.{0,60}?"
    r"\b(?:our (?:results|findings|experiments|analysis)|we)\b[^.]{0,40}"
    r"\b(?:find|show|demonstrate|reveal|observe|argue|prove|challenge|discover|suggest)",
    re.I,
)
_RESULT_PART = re.compile(r",\s*(?=(?:we|our|this|these|results|experiments|findings)\b)", re.I)


def read_beliefs(sentences: list[str]) -> Iterator[tuple[str, str, int]]:
    """Yield (claim, sentence, label) for every belief an abstract names and takes a side on."""
    for n, sentence in enumerate(sentences):
        after = sentences[n + 1] if n + 1 < len(sentences) else ""
        before = sentences[n - 1] if n else ""
        if hit := _AGAINST.search(sentence):
            parts = _RESULT_PART.split(hit["claim"], 1)
            told = parts[1] if len(parts) == 2 else _before(sentence, hit.start()) or after
            yield from _kept(parts[0], told, CONTRADICTS)
        elif hit := _FOR.search(sentence):
            yield from _kept(hit["claim"], _before(sentence, hit.start()) or before, SUPPORTS)
        elif (hit := _PRIOR.search(sentence)) and _TURN.search(after):
            yield from _kept(hit["claim"], after, CONTRADICTS)


def _before(sentence: str, at: int) -> str:
    """What a sentence says before it names the belief, if that is enough to be a result."""
    return sentence[:at].rstrip(" ,") if len(sentence[:at].split()) > 8 else ""


def _kept(claim: str, told: str, label: int) -> Iterator[tuple[str, str, int]]:
    claim = claim.strip().rstrip(".,")
    if 4 <= len(claim.split()) <= 30 and len(told.split()) >= 6:
        yield claim[:1].upper() + claim[1:], told, label
