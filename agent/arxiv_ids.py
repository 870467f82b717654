"""arXiv identifiers in every form people paste: read one, or find them all in a text. Pure.

Forms and their dates: https://info.arxiv.org/help/arxiv_identifier.html. 0704.0001 to 1412.9999 have four
digits after the point, ids since 1501.00001 have five; before April 2007 an archive stands in front, as in
hep-th/9901001, and the class of math.GT/0309136 is no part of the id. DOIs: 10.48550/arXiv.2411.15382.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

_NAMES = (
    "acc-phys adap-org alg-geom ao-sci astro-ph atom-ph bayes-an chao-dyn chem-ph cmp-lg comp-gas cond-mat "
    "cs dg-ga funct-an gr-qc hep-ex hep-lat hep-ph hep-th math math-ph mtrl-th nlin nucl-ex nucl-th patt-sol "
    "physics plasm-ph q-alg q-bio quant-ph solv-int supr-con"
)
ARCHIVES = tuple(_NAMES.split())
_DASHES = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d"), "-")
_OLD = r"[a-z][a-z-]*(?:\.[a-z][a-z-]*)?/\d+"
_ID = re.compile(rf"(?P<old>{_OLD})(?:v(?P<v1>\d+))?|(?P<new>\d+\.\d+)(?:v(?P<v2>\d+))?", re.I)
_SITE = r"(?:https?://)?(?:[\w-]+\.)*arxiv\.org/(?:abs|pdf|html|format|ps|src|e-print)/"
_OTHER = r"(?:https?://)?(?:www\.)?(?:alphaxiv\.org/\w+|huggingface\.co/papers)/"
_DOI = r"(?:(?:https?://)?(?:dx\.)?doi\.org/|doi:\s*)?10\.48550/arxiv\."
_NAMED = r"\barxiv(?:\.org)?\s*[:#]+\s*(?:arxiv\s*:\s*)?"
_MARKED = re.compile(
    rf"(?:{_SITE}|{_OTHER}|{_DOI}|{_NAMED})(?P<id>(?:{_OLD}|\d+\.\d+)(?:v\d+)?(?!\w))(?:\.pdf)?", re.I
)
_BARE = re.compile(
    rf"(?<![\w./:-])(?P<id>(?:\d{{4}}\.\d{{4,5}}|(?:{'|'.join(ARCHIVES)})(?:\.[a-z][a-z-]*)?/\d{{7}})"
    r"(?:v\d+)?)(?![\w/]|\.\d)(?:\.pdf)?",
    re.I,
)


class ArxivId(NamedTuple):
    """An id without version, as arXiv writes it, and the version where one is given."""

    id: str
    version: int | None = None


class BadId(ValueError):
    """A text that is no arXiv id; its message says why."""


class Mention(NamedTuple):
    """An id in a text, from `start` to `end`. `wrong` says why it is none; then `id` is empty."""

    start: int
    end: int
    id: str
    wrong: str = ""


def read_id(text: str) -> ArxivId:
    """Read one id: bare, with a version, in a link, as a DOI, or after "arXiv:". Raises BadId."""
    given = _folded(text).strip().strip("<>[]()").rstrip("/")
    marked = _MARKED.fullmatch(given)
    found = _ID.fullmatch(marked["id"] if marked else given.removesuffix(".pdf"))
    if found is None:
        raise BadId(f"{text.strip()!r} is not an arXiv id")
    paper = _old_style(found["old"]) if found["old"] else _new_style(found["new"])
    digits = found["v1"] or found["v2"]
    if digits and (not 1 <= int(digits) <= 999 or digits.startswith("0")):
        raise BadId(f"{text.strip()!r} has no version {digits}")
    return ArxivId(paper, int(digits) if digits else None)


def parse_id(text: str) -> ArxivId | None:
    """As `read_id`; None when `text` is no id."""
    try:
        return read_id(text)
    except BadId:
        return None


def mentions(text: str) -> Iterator[Mention]:
    """The ids a text names, in order.

    What is marked as an id (a link, a DOI, "arXiv:") and is none is told; a bare number that is none is not.
    """
    folded, end = _folded(text), 0
    found = [*_MARKED.finditer(folded), *_BARE.finditer(folded)]
    for match in sorted(found, key=lambda m: (m.start(), -m.end())):
        if match.start() < end:
            continue
        try:
            paper, wrong = read_id(match["id"]).id, ""
        except BadId as error:
            paper, wrong = "", str(error)
        if paper or match.re is _MARKED:
            end = match.end()
            yield Mention(match.start(), end, paper, wrong)


def ids_in(text: str) -> list[str]:
    """The ids a text names, each once, in order."""
    return list(dict.fromkeys(m.id for m in mentions(text) if m.id))


def without_ids(text: str) -> str:
    """The text with a space in the place of every id and its link."""
    for mention in reversed(list(mentions(text))):
        text = f"{text[: mention.start]} {text[mention.end :]}"
    return text


def month_of(paper_id: str) -> str:
    """The month an id was given out, YYYY-MM; it can lie after the day of submission by a day or two."""
    year, month = re.sub(r"^.*/", "", paper_id)[:2], re.sub(r"^.*/", "", paper_id)[2:4]
    return f"{'19' if year >= '91' else '20'}{year}-{month}"


def _new_style(text: str) -> str:
    front, tail = text.split(".")
    if len(front) != 4:
        raise BadId(f"{text!r} is not an arXiv id: four digits stand before the point")
    _check_month(text, front[2:])
    if front < "0704":
        raise BadId(f"{text!r} is not an arXiv id: ids of this form begin in April 2007")
    digits = 5 if front >= "1501" else 4
    if len(tail) > digits:
        raise BadId(f"{text!r} is not an arXiv id: it has {len(tail)} digits after the point, not {digits}")
    if len(tail) < digits:
        raise BadId(
            f"{text!r} is not an arXiv id: it lacks {digits - len(tail)} of {digits} digits after the point "
            "(spreadsheets drop zeros at the end)"
        )
    return text


def _old_style(text: str) -> str:
    place, number = text.lower().split("/")
    archive = place.partition(".")[0]
    if archive not in ARCHIVES:
        raise BadId(f"{text!r} is not an arXiv id: arXiv has no archive {archive!r}")
    if len(number) != 7:
        raise BadId(f"{text!r} is not an arXiv id: seven digits follow the archive")
    _check_month(text, number[2:4])
    if "07" < number[:2] < "91" or "0704" <= number[:4] < "9100":
        raise BadId(f"{text!r} is not an arXiv id: ids of this form end in March 2007")
    return f"{archive}/{number}"


def _check_month(text: str, month: str) -> None:
    if not "01" <= month <= "12":
        raise BadId(f"{text!r} is not an arXiv id: there is no month {month}")


def _folded(text: str) -> str:
    """The text with its dashes, colons and digits in their plain forms; of the same length."""
    return "".join(c if len(c) == 1 else " " for c in (_plain(c) for c in text.translate(_DASHES)))


def _plain(char: str) -> str:
    return unicodedata.normalize("NFKC", char) if not char.isascii() else char
