"""What a question asks for besides its topic: papers it names, a start date, a reason. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from agent.arxiv_ids import ids_in, without_ids

MONTHS = {
    name: number for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sept sep", "october oct", "november nov", "december dec"), 1,
    ) for name in names.split()
}  # fmt: skip
_SINCE = re.compile(
    r"\b(?:since|after|from)\s+(?:(?P<day>\d{4}-\d{2}(?:-\d{2})?)\b|(?P<month>"
    + "|".join(MONTHS)
    + r")\b\.?(?:\s+(?P<year>\d{4}))?|(?P<last>last (?:week|month|year))|(?P<only_year>20\d{2})\b)",
    re.I,
)
_CHANGED = re.compile(
    r"\bwhat(?:'s| is| has| have)? ?(?:changed|new|moved|flipped)\b|\bchanged?\b|\bflipped\b", re.I
)
_WHY = re.compile(r"\bwhy\b.*\b(still[- ]holds?|relaxed|contradicted|untested|unchallenged|open)\b", re.I)
_NEWER = re.compile(r"\b(?:newer|more recent|since then|later|latest|recent)\b", re.I)
_WIDE = frozenset(
    [
        "what",
        "which",
        "has",
        "have",
        "is",
        "are",
        "was",
        "there",
        "anything",
        "everything",
        "any",
        "all",
        "the",
        "a",
        "claims",
        "claim",
        "verdicts",
        "verdict",
        "new",
        "changed",
        "change",
        "changes",
        "since",
        "last",
        "run",
        "in",
        "of",
        "did",
        "it",
        "me",
        "show",
        "list",
        "this",
        "that",
        "week",
        "month",
        "year",
    ]
)
_FRAME = re.compile(
    r"\bwhat(?:'s| is| has| have| was)? ?(?:changed|new|moved|flipped|been found)\b|\bis there anything\b"
    r"|\bwhy is the claims? (?:on|about|that)\b|\bnot (?:still[- ]holds?|relaxed|contradicted)\b"
    r"|\b(?:still[- ]holds?|relaxed|contradicted) and\b|\bnewer papers\b|\bnewer than\b"
    r"|\bspeak against\b|\bthe claim that\b",
    re.I,
)


@dataclass(frozen=True)
class Question:
    """A parsed question. `topic` is what to search for; `since` is a start day, inclusive.

    `is_wide`: it is about the whole ledger.
    """

    text: str
    topic: str
    ids: tuple[str, ...] = ()
    since: str | None = None
    wants_changes: bool = False
    wants_newer: bool = False
    wants_why: bool = False
    is_wide: bool = False


def parse(text: str, today: str) -> Question:
    """Parse a question; a month without a year is the most recent such month up to `today`."""
    flat = " ".join(text.split())
    ids, since = tuple(ids_in(flat)), _SINCE.search(flat)
    day = _day(since, today) if since else None
    bare = without_ids(flat)
    if since:
        bare = bare.replace(since[0], " ")
    topic = " ".join(_FRAME.sub(" ", bare).split()).strip(" ?.,:;")
    is_wide = not ids and not set(re.findall(r"[a-z-]+", topic.lower())) - _WIDE
    return Question(
        text=flat,
        topic=topic or flat,
        ids=ids,
        since=day,
        wants_changes=_CHANGED.search(flat) is not None and (day is not None or is_wide),
        is_wide=is_wide,
        wants_newer=_NEWER.search(flat) is not None,
        wants_why=_WHY.search(flat) is not None,
    )


def _day(found: re.Match[str], today: str) -> str:
    now = date.fromisoformat(today)
    if found["day"]:
        return _real(found["day"] if len(found["day"]) == len("2026-01-01") else f"{found['day']}-01", today)
    if found["only_year"]:
        return f"{found['only_year']}-01-01"
    if found["last"]:
        days = {"week": 7, "month": 31, "year": 365}[found["last"].split()[1].lower()]
        return date.fromordinal(now.toordinal() - days).isoformat()
    month = MONTHS[found["month"].lower()]
    year = int(found["year"]) if found["year"] else now.year - (month > now.month)
    return f"{year:04}-{month:02}-01"


def _real(day: str, today: str) -> str:
    """The day, or today if there is no such day."""
    try:
        return date.fromisoformat(day).isoformat()
    except ValueError:
        return today
