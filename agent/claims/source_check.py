"""Check whether a cited paper states a claim. Each part is checked, and each "yes" has its quote.

The embedded judge cannot tell a claim stated in full from one stated in part: "independently of size" is
only three words, but they are what matters. With it, a claim is at most stated in part. A writing model
says which, and its "whole" is accepted only if the quotes have the numbers, the strong words and most of the
other words of the part.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

import prompts
from agent.core import passages
from agent.core.quotes import MIN_WORDS, find_quote, word_count
from agent.ports.models import Judge
from agent.ports.sources import Reader
from agent.writing.journalled_writer import Answer, JournalledWriter
from store.records import Atom, Claim, Paper
from store.remarks import NO_SOURCE, NOT_FOUND, NOT_SAID, PART, STATED, WRONG_DATE, SourceCheck

_STRONG = re.compile(
    r"\b(?:no|not|never|none|nothing|without|cannot|always|only|all|every\w*|any\w*|each|most(?:ly)?|"
    r"independent\w*|regardless|whatever|irrespective|formal\w*|prov(?:e[snd]?|ably)|guarantee\w*|must|"
    r"consistent\w*|reliabl[ey]|depend[a-z]*|entire\w*|complete\w*|sole\w*|primar\w*|main\w*|large(?:ly)?|"
    r"first|best|worst|more|less|fewer|higher|lower|larger|smaller|faster|slower|strong\w*|weak\w*|"
    r"inherit\w*|caus\w*|because|external\w*)\b",
    re.I,
)
STEM, LEAST_LETTERS, MOST_OF = 5, 3, 0.6
"""Letters by which words are compared, minimum word length, and the share of words to be found."""
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")


class StatedQuote(NamedTuple):
    """A quote from a paper that states a part of the claim, in full or not."""

    part: str
    arxiv_id: str
    quote: str
    whole: bool


Asked = Callable[[Claim, Paper], list[StatedQuote]]


class PartStated(Answer):
    """What the text states of one part."""

    part: int
    states: Literal["whole", "partly", "no"]
    missing: str
    quotes: list[str]


class Stated(Answer):
    """What the text states, part by part."""

    parts: list[PartStated]


def check(claim: Claim, papers: Mapping[str, Paper], asked: Asked, by: str) -> SourceCheck:
    """Check a claim against the available records of its sources. `by` names the judge or model.

    Raises JudgeError if that gives no answer, which is not the same as "does not say so".
    """
    available = [papers[s.arxiv_id] for s in claim.sources if s.arxiv_id in papers]
    missing = [s.arxiv_id for s in claim.sources if s.arxiv_id not in papers]
    if not claim.sources:
        return _result(claim, by, NO_SOURCE, "its document names no paper")
    if not available:
        return _result(claim, by, NOT_FOUND, f"there is no record of arXiv:{', arXiv:'.join(missing)}")
    quotes = [t for paper in available for t in asked(claim, paper)]
    months = sorted({p.published[:7] for p in available})
    if claim.as_of and claim.as_of not in months:
        reason = f"the claim is dated {claim.as_of}, its sources were first submitted in {', '.join(months)}"
        return _result(claim, by, WRONG_DATE, reason, quotes)
    stated, whole = {t.part for t in quotes}, {t.part for t in quotes if t.whole}
    parts = {a.id: a.text for a in claim.parts}
    state = STATED if whole == set(parts) else PART if stated else NOT_SAID
    return _result(claim, by, state, _reason(parts, stated, whole), quotes)


def _reason(parts: Mapping[str, str], stated: set[str], whole: set[str]) -> str:
    none = [text for part, text in parts.items() if part not in stated]
    some = [text for part, text in parts.items() if part in stated - whole]
    reasons = [f"no sentence was found for: {' / '.join(none)}"] if none else []
    reasons += [f"not shown to be stated whole: {' / '.join(some)}"] if some else []
    return "; ".join(reasons)


def by_judge(judge: Judge, reader: Reader) -> Asked:
    """Ask a stance judge, which cannot tell a full statement from a partial one."""

    def asked(claim: Claim, paper: Paper) -> list[StatedQuote]:
        reading, parts = reader.read(paper), {a.id for a in claim.parts}
        return [
            StatedQuote(f.atom_id, paper.id, f.quote, whole=False)
            for f in judge.judge(claim, paper, passages.cut(reading, 1, paper.id)).findings
            if f.stance == "supports" and f.own_words and f.atom_id in parts
            and f.strength >= judge.threshold_of("supports", "abstract") and _is_quote(f.quote, reading.text)
        ]  # fmt: skip

    return asked


def by_writer(writer: JournalledWriter, reader: Reader) -> Asked:
    """Ask a writing model, and keep only what the text supports."""

    def asked(claim: Claim, paper: Paper) -> list[StatedQuote]:
        text, parts = reader.read(paper).text, dict(enumerate(claim.parts, 1))
        answer = writer.ask(
            "source", Stated, claim.id,
            parts="\n".join(prompts.fenced(f"part {n}", a.text) for n, a in parts.items()),
            paper=prompts.fenced(f"paper arXiv:{paper.id}", text),
        )  # fmt: skip
        return [t for p in answer.parts if p.part in parts for t in _supported(p, parts[p.part], paper, text)]

    return asked


def _supported(answer: PartStated, part: Atom, paper: Paper, text: str) -> list[StatedQuote]:
    quotes = [q for q in answer.quotes if answer.states != "no" and _is_quote(q, text)]
    whole = answer.states == "whole" and not answer.missing.strip() and may_be_whole(part.text, quotes)
    return [StatedQuote(part.id, paper.id, q, whole) for q in quotes]


def may_be_whole(part: str, quotes: Sequence[str]) -> bool:
    """Whether quotes can state all of a part: its numbers, its strong words and most of its other words.

    Words are compared by their first letters. A paraphrase may fail this and then counts as stated in
    part, which is the safer error.
    """
    joined = " ".join(quotes)
    stems, numbers = set(_stems(joined)), set(_NUMBER.findall(joined))
    lost = [w for w in _STRONG.findall(part) if w.casefold()[:STEM] not in stems]
    lost += [n for n in _NUMBER.findall(part) if n not in numbers]
    part_stems = [s for s in _stems(part) if len(s) >= LEAST_LETTERS]
    return not lost and sum(s in stems for s in part_stems) >= MOST_OF * len(part_stems)


def _stems(text: str) -> list[str]:
    return [w[:STEM] for w in re.findall(r"\w+", text.casefold())]


def _is_quote(quote: str, text: str) -> bool:
    return word_count(quote) >= MIN_WORDS and find_quote(quote, text) is not None


def _result(claim: Claim, by: str, state: str, reason: str, found: Iterable[StatedQuote] = ()) -> SourceCheck:
    quotes = tuple(dict.fromkeys((t.part, t.arxiv_id, t.quote) for t in found))
    return SourceCheck(claim.id, claim.revision, state, reason, quotes, by)
