"""Questions about the ledger itself, which it answers exactly: counts, verdicts, changes, papers. Pure.

A question is one of these only if nothing else is in it: "Which claims are relaxed?" is, "Which claims about
faithfulness are relaxed?" is searched for by its topic.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import Literal, NamedTuple

from agent.arxiv_ids import ids_in, without_ids
from agent.chat.question import MONTHS

Kind = Literal["count", "verdict", "changed", "rest on", "authors", "paper", "strongest"]


class LedgerQuery(NamedTuple):
    """A question to the ledger.

    `verdict` is a standing, `number` of papers a verdict rests on, `since` and `until` days (inclusive),
    `ids` papers, `topic` what the claim is about, and `side` "against" or "for" it. `is_yes_no`: whether the
    answer should begin with yes or no.
    """

    kind: Kind
    verdict: str = ""
    number: int = 0
    since: str = ""
    until: str = ""
    ids: tuple[str, ...] = ()
    topic: str = ""
    side: str = ""
    is_yes_no: bool = False


_STANDINGS = (
    ("none yet", r"(?:no|not? any|without (?:a|any)) verdicts?(?: yet| so far)?|none yet|un(?:tested|decided)"
                 r"|(?:not|never)(?: yet)?(?: been)? (?:re)?tested(?: yet)?"),
    ("no challenge found", r"unchallenged|no challenges?(?: found)?|not challenged"),
    ("contradicted", r"contradicted|refuted|overturned|disproved|wrong by now"),
    ("relaxed", r"relaxed|narrowed|weakened"),
    ("open", r"open|to (?:be )?review(?:ed)?|waiting for review"),
    ("still-holds", r"still[- ](?:holds?|true|stands?|valid)|holds?(?: still)?|(?:re)?confirmed"),
)  # fmt: skip
_PLAIN = re.compile(
    r"\b(?:which|what|how many|show|list|name|give|tell|me|all|the|of|are|is|there|any|our|my|your|in|this"
    r"|that|an?|claims?|verdicts?|ledgers?|have|has|do|does|did|you|we|i|holds?|know|now|currently|today|yet"
    r"|so far|and|why|with|been|still|were|was|ones?|please|many)\b", re.I,
)  # fmt: skip
"""Words that give a question no topic."""
_COUNT = re.compile(r"^how many claims\b", re.I)
_CHANGED = re.compile(
    r"\b(?:what|which|anything|any|verdicts?|claims?)\b.*\b(?:changed?|new|moved|flipped|happened)\b", re.I
)
_CHANGE = re.compile(r"\b(?:changed?|changes|new|moved|flipped|happened|on)\b", re.I)
_MONTH = "|".join(MONTHS)
_WHEN = re.compile(
    rf"\b(?:in|during|for|between|from)?\s*(?:(?P<month>{_MONTH})\b\.?(?:\s+(?P<year>20\d{{2}}))?"
    r"|(?P<first>20\d{2}-\d{2}-\d{2})\s*(?:and|to|until|–|-)\s*(?P<last>20\d{2}-\d{2}-\d{2})"
    r"|(?P<iso>20\d{2}-\d{2})(?!-?\d)|(?P<only>20\d{2})\b(?!-)"
    r"|(?P<span>(?:this|last|the last|the past) (?:week|month|year)))", re.I,
)  # fmt: skip
_NUMBERS = {"one": 1, "a single": 1, "single": 1, "1": 1, "two": 2, "2": 2, "three": 3, "3": 3, "no": 0}
_REST = re.compile(
    r"^(?:which|what|how many|show|list)\b.*\bclaims?\b.*\b(?:rests?|rely|relies|based|depends?)\b (?:up)?on"
    rf"\s+(?:only\s+|just\s+)?(?P<number>{'|'.join(_NUMBERS)})\s+(?:papers?|sources?|pieces of evidence)\W*$",
    re.I,
)  # fmt: skip
_AUTHORS = re.compile(
    r"\bwho (?:wrote|are the authors? of|is the author of|published)\b|\bauthors? of\b", re.I
)
_PAPER = re.compile(
    r"\b(?:bear|support|contradict|relax|narrow|matter|relevant|affect|speak|say|use|cite|evidence|claim)\w*\b",
    re.I,
)
_ABOUT = re.compile(r"\b(?:arxiv|papers?|on|about|to|for|against)\b", re.I)
_STRONGEST = re.compile(
    r"\b(?:strongest|best|most convincing)\s+(?:papers?|evidence|quotes?|argument|case)\s+"
    r"(?P<side>against|for|in favou?r of|contradicting|supporting)\s+(?P<topic>.{8,})$", re.I,
)  # fmt: skip
_LETTERS = re.compile(r"[a-z]{3,}", re.I)


def parse_query(text: str, today: str) -> LedgerQuery | None:
    """The query that a question is; None if it is about a topic."""
    flat = " ".join(text.split()).rstrip(" ?.!")
    ids = tuple(ids_in(flat))
    if ids:
        return _about_papers(flat, ids)
    if found := _STRONGEST.search(flat):
        side = (
            "for"
            if found["side"].lower() in ("for", "in favor of", "in favour of", "supporting")
            else "against"
        )
        return LedgerQuery("strongest", topic=found["topic"].strip(), side=side)
    if found := _REST.search(flat):
        return LedgerQuery("rest on", number=_NUMBERS[found["number"].lower()])
    return _changed(flat, today) or _of_verdict(flat)


def _about_papers(flat: str, ids: tuple[str, ...]) -> LedgerQuery | None:
    if _AUTHORS.search(flat):
        return LedgerQuery("authors", ids=ids)
    rest = _ABOUT.sub(" ", _PLAIN.sub(" ", _PAPER.sub(" ", without_ids(flat))))
    if _LETTERS.search(rest) or not _PAPER.search(flat):
        return None
    is_yes_no = re.match(r"(?:do|does|did|is|are|has|have|can)\b", flat, re.I) is not None
    return LedgerQuery("paper", ids=ids, is_yes_no=is_yes_no)


def _changed(flat: str, today: str) -> LedgerQuery | None:
    when = _WHEN.search(flat)
    if not when or not _CHANGED.search(flat):
        return None
    rest = _PLAIN.sub(" ", _CHANGE.sub(" ", flat.replace(when[0], " ")))
    if _LETTERS.search(rest):
        return None
    since, until = _days(when, today)
    return LedgerQuery("changed", since=since, until=until)


def _of_verdict(flat: str) -> LedgerQuery | None:
    for name, words in _STANDINGS:
        rest, count = re.subn(rf"\b(?:{words})\b", " ", flat, flags=re.I)
        is_plain = not _LETTERS.search(_PLAIN.sub(" ", rest))
        if count and is_plain and re.search(r"\b(?:claims?|verdicts?|which|how many|what)\b", flat, re.I):
            return LedgerQuery("verdict", verdict=name)
    is_plain = not _LETTERS.search(_PLAIN.sub(" ", flat))
    return LedgerQuery("count") if _COUNT.search(flat) and is_plain else None


def _days(when: re.Match[str], today: str) -> tuple[str, str]:
    """The first and last day of a span."""
    now = date.fromisoformat(today)
    if when["first"]:
        return when["first"], when["last"]
    if when["span"]:
        unit = when["span"].split()[-1].lower()
        length = {"week": 7, "month": 31, "year": 365}[unit]
        return (now - timedelta(days=length)).isoformat(), today
    if when["only"]:
        return f"{when['only']}-01-01", f"{when['only']}-12-31"
    if when["iso"]:
        year, month = int(when["iso"][:4]), min(max(int(when["iso"][5:]), 1), 12)
    else:
        month = MONTHS[when["month"].lower()]
        year = int(when["year"]) if when["year"] else now.year - (month > now.month)
    return f"{year:04}-{month:02}-01", f"{year:04}-{month:02}-{calendar.monthrange(year, month)[1]:02}"
