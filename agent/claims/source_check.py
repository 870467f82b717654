"""Does the paper a claim cites state it? Each part of the claim is asked for, and each "yes" has its quote.

The embedded judge cannot tell a claim stated whole from one stated in part: "independently of size" is
three words, and the part that matters. So by it a claim is at most stated in part.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.ports import Judge, Reader
from agent.retest import passages
from agent.retest.quotes import MIN_WORDS, find_quote, word_count
from store.records import Claim, Paper, SourceCheck

STATED, PART, NOT_SAID = "states it", "states part of it", "does not say so in the text read"
NOT_FOUND, WRONG_DATE, NO_SOURCE = "paper not found", "wrong date", "no source named"
GROUNDED = (STATED, PART)


def check(claim: Claim, papers: Mapping[str, Paper], judge: Judge, reader: Reader) -> SourceCheck:
    """Check a claim against the records of its sources that there are.

    Raises JudgeError when the judge gives no answer: that is not the same as "does not say so".
    """
    held = [papers[s.arxiv_id] for s in claim.sources if s.arxiv_id in papers]
    lost = [s.arxiv_id for s in claim.sources if s.arxiv_id not in papers]
    if not claim.sources:
        return _told(claim, judge, NO_SOURCE, "its document names no paper")
    if not held:
        return _told(claim, judge, NOT_FOUND, f"there is no record of arXiv:{', arXiv:'.join(lost)}")
    quotes = tuple(q for paper in held for q in _stated(claim, paper, judge, reader))
    months = sorted({p.published[:7] for p in held})
    if claim.as_of and claim.as_of not in months:
        reason = f"the claim is dated {claim.as_of}, its sources were first submitted in {', '.join(months)}"
        return _told(claim, judge, WRONG_DATE, reason, quotes)
    stated = {part for part, _, _ in quotes}
    whole = stated == {a.id for a in claim.parts} and judge.kind != "embedded"
    state = STATED if whole else PART if stated else NOT_SAID
    missing = [a.text for a in claim.parts if a.id not in stated]
    reason = f"no sentence was found for: {' / '.join(missing)}" if missing else ""
    if not reason and judge.kind == "embedded":
        reason = "the embedded judge cannot tell whole from part"
    return _told(claim, judge, state, reason, quotes)


def _stated(claim: Claim, paper: Paper, judge: Judge, reader: Reader) -> list[tuple[str, str, str]]:
    """(part, arXiv id, quote) of what the paper's record states as the authors' own."""
    reading = reader.read(paper)
    cuts = passages.cut(reading, 1, paper.id)
    parts = {a.id for a in claim.parts}
    return [
        (f.atom_id, paper.id, f.quote)
        for f in judge.judge(claim, paper, cuts).findings
        if f.stance == "supports" and f.own_words and f.atom_id in parts
        and f.strength >= judge.threshold_of("supports", "abstract")
        and word_count(f.quote) >= MIN_WORDS and find_quote(f.quote, reading.text)
    ]  # fmt: skip


def _told(
    claim: Claim, judge: Judge, state: str, reason: str, quotes: tuple[tuple[str, str, str], ...] = ()
) -> SourceCheck:
    return SourceCheck(claim.id, claim.revision, state, reason, quotes, judge.name)
