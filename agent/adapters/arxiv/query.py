"""arXiv API queries built from a claim: its rarest words, or pairs of less rare ones. Pure.

Fields and operators: arXiv API user's manual, section 5.1 (https://info.arxiv.org/help/api/user-manual.html).
Word frequencies come from `words.txt`: how many of 10,000 abstracts contain a word, if at least 30 do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from agent.adapters.arxiv.fetch_plan import Window, expected, first_day
from agent.ports.sources import Wanted
from store.records import Claim

OUT_OF = 10_000
UNLISTED = 0.0005
"""The assumed share of papers that contain an unlisted word; it is below 0.003."""
TOO_COMMON = 0.25
"""A word in this share of papers or more is not distinctive."""
MOST_HITS = 4000
"""Expected results allowed for one claim's query: two pages."""
LEAST_SHARE, MOST_SHARE, ALONE = 0.011, 0.1, 0.5
"""Bounds on the share of a window's papers that a query may return, and the part left to single words.

On 23,000 records of one field and 500 claims, a share of 0.0075 finds the paper that a claim was written
from in 74% of cases, 0.011 in 80%, 0.06 in 92%.
"""
MOST_TERMS = 12
_TERM = re.compile(r"[^\W_]+(?:(?:[-+'’]|(?<=\d)\.(?=\d))[^\W_]+)*")
_NOT = re.compile(r"n['’]t$")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
LONGEST_CJK = 4
"""Scripts without spaces make a sentence one word, found in no record; up to this length it may be a name."""
_FUNCTION_WORDS = """
about after again against all almost also although among any are as at away be because become
becomes becoming been before being both but by can cannot come comes could did do does doing done
down during each either else even ever every few for from get gets give gives given go goes has have
having how however if in into is it its just keep keeping less let like made make makes making many
may might more most much must nearly need needs neither never no nor not of off often on once one
ones only or other others our out over own part per put rather same set shall should since so some
still such take takes than that the their them then there these they this those though through thus
to together too toward under until up upon use used uses using very via was were what when where
whether which while who whole whose why will with within without would yet
"""
_FUNCTION = frozenset(_FUNCTION_WORDS.split())
_POSSESSIVE = re.compile(r"['’]s?$")
_LEAST_PLURAL = 4


class Terms(NamedTuple):
    """A claim's search terms: any of the words `alone`, or any two of those `together`."""

    alone: tuple[str, ...]
    together: tuple[str, ...]

    @property
    def share(self) -> float:
        """The expected share of papers that match."""
        shares = [rarity(t) for t in self.together]
        pairs = sum(a * b for n, a in enumerate(shares) for b in shares[n + 1 :])
        return min(1.0, sum(map(rarity, self.alone)) + CLUSTERED * pairs)


CLUSTERED = 3.0
"""Words of one subject co-occur this many times more often than by chance."""


def query_of(want: Wanted, categories: Sequence[str] = ()) -> str:
    """The query for a claim's window; empty if the claim has no distinctive word."""
    terms = terms_of(want.claim, allowed(want, categories))
    if not terms.alone:
        return ""
    return " AND ".join([_any_term(terms), *within(categories), submitted(_window(want))])


def share_of(want: Wanted, categories: Sequence[str] = ()) -> float:
    """The share of its window's papers that a claim's query may return; 0 if it has no query."""
    return terms_of(want.claim, allowed(want, categories)).share


def allowed(want: Wanted, categories: Sequence[str]) -> float:
    """The largest share of its window's papers that a query should return; larger for short windows."""
    papers = max(1, expected(_window(want), categories))  # the month of a claim may not have ended yet
    return min(MOST_SHARE, max(LEAST_SHARE, MOST_HITS / papers))


def _window(want: Wanted) -> Window:
    return Window(first_day(want.after), want.until)


def harvest_query(window: Window, categories: Sequence[str]) -> str:
    """The query for everything submitted to the categories in a window."""
    return " AND ".join([*within(categories), submitted(window)])


def within(categories: Sequence[str]) -> list[str]:
    """The category filter; an empty list if all categories are wanted."""
    return [f"({' OR '.join(f'cat:{c}' for c in categories)})"] if categories else []


