"""A compound claim taken apart into atoms, each retested alone.

By rule: only where two clauses stand apart by themselves. By a model: only in the claim's own words, so
that no qualifier is lost and nothing is said that the claim does not say.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field

import prompts
from agent.writing.journalled import Answer, JournalledWriter
from store.records import AXES, Atom, Axis, Claim, Direction

LEAST_WORDS, MOST_PARTS, MOST_TERMS = 4, 6, 5
_JOINING = (
    "a an the and or but while whereas yet so it its they them their this that these those is are was were "
    "be been do does did has have had of"
)
_GLUE = frozenset(_JOINING.split())
"""Words that a part may add or leave out: they join, point or agree, and say nothing of their own."""
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
    """The clauses of a claim where they surely stand apart; one entry where that is not sure.

    Sure is: divided by a semicolon, a full stop, or a comma before "while" or "whereas"; each clause with
    a verb and enough words of its own; none leaning on another by a pronoun or a shared qualifier.
    """
    clauses = [_JOINER.sub("", c).strip(" .,;") for c in _BREAK.split(text.strip())]
    alone = all(len(c.split()) >= LEAST_WORDS and _VERB.search(c) and not _LEANS.match(c) for c in clauses)
    leaning = any(_LEANING.search(c) for c in clauses[1:]) or "(" in text or ":" in text
    if len(clauses) < 2 or len(clauses) > MOST_PARTS or not alone or leaning:
        return [text]
    return [c[0].upper() + c[1:] + "." for c in clauses]


def split(claim: Claim, writer: JournalledWriter | None = None) -> Claim:
    """The claim with its atoms, by a model where there is one; as it was where it has one part.

    An answer that is not in the claim's own words is not taken: then the rule decides.
    """
    if writer is not None:
        asked = writer.ask("split", Split, claim.id, claim=prompts.fenced("claim", claim.text))
        if not why_not(claim.text, [p.text for p in asked.parts]):
            return _told(claim, asked)
    parts = by_rule(claim.text)
    # Where the rule sees one part it is only not sure: what a person or a pack took apart stays so.
    return claim if claim.atoms and len(parts) == 1 else with_parts(claim, parts)


def with_parts(claim: Claim, texts: Sequence[str]) -> Claim:
    """The claim with atoms of these texts; none where it is one part."""
    atoms = tuple(Atom(f"part-{n}", t) for n, t in enumerate(texts, 1)) if len(texts) > 1 else ()
    return replace(claim, atoms=atoms)


def why_not(text: str, parts: Sequence[str]) -> str:
    """Why parts are not a claim taken apart; empty when they are.

    Each part is in the claim's words and order, and together they leave out nothing that has a meaning.
    """
    whole = _words(text)
    if not 1 <= len(parts) <= MOST_PARTS or len({tuple(_words(p)) for p in parts}) < len(parts):
        return f"between one and {MOST_PARTS} parts, each once"
    for part in parts:
        own = [w for w in _words(part) if w not in _GLUE]
        if strange := [w for w in own if w not in whole]:
            return f"{strange[0]!r} is no word of the claim"
        if not _in_order(own, whole):
            return f"{part[:60]!r} has the claim's words in another order"
        if turned := _turned(own, whole):
            return f"{part[:60]!r} leaves out {turned!r}, which may turn it around"
        if len(own) < 2:
            return f"{part[:60]!r} says too little to be tested"
    held = {w for p in parts for w in _words(p)}
    lost = [w for w in whole if w not in held and w not in _GLUE]
    return f"{lost[0]!r} is lost" if lost else ""


def _turned(words: Sequence[str], whole: Sequence[str]) -> str:
    """A word that could turn a part's meaning around, left out from among its words; empty where none is.

    Looked for wherever the part's words can stand in the claim: from the first place of its first word to
    the last place of its last.
    """
    begin = whole.index(words[0]) if words else 0
    end = len(whole) - 1 - whole[::-1].index(words[-1]) if words else 0
    between = [w for w in whole[begin:end] if _TURNS.fullmatch(w)]
    return next((w for w in between if w not in words), "")


def _told(claim: Claim, asked: Split) -> Claim:
    """The claim with what the model said of its parts; axes in words of its own are left out."""
    atoms = tuple(
        Atom(
            f"part-{n}", " ".join(p.text.split()), _axes(claim.text, p.scope), p.direction,
            p.quantifier if set(_words(p.quantifier)) <= set(_words(p.text)) else "",
        )
        for n, p in enumerate(asked.parts, 1)
    )  # fmt: skip
    if len(atoms) > 1:
        return replace(claim, atoms=atoms)
    scope = claim.scope | {k: v for k, v in atoms[0].scope.items() if k not in claim.scope}
    return replace(claim, scope={name: scope[name] for name in AXES if name in scope})


def _axes(text: str, told: Sequence[AxisOf]) -> dict[str, Axis]:
    known = set(_words(text))
    found = {
        a.axis: Axis(" ".join(a.value.split()), _terms(a.terms), a.load_bearing)
        for a in told if a.value.strip() and set(_words(a.value)) <= known
    }  # fmt: skip
    return {name: found[name] for name in AXES if name in found}


def _terms(told: Sequence[str]) -> tuple[str, ...]:
    return tuple(t.strip() for t in told[:MOST_TERMS] if t.strip())


def _words(text: str) -> list[str]:
    return [w.casefold() for w in _WORD.findall(text)]


def _in_order(words: Sequence[str], whole: Sequence[str]) -> bool:
    rest = iter(whole)
    return all(any(w == other for other in rest) for w in words)
