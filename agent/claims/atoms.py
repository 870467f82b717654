"""Split a compound claim into atoms, each retested separately.

The rule splits only clauses that clearly stand on their own. A model may use only the claim's own words, so
that no qualifier is lost and nothing is added.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

import prompts
from agent.writing.journalled_writer import Answer, JournalledWriter
from store.records import AXES, Atom, Axis, Claim, Direction

LEAST_WORDS, MOST_PARTS, MOST_TERMS = 4, 6, 5
_JOINING = (
    "a an the and or but while whereas yet so it its they them their this that these those is are was were "
    "be been do does did has have had of"
)
_GLUE = frozenset(_JOINING.split())
"""Function words that a part may add or leave out; they carry no content of their own."""
_TURNS = re.compile(
    r"not|no|never|none|nor|neither|cannot|can't|\w+n't|without|unless|only|rarely|seldom|hardly|few|fails?|"
    r"mostly?|some|sometimes|may|might|often|always|all|every|half"
)
"""Negations and quantifiers."""
_WORD = re.compile(r"[\w%]+(?:[.,'’-]\w+)*")
_BREAK = re.compile(r";\s+|(?<=[a-z\d)])\.\s+(?=[A-Z])|,\s+(?=(?:while|whereas)\s)")
_JOINER = re.compile(r"^(?:and|while|whereas|but)\s+", re.I)
_LEANS = re.compile(
    r"^(?:it|its|they|them|their|this|that|these|those|he|she|there|here|so|then|thus|hence|therefore|such|"
    r"both|neither|not|nor|or|even|only|also|which|who|with|without|in|on|at|for|under|when|if|unless|"
    r"because|since|as|after|before|by|given|despite|among|across|does|do|otherwise|instead|however)\b",
    re.I,
)
_LEANING = re.compile(
    r"\b(?:it|its|they|them|their|this|these|those|such|the same|the former|the latter)\b", re.I
)
_VERB = re.compile(
    r"\b(?:is|are|was|were|does|do|did|can|cannot|may|must|will|has|have|had|remains?|becomes?|"
    r"(?:outperform|improv|reduc|increas|decreas|degrad|fail|hurt|help|lead|caus|yield|need|requir|"
    r"depend|dominat|match|beat|correlat|generaliz|transfer|collaps|suffer|gain|lower|rais|show|"
    r"predict|reveal|exceed|bound|surpass|benefit|arise|emerg|drop|grow|shrink|scal|limit|"
    r"weaken|strengthen|preserv|break|hold|vanish|persist|perform|work|suffic)(?:es?|s|e?d)?)\b",
    re.I,
)


class AxisOf(Answer):
    """One scope axis of a part."""

    axis: Literal["model", "scale", "training", "task", "scaffold", "metric"]
    value: str
    terms: list[str]
    load_bearing: bool


class PartOf(Answer):
    """One part of a claim."""

    text: str
    direction: Direction
    quantifier: str
    scope: list[AxisOf]


class Split(Answer):
    """A claim's parts."""

    parts: list[PartOf] = Field(min_length=1)


def by_rule(text: str) -> list[str]:
    """Return the clauses of a claim if they clearly stand on their own, else the claim as one entry.

    Clauses are separated by a semicolon, a full stop, or a comma before "while" or "whereas". Each needs a
    verb and enough words, and none may depend on another by a pronoun or a shared qualifier.
    """
    clauses = [_JOINER.sub("", c).strip(" .,;") for c in _BREAK.split(text.strip())]
    alone = all(len(c.split()) >= LEAST_WORDS and _VERB.search(c) and not _LEANS.match(c) for c in clauses)
    leaning = any(_LEANING.search(c) for c in clauses[1:]) or "(" in text or ":" in text
    if len(clauses) < 2 or len(clauses) > MOST_PARTS or not alone or leaning:
        return [text]
    return [c[0].upper() + c[1:] + "." for c in clauses]