def submitted(window: Window) -> str:
    """The filter for first versions submitted within a window. Dates are GMT."""
    first, last = (day.replace("-", "") for day in (window.first, window.last))
    return f"submittedDate:[{first}0000 TO {last}2359]"


def terms_of(claim: Claim, share: float) -> Terms:
    """The rarest words and names of a claim, its parts and its scope, whatever their length or script.

    Single words use up to half of the share, pairs the rest; the rarest word is always included.
    """
    text = " ".join([claim.text, *(a.text for a in claim.atoms), *(x.value for x in claim.scope.values())])
    found = _TERM.findall(unicodedata.normalize("NFKC", text).replace("_", " ").lower())
    words = dict.fromkeys(t for t in (_POSSESSIVE.sub("", t) for t in found) if _is_distinctive(t))
    ordered = sorted(words, key=lambda w: (rarity(w), w))
    terms = Terms((), ())
    for word in ordered:
        more = Terms((*terms.alone, word), ())
        if terms.alone and more.share > ALONE * share:
            break
        terms = more
    for word in ordered[len(terms.alone) :][:MOST_TERMS]:
        more = Terms(terms.alone, (*terms.together, word))
        if more.share > share:
            break
        terms = more
    if len(terms.together) == 1:
        left = Terms((*terms.alone, *terms.together), ())
        terms = left if left.share <= share else Terms(terms.alone, ())
    return terms


def rarity(term: str) -> float:
    """The share of papers that contain a word, in singular or plural, or a phrase."""
    parts = re.findall(r"[^\W_]+", term)
    if len(parts) > 1:
        return min(_shares().get(p, UNLISTED) for p in parts) / 2
    return sum(_shares().get(form, UNLISTED if form == term else 0.0) for form in _forms(term))


def _is_distinctive(term: str) -> bool:
    long = len(term) > 1 if term.isascii() else True
    if term in _FUNCTION or _NOT.search(term) or (_CJK.search(term) and len(term) > LONGEST_CJK):
        return False
    return long and not (term.isdigit() and len(term) < len("100")) and rarity(term) < TOO_COMMON


@cache
def _shares() -> dict[str, float]:
    lines = files("agent.adapters.arxiv").joinpath("words.txt").read_text(encoding="utf-8").split()
    return {word: int(count) / OUT_OF for word, count in zip(lines[::2], lines[1::2], strict=True)}


def _any_term(terms: Terms) -> str:
    pairs = [
        f"({_any([one])} AND {_any(terms.together[n + 1 :])})" for n, one in enumerate(terms.together[:-1])
    ]
    groups = [_any(terms.alone), *pairs]
    return f"({' OR '.join(groups)})" if len(groups) > 1 else groups[0]


def _any(terms: Sequence[str]) -> str:
    """Match any of the terms, in singular or plural, in any field."""
    forms = dict.fromkeys(f"all:{_written(form)}" for term in terms for form in _forms(term))
    return f"({' OR '.join(forms)})" if len(forms) > 1 else next(iter(forms))


def _forms(term: str) -> list[str]:
    """A word in singular and plural, judging by its ending."""
    if not (term.isalpha() and term.isascii() and len(term) >= _LEAST_PLURAL):
        return [term]
    if term.endswith("ies"):
        return [term, f"{term[:-3]}y"]
    if term.endswith(("is", "us", "as")):
        return [term]
    if term.endswith(("ses", "xes", "zes", "ches", "shes")):
        return [term, term[:-1], term[:-2]]
    if term.endswith(("ss", "x", "z", "ch", "sh")):
        return [term, f"{term}es"]
    if term.endswith("s"):
        return [term, term[:-1]]
    if term.endswith("y") and term[-2] not in "aeiou":
        return [term, f"{term[:-1]}ies"]
    return [term, f"{term}s"]


def _written(term: str) -> str:
    """A term in arXiv's syntax: a phrase is quoted, its parts separated by spaces."""
    parts = re.findall(r"[^\W_]+", term)
    return f'"{" ".join(parts)}"' if len(parts) > 1 else parts[0]
