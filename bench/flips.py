"""Turn a declarative sentence into its opposite by one small, reversible edit.

The edits are closed lists applied in both directions, so that over the whole set "not" and every
antonym occur about as often in agreeing as in opposing pairs and none of them is a shortcut.
"""

from __future__ import annotations

import random
import re

ANTONYMS = [
    ("improves", "degrades"), ("improve", "degrade"), ("improved", "degraded"),
    ("improving", "degrading"), ("increases", "decreases"), ("increase", "decrease"),
    ("increased", "decreased"), ("higher", "lower"), ("better", "worse"),
    ("more", "less"), ("larger", "smaller"), ("outperforms", "underperforms"),
    ("outperform", "underperform"), ("outperforming", "underperforming"),
    ("helps", "hurts"), ("help", "hurt"), ("succeed", "fail"), ("succeeds", "fails"),
    ("strengthens", "weakens"), ("strengthen", "weaken"), ("faster", "slower"),
    ("enables", "prevents"), ("enable", "prevent"), ("robust", "brittle"),
    ("effective", "ineffective"), ("sufficient", "insufficient"), ("faithful", "unfaithful"),
    ("reliable", "unreliable"), ("necessary", "unnecessary"), ("enhances", "impairs"),
    ("enhance", "impair"), ("gains", "losses"), ("stronger", "weaker"), ("always", "never"),
    ("superior", "inferior"), ("easy", "hard"), ("harmful", "beneficial"),
]  # fmt: skip
NEGATIONS = [
    (r"\bcan\b", "cannot"), (r"\bis\b", "is not"), (r"\bare\b", "are not"),
    (r"\bdoes\b", "does not"), (r"\bdo\b", "do not"), (r"\bwill\b", "will not"),
]  # fmt: skip
BASE_VERBS = {
    "improves": "improve", "outperforms": "outperform", "increases": "increase",
    "reduces": "reduce", "helps": "help", "enables": "enable", "leads": "lead",
    "makes": "make", "requires": "require", "matters": "matter", "enhances": "enhance",
    "emerges": "emerge", "generalizes": "generalize", "works": "work", "achieves": "achieve",
    "shows": "show", "hurts": "hurt", "causes": "cause", "predicts": "predict",
}  # fmt: skip

_PAIRS = {a: b for left, right in ANTONYMS for a, b in ((left, right), (right, left))}
_ANTONYM = re.compile(r"\b(" + "|".join(sorted(_PAIRS, key=len, reverse=True)) + r")\b", re.I)
_VERB = re.compile(r"\b(" + "|".join(BASE_VERBS) + r")\b", re.I)
_NOT = re.compile(r"\b(cannot|(?:is|are|do|does|will|can) not|don't|doesn't|isn't|aren't|can't)\b", re.I)


def swap_antonym(text: str, rng: random.Random) -> str | None:
    """Replace one direction word with its opposite; None if there is none."""
    found = list(_ANTONYM.finditer(text))
    if not found:
        return None
    hit = rng.choice(found)
    return text[: hit.start()] + _match_case(hit[0], _PAIRS[hit[0].lower()]) + text[hit.end() :]


def toggle_negation(text: str, rng: random.Random) -> str | None:
    """Remove a negation if there is one, else insert one; None if neither is possible."""
    if hit := _NOT.search(text):
        bare = {"cannot": "can", "don't": "do", "doesn't": "does", "isn't": "is", "aren't": "are"}
        kept = bare.get(hit[0].lower(), hit[0].split()[0].replace("can't", "can"))
        return text[: hit.start()] + _match_case(hit[0], kept) + text[hit.end() :]
    edits = [(m, f"does not {BASE_VERBS[m[0].lower()]}") for m in _VERB.finditer(text)]
    edits += [(m, new) for old, new in NEGATIONS for m in re.finditer(old, text, re.I)]
    if not edits:
        return None
    hit, new = rng.choice(edits)
    return text[: hit.start()] + new + text[hit.end() :]


def flip(text: str, rng: random.Random) -> str | None:
    """Return a sentence that says the opposite of `text`, or None if no edit is safe."""
    first, second = rng.sample([swap_antonym, toggle_negation], 2)
    return first(text, rng) or second(text, rng)


def _match_case(old: str, new: str) -> str:
    return new.capitalize() if old[:1].isupper() else new
