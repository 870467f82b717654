"""One record of a snapshot into a paper, in our own layout or in that of arXiv's public snapshot. Pure.

arXiv's public metadata snapshot (https://www.kaggle.com/datasets/Cornell-University/arxiv) has one object a
line: `versions` with their dates, `authors_parsed`, `categories` and `comments` as texts, `update_date`.
"""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from typing import Any

from agent.adapters.withdrawals import is_withdrawal
from agent.arxiv_ids import read_id
from agent.text import without_controls
from store.records import Paper

_DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?")


def paper_of(record: Any) -> Paper:
    """Build a paper from one record. Raises ValueError naming the field that is wrong."""
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    if isinstance(record.get("versions"), list) and "published" not in record:
        record = _plain(record)
    for name in ("id", "title", "abstract", "published"):
        if not isinstance(record.get(name), str) or not record[name].strip():
            raise ValueError(f"no text in field {name!r}")
    given = read_id(record["id"])
    if not _DATE.fullmatch(record["published"]):
        raise ValueError(f"published {record['published']!r} is not YYYY-MM or YYYY-MM-DD")
    comment, version = record.get("comment"), _version(record.get("version")) or given.version
    abstract = without_controls(record["abstract"]).strip()
    return Paper(
        id=given.id,
        title=" ".join(without_controls(record["title"]).split()),
        abstract=abstract,
        published=record["published"],
        version=version,
        authors=_texts(record, "authors"),
        categories=_texts(record, "categories"),
        updated=record.get("updated"),
        comment=comment,
        withdrawn=bool(record.get("withdrawn")) or is_withdrawal(comment, abstract, version),
    )


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    """A record of arXiv's public snapshot in our own layout."""
    days = [(_version(v.get("version")) or 0, _day(v.get("created"))) for v in record["versions"] if v]
    if not days:
        raise ValueError("no version in field 'versions'")
    (_, first), (newest, last) = min(days), max(days)
    return {
        "id": record.get("id"), "title": record.get("title"),
        "abstract": " ".join(str(record.get("abstract") or "").split()),
        "published": first, "version": newest, "updated": last,
        "authors": [_name(parts) for parts in record.get("authors_parsed") or []],
        "categories": str(record.get("categories") or "").split(),
        "comment": record.get("comments"),
    }  # fmt: skip


def _day(text: Any) -> str:
    try:
        return parsedate_to_datetime(str(text)).date().isoformat()
    except ValueError as error:
        raise ValueError(f"a version was created on {text!r}, which is not a date") from error


def _name(parts: Any) -> str:
    """First name, last name and suffix, from [last, first, suffix, ...]."""
    last, first, suffix = ([*map(str, parts), "", "", ""])[:3]
    return " ".join(filter(None, (first.strip(), last.strip(), suffix.strip())))


def _version(value: Any) -> int | None:
    digits = str(value or "").lstrip("v")
    return int(digits) if digits.isdigit() else None


def _texts(record: dict[str, Any], name: str) -> tuple[str, ...]:
    found = record.get(name) or ()
    if not isinstance(found, list) or not all(isinstance(x, str) for x in found):
        if found:
            raise ValueError(f"{name!r} is not a list of texts")
        return ()
    return tuple(map(without_controls, found))
