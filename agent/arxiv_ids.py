"""arXiv identifiers in every form people paste: read one, or find them all in a text. Pure.

Forms and their dates: https://info.arxiv.org/help/arxiv_identifier.html. 0704.0001 to 1412.9999 have four
digits after the point, ids since 1501.00001 have five. Before April 2007 the archive comes first, as in
hep-th/9901001; the class in math.GT/0309136 is not part of the id. DOIs: 10.48550/arXiv.2411.15382.
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
_OLD = r"[a-z][a-z-]{1,20}(?:\.[a-z][a-z-]{0,20})?/[0-9]+"
_ID = re.compile(rf"(?P<paper>{_OLD}|[0-9]+\.[0-9]+)(?:v(?P<version>[0-9]+))?", re.I)
_HOST = r"(?<![\w.-])(?:https?://)?(?:[a-z0-9-]{1,20}\.){0,2}"
_SITE = rf"{_HOST}(?:arxiv\.org/(?:abs|pdf|html|format|ps|src|e-print)|ar5iv\.org/(?:abs|html))/"
_OTHER = rf"{_HOST}(?:alphaxiv\.org/[a-z]{{1,10}}|huggingface\.co/papers|papers\.cool/arxiv)/"
_DOI = rf"(?:{_HOST}doi\.org/|(?<![\w.-])doi:\s{{0,3}}|(?<![\w.-]))10\.48550/arxiv\."
_NAMED = r"(?<![\w.-])(?:oai:)?arxiv(?:\.org)?\s{0,3}[:#]+\s{0,3}(?:arxiv\s{0,3}:\s{0,3})?"
_MARKED = re.compile(rf"(?:{_SITE}|{_OTHER}|{_DOI}|{_NAMED})(?P<id>[^\s,;()\[\]{{}}<>\"'|?#&]{{1,60}})", re.I)
_BARE = re.compile(
    rf"(?<![\w./:-])(?:arxiv\s{{1,3}})?(?P<id>(?:[0-9]{{4}}\.[0-9]{{4,5}}|(?:{'|'.join(ARCHIVES)})"
    r"(?:\.[a-z][a-z-]{0,20})?/[0-9]{7})(?:v[0-9]{1,3})?)(?![\w/]|\.[0-9])(?:\.pdf)?",
    re.I,
)
_AFTER = re.compile(r"(?:\s*\[[\w.-]+\]|[?#]\S*|[.,;:)\]>/]|\s)+$")
"""What may follow a standalone id: its class, a query, punctuation."""
LAST_YEAR = "49"
"""Ids of later years do not exist yet, and 91 to 99 belong to the old form."""


class ArxivId(NamedTuple):
    """An id without version, as arXiv writes it, and the version if there is one."""

    id: str
    version: int | None = None


class BadId(ValueError):
    """A text that is not an arXiv id; the message says why."""


class Mention(NamedTuple):
    """An id in a text, from `start` to `end`. `wrong` says why it is invalid; `id` is then empty."""

    start: int
    end: int
    id: str
    wrong: str = ""


def read_id(text: str) -> ArxivId:
    """Read one id: bare, with a version, in a link, as a DOI, or after "arXiv:". Raises BadId."""
    candidate = _AFTER.sub("", _folded(text).strip().lstrip("<[("))
    marked = _MARKED.fullmatch(candidate) or _BARE.fullmatch(candidate)
    return _read(marked["id"] if marked else candidate, text.strip())


def _read(raw: str, shown: str) -> ArxivId:
    found = _ID.fullmatch(re.sub(r"\.pdf$", "", raw, flags=re.I))
    if found is None:
        raise BadId(f"{shown[:60]!r} is not an arXiv id")
    paper = found["paper"]
    read = _old_style(paper) if "/" in paper else _new_style(paper)
    version = found["version"]
    if version and not re.fullmatch(r"[1-9][0-9]{0,2}", version):
        raise BadId(f"{shown[:60]!r} has no version {version[:10]}")
    return ArxivId(read, int(version) if version else None)


def parse_id(text: str) -> ArxivId | None:
    """Like `read_id`, but return None if `text` is not an id."""
    try:
        return read_id(text)
    except BadId:
        return None


def mentions(text: str) -> Iterator[Mention]:
    """The ids mentioned in a text, in order.

    Something marked as an id (a link, a DOI, "arXiv:") is reported even if invalid; a bare number is not.
    """
    folded, end = _folded(text), 0
    found = [*_MARKED.finditer(folded), *_BARE.finditer(folded)]
    for match in sorted(found, key=lambda m: (m.start(), -m.end())):
        raw = match["id"].rstrip(".:*_~`”’")
        if match.start() < end or not any(c.isdigit() for c in raw):
            continue
        end = match.end() if match.re is _BARE else match.start("id") + len(raw)
        try:
            yield Mention(match.start(), end, _read(raw, raw).id)
        except BadId as error:
            yield Mention(match.start(), end, "", str(error))


def ids_in(text: str) -> list[str]:
    """The ids mentioned in a text, each once, in order."""
    return list(dict.fromkeys(m.id for m in mentions(text) if m.id))


def without_ids(text: str) -> str:
    """The text with every id and its link replaced by a space."""
    for mention in reversed(list(mentions(text))):
        text = f"{text[: mention.start]} {text[mention.end :]}"
    return text


def month_of(paper_id: str) -> str:
    """The month an id was assigned, YYYY-MM; this can be a day or two after the day of submission."""
    year, month = re.sub(r"^.*/", "", paper_id)[:2], re.sub(r"^.*/", "", paper_id)[2:4]
    return f"{'19' if year >= '91' else '20'}{year}-{month}"


def _new_style(text: str) -> str:
    front, tail = text.split(".")
    if len(front) != 4:
        raise BadId(f"{text!r} is not an arXiv id: four digits stand before the point")
    _check_month(text, front[2:])
    if front < "0704":
        raise BadId(f"{text!r} is not an arXiv id: ids of this form begin in April 2007")
    if front[:2] > LAST_YEAR:
        raise BadId(f"{text!r} is not an arXiv id: there is no year 20{front[:2]} yet")
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
    """The text with dashes, digits and full-width letters in their plain forms, at the same length."""
    return text if text.isascii() else "".join(map(_plain, text.translate(_DASHES)))


def _plain(char: str) -> str:
    if "\uff01" <= char <= "\uff5e":
        return chr(ord(char) - 0xFEE0)
    return str(unicodedata.digit(char)) if unicodedata.category(char) == "Nd" else char
