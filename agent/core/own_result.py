"""Whether a sentence reports the authors' own result, not others' work or an aim. Pure.

A sentence is refused if its wording shows that it is no result: a report of others' work, a question,
an aim. Once the authors begin to describe their own work, every other sentence is accepted. An aim
taken for a result would give a false verdict; a refused result does not count, but remains as a lead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from agent.core.passages import is_outside
from agent.core.sentences import sentence_spans
from store.records import Passage

_WORKS = (
    r"(?:work|works|studies|study|research|literature|evidence|findings|results|papers?|approaches|methods|"
    r"claims?|efforts|reports?|analyses|attempts)"
)
_EARLIER = r"(?:prior|previous|earlier|existing|recent|past|other|related|concurrent)"
_SAY = (
    r"(?:show|shown|find|found|suggest|report|argue|claim|demonstrat|assum|indicat|believ|attribut|observ|"
    r"reveal|conclud|highlight|propos)\w*"
)
_HABIT = r"(?:focus|rel(?:y|ie)|treat|overlook|often|typical|largely|primarily|mainly|mostly|usually|tend)\w*"
_REPORTS = re.compile(
    rf"\b{_EARLIER} (?:[\w-]+ ){{0,2}}{_WORKS}\b(?: [\w'’-]+){{0,4}}? {_SAY}"
    r"|\bet al\b|\bconventional wisdom\b|\bcommon (?:belief|assumption)\b"
    r"|\bit (?:is|has been|was) (?:widely |often |commonly |generally )?"
    r"(?:believed|assumed|argued|claimed|thought|shown|reported|suggested|known|held)\b"
    r"|\b(?:others|many|some|researchers|authors|critics|scholars) (?:\w+ )?(?:have )?"
    r"(?:argue|claim|report|suggest|believe|show|find|assume|found|shown)\w*\b"
    r"|\b(?:have|has) been (?:shown|reported|claimed|argued)\b",
    re.I,
)
_MENTIONS = re.compile(
    rf"\b{_EARLIER} (?:[\w-]+ ){{0,2}}{_WORKS}\b(?: [\w'’-]+){{0,4}}? {_HABIT}"
    rf"|\b(?:in|by|from|per|according to) (?:the )?{_EARLIER} {_WORKS}\b",
    re.I,
)
_REFERENCE = re.compile(
    r"\bIn (?:Proceedings|Advances) (?:of|in)\b|\barXiv preprint\b|\bdoi\.org/|\bdoi:"
    r"|\bpages? \d+\s*[–-]\s*\d+|\bpp\. ?\d+"
    r"|\b(?:19|20)\d{2}[a-z]?\. [A-Z][^.]{10,}\. (?:In|arXiv|Transactions|Journal|CoRR|Preprint)\b"
    r"|^(?:[A-Z][\w'’-]+(?: [A-Z]\.)* [A-Z][\w'’-]+, ){2}"
)
_COMPARED = re.compile(
    r"\d[\d.,]*\s*%|\b(?:outperform|surpass|exceed|improv|compared|than|versus|unlike)\w*", re.I
)
_OWN = re.compile(
    r"\b(?:we|our|ours)\b|\b(?:this|the present) (?:paper|work|study|article|survey|report)\b"
    r"|\b(?:results?|experiments?|findings|evaluations?|analys[ei]s|ablations?|studies)"
    r"(?: \w+){0,6}? "
    r"(?:show|demonstrate|reveal|suggest|indicate|validate|confirm|establish|highlight|find)s?\b"
    r"|\b(?:across|on|over) (?:\d[\d,]*|two|three|four|five|six|seven|eight|nine|ten) "
    r"(?:\w+ ){0,2}(?:models|datasets|benchmarks|tasks|languages|families|domains|settings|runs)\b",
    re.I,
)
_AIM = re.compile(
    r"\b(?:we|paper|work|study|article) (?:(?:also|further|then|first|therefore|thus|hence) )?"
    r"(?:propose|introduce|present|develop|design|stud(?:y|ie)|investigate|explore|examine|consider|"
    r"pursue|aim|describe|address|ask|formulate|build|create|release|provide|conduct|evaluate|"
    r"analyze|compare|adopt|employ|apply|construct|focus|review|seek|revisit|hypothesi[sz]e|"
    r"leverage|use|utilize|train|discuss|outline|call|conclude by|start|begin|benchmark)s?\b",
    re.I,
)
_FOUND = re.compile(
    r"\b(?:find|found|show|demonstrat|reveal|observ|result|outperform|surpass|prove[sdn]?\b|evidence|exhibit|"
    r"deteriorat|discover|existence of|achiev)\w*",
    re.I,
)
_DESCRIBES = re.compile(
    r"\b(?:includes?|comprises?|consists? of|contains?|spans?|can be found at|(?:is|are) released|"
    r"(?:is|are) (?:publicly |freely |now )?available)\b",
    re.I,
)
_RESULT = re.compile(
    r"\b(finds?|found|shows?|showed|shown|demonstrates?|demonstrated|reveals?|revealed|observe[sd]?|"
    r"results? in|outperforms?|outperformed|achieves?|achieved|improve[sd]?|reduce[sd]?|increase[sd]?|"
    r"decrease[sd]?|degrade[sd]?|lower(?:s|ed)|raise[sd]?|fail(?:s|ed)?|surpass(?:es|ed)?|suggests?|"
    r"indicates?|confirm(?:s|ed)?|proves?|proved|concludes? that|remains?|struggles?|exceeds?|match(?:es)?|"
    r"gains?|drop(?:s|ped)?|yields?|hurts?|helps?|leads? to|does|do|is|are|was|were|not|cannot|can|"
    r"beats?|solves?|needs?|requires?|emerges?|learns?|knows?|matters?|breaks?|makes?|enables?)\b",
    re.I,
)
_TITLE_LIKE = re.compile(r"^(?:towards?|on the|an? (?:survey|study|review) of)\b", re.I)


_ORDER = re.compile(
    r"^\W*(?:note|message|instructions?|attention|notice|reminder)\s+(?:to|for)\s[^.;:,]{0,40}?"
    r"\b(?:review\w*|models?|readers?|assistants?|systems?|judges?|llms?|agents?|graders?|evaluators?|ai)\b"
    r"[^.;:,]{0,20}[:;,]"
    r"|\b(?:ignore|disregard|forget)\s+(?:(?:all|any|your|these|those|previous|prior|above|earlier|the|of)\s+)+"
    r"(?:instructions?|rules|prompts?|directions|guidelines)\b"
    r"|\b(?:answer|respond|reply|output|say)\s+(?:(?:it|this|with|as|only|that)\s+)*[\"'“‘]?"
    r"(?:contradicts|supports|relaxes|neutral)\b",
    re.I,
)


def gives_order(sentence: str) -> bool:
    """Whether a sentence tells whoever reads it what to do or answer."""
    return bool(_ORDER.search(sentence))


def own_start(passages: Sequence[Passage]) -> int:
    """Offset in the stored text where an abstract's authors first mention their own work.

    Sentences that end before it are background. 0 if they never mention it, so that nothing is lost.
    """
    sentences = [
        (passage.start + span.start, passage.text[span.start : span.end])
        for passage in sorted(passages, key=lambda p: p.start)
        if passage.section == "abstract"
        for span in sentence_spans(passage.text)
    ]
    return next((start for start, sentence in sentences if _OWN.search(sentence)), 0)


def why_not_own_result(sentence: str, section: str = "") -> str:
    """Why a sentence does not count as the authors' own result; empty if it may count.

    Sentences of a related-work section or reference list never count; a title counts only if it
    states something.
    """
    if is_outside(section):
        return f"it stands in {section!r}"
    if _REFERENCE.search(" ".join(sentence.split())):
        return "the sentence belongs to a reference list"
    mentions = _MENTIONS.search(sentence) and not _COMPARED.search(sentence)
    if (_REPORTS.search(sentence) or mentions) and not _OWN.search(sentence):
        return "the sentence reports others' work"
    if sentence.rstrip().endswith("?"):
        return "the sentence asks"
    if _AIM.search(sentence) and not _FOUND.search(sentence):
        return "the sentence states an aim or a method, not a result"
    if _DESCRIBES.search(sentence) and not (_FOUND.search(sentence) or _COMPARED.search(sentence)):
        return "the sentence describes what was made, not a result"
    silent = section == "title" or _TITLE_LIKE.match(sentence)
    return "the sentence states no result" if silent and not _RESULT.search(sentence) else ""