def split(claim: Claim, writer: JournalledWriter | None = None) -> Claim:
    """Return the claim split into atoms by the model, if there is one, else by the rule.

    A model's answer that is not in the claim's own words is rejected, and the rule decides.
    """
    if writer is not None:
        answer = writer.ask("split", Split, claim.id, claim=prompts.fenced("claim", claim.text))
        if not why_not(claim.text, [p.text for p in answer.parts]):
            return _with_answer(claim, answer)
    parts = by_rule(claim.text)
    # One part only means that the rule is unsure: keep a split made by a person or a pack.
    return claim if claim.atoms and len(parts) == 1 else with_parts(claim, parts)


def with_parts(claim: Claim, texts: Sequence[str]) -> Claim:
    """Return the claim with these texts as its atoms; a single text gives no atoms."""
    atoms = tuple(Atom(f"part-{n}", t) for n, t in enumerate(texts, 1)) if len(texts) > 1 else ()
    return replace(claim, atoms=atoms)


def why_not(text: str, parts: Sequence[str]) -> str:
    """Return why the parts are not a valid split of the claim; empty if they are.

    Each part must keep the claim's words in order, and together they may leave out only function words.
    """
    whole = _words(text)
    if not 1 <= len(parts) <= MOST_PARTS or len({tuple(_words(p)) for p in parts}) < len(parts):
        return f"a claim has one to {MOST_PARTS} parts, all different"
    for part in parts:
        own = [w for w in _words(part) if w not in _GLUE]
        if strange := [w for w in own if w not in whole]:
            return f"{strange[0]!r} is not a word of the claim"
        if not _in_order(own, whole):
            return f"{part[:60]!r} has the claim's words in another order"
        if turned := _turned(own, whole):
            return f"{part[:60]!r} leaves out {turned!r}, which may reverse its meaning"
        if len(own) < 2:
            return f"{part[:60]!r} says too little to be tested"
    covered = {w for p in parts for w in _words(p)}
    lost = [w for w in whole if w not in covered and w not in _GLUE]
    return f"{lost[0]!r} is missing from the parts" if lost else ""


def _turned(words: Sequence[str], whole: Sequence[str]) -> str:
    """Return a negation or quantifier that a part leaves out between its words; empty if there is none.

    The search covers every place in the claim that the part may come from: from the first occurrence of its
    first word to the last occurrence of its last word.
    """
    begin = whole.index(words[0]) if words else 0
    end = len(whole) - 1 - whole[::-1].index(words[-1]) if words else 0
    between = [w for w in whole[begin:end] if _TURNS.fullmatch(w)]
    return next((w for w in between if w not in words), "")


def _with_answer(claim: Claim, answer: Split) -> Claim:
    """Return the claim with the model's parts; axes that are not in the claim's own words are dropped."""
    atoms = tuple(
        Atom(
            f"part-{n}", " ".join(p.text.split()), _axes(claim.text, p.scope), p.direction,
            p.quantifier if set(_words(p.quantifier)) <= set(_words(p.text)) else "",
        )
        for n, p in enumerate(answer.parts, 1)
    )  # fmt: skip
    if len(atoms) > 1:
        return replace(claim, atoms=atoms)
    scope = claim.scope | {k: v for k, v in atoms[0].scope.items() if k not in claim.scope}
    return replace(claim, scope={name: scope[name] for name in AXES if name in scope})


def _axes(text: str, axes: Sequence[AxisOf]) -> dict[str, Axis]:
    own_words = set(_words(text))
    found = {
        a.axis: Axis(" ".join(a.value.split()), _terms(a.terms), a.load_bearing)
        for a in axes if a.value.strip() and set(_words(a.value)) <= own_words
    }  # fmt: skip
    return {name: found[name] for name in AXES if name in found}


def _terms(terms: Sequence[str]) -> tuple[str, ...]:
    return tuple(t.strip() for t in terms[:MOST_TERMS] if t.strip())


def _words(text: str) -> list[str]:
    return [w.casefold() for w in _WORD.findall(text)]


def _in_order(words: Sequence[str], whole: Sequence[str]) -> bool:
    rest = iter(whole)
    return all(any(w == other for other in rest) for w in words)
