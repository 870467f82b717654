"""Whether a sentence is the authors' own result: not others' work, not an aim. Pure.

Deliberately quick to say no: a result missed waits as a lead, an aim taken for a result would be a
false verdict.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_OTHERS = re.compile(
    r"\b(prior|previous|earlier|existing|recent|past|other|related|concurrent)\s+"
    r"(work|works|studies|research|literature|evidence|findings|results|papers|approaches|claims?)\b"
    r"|\bet al\b|\bconventional wisdom\b|\bcommon (belief|assumption)\b"
    r"|\bit (is|has been|was) (widely |often |commonly |generally )?"
    r"(believed|assumed|argued|claimed|thought|shown|reported|suggested|known|held)\b"
    r"|\b(others|many|some|researchers|authors|critics|scholars) (have )?"
    r"(argue|claim|report|suggest|believe|show|find|assume|found|shown)\w*\b"
    r"|\b(have|has) been (shown|reported|claimed|argued)\b",
    re.I,
)
_OWN = re.compile(
    r"\b(we|our|ours)\b|\b(this|the present) (paper|work|study|article|survey)\b"
    r"|\b(results|experiments|findings|evaluation|analysis) (show|demonstrate|reveal|suggest|indicate)",
    re.I,
)
_AIM = re.compile(
    r"\b(we|paper|work|study|article) ((also|further|then|first|therefore|thus|hence) )?"
    r"(propose|introduce|present|develop|design|stud(?:y|ie)|investigate|explore|examine|consider|"
    r"pursue|aim|describe|address|ask|formulate|build|create|release|provide|conduct|evaluate|"
    r"analyze|compare|adopt|employ|apply|construct|focus|review|seek|revisit|hypothesi[sz]e|"
    r"leverage|use|utilize|train|discuss|outline|call|conclude by|start|begin|benchmark)s?\b",
    re.I,
)
_FOUND = re.compile(r"\b(find|found|show|demonstrat|reveal|observ|result|outperform|surpass|prove)\w*", re.I)
_RESULT = re.compile(
    r"\b(finds?|found|shows?|showed|shown|demonstrates?|demonstrated|reveals?|revealed|observe[sd]?|"
    r"results? in|outperforms?|outperformed|achieves?|achieved|improve[sd]?|reduce[sd]?|increase[sd]?|"
    r"decrease[sd]?|degrade[sd]?|lower(?:s|ed)|raise[sd]?|fail(?:s|ed)?|surpass(?:es|ed)?|suggests?|"
    r"indicates?|confirm(?:s|ed)?|proves?|proved|concludes? that|remains?|struggles?|exceeds?|match(?:es)?|"
    r"gains?|drop(?:s|ped)?|yields?|hurts?|helps?|leads? to|does|do|is|are|was|were|not|cannot|can)\b",
    re.I,
)
_OUTSIDE = ("related work", "references", "background")


def own_from(sentences: Sequence[str]) -> int:
    """Index of the first sentence in which an abstract's authors speak of their own work.

    What stands before it is background. 0 when they never do, so that nothing is lost.
    """
    return next((i for i, sentence in enumerate(sentences) if _OWN.search(sentence)), 0)


def why_not_own_result(sentence: str, section: str = "") -> str:
    """Why a sentence does not count as the authors' own result; empty when it may.

    Sentences of a related-work section or reference list never count.
    """
    if section.lower().startswith(_OUTSIDE):
        return f"it stands in {section!r}"
    if _OTHERS.search(sentence) and not _OWN.search(sentence):
        return "the sentence reports others' work"
    if sentence.rstrip().endswith("?"):
        return "the sentence asks"
    if _AIM.search(sentence) and not _FOUND.search(sentence):
        return "the sentence states an aim or a method, not a result"
    return "" if _RESULT.search(sentence) else "the sentence states no result"
