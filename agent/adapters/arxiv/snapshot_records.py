"""Convert a snapshot record, in our own format or that of arXiv's public snapshot, to a paper. Pure.

arXiv's public metadata snapshot (https://www.kaggle.com/datasets/Cornell-University/arxiv) has one object per
line: `versions` with dates, `authors_parsed`, `categories` and `comments` as strings, `update_date`.
"""

from __future__ import annotations

import re
from datetime import date
from email.utils import parsedate_to_datetime
from typing import Any

from agent.adapters.arxiv.authors import split_authors
from agent.adapters.arxiv.withdrawals import is_withdrawal
from agent.arxiv_ids import read_id
from agent.text import without_controls
from store.records import Paper


def paper_of(record: Any) -> Paper:
    """Build a paper from one record. Raises ValueError naming the invalid field."""
    if not isinstance(record, dict):
        raise ValueError("not a JSON object")
    if "versions" in record and "published" not in record:
        record = _plain(record)
    for name in ("id", "title", "abstract", "published"):
        if not isinstance(record.get(name), str) or not record[name].strip():
            raise ValueError(f"no text in field {name!r}")
    parsed, comment = read_id(record["id"]), _text(record, "comment")
    version = _version(record.get("version")) or parsed.version
    abstract = without_controls(record["abstract"]).strip()
    return Paper(
        id=parsed.id,
        title=" ".join(without_controls(record["title"]).split()),
        abstract=abstract,
        published=_date(record["published"].partition("T")[0]),
        version=version,
        authors=_texts(record, "authors"),
        categories=_texts(record, "categories"),
        updated=_text(record, "updated"),
        comment=comment,
        withdrawn=record.get("withdrawn") is True or is_withdrawal(comment, abstract, version),
    )


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    """Convert a record of arXiv's public snapshot to our own format."""
    versions = record["versions"]
    if not isinstance(versions, list) or not versions or not all(isinstance(v, dict) for v in versions):
        raise ValueError("no versions in field 'versions'")
    days = [(_version(v.get("version")) or 0, _day(v.get("created"))) for v in versions]
    (_, first), (newest, last) = min(days), max(days)
    return {
        "id": record.get("id"), "title": record.get("title"),
        "abstract": " ".join(str(record.get("abstract") or "").split()),
        "published": first, "version": newest, "updated": last, "authors": _authors(record),
        "categories": str(record.get("categories") or "").split(), "comment": record.get("comments"),
    }  # fmt: skip


def _authors(record: dict[str, Any]) -> list[str]:
    parsed = record.get("authors_parsed")
    if isinstance(parsed, list) and parsed and all(isinstance(p, list) for p in parsed):
        return [name for parts in parsed if (name := _name(parts))]
    return list(split_authors(str(record.get("authors") or "")))


def _name(parts: list[Any]) -> str:
    """First name, last name and suffix, from [last, first, suffix, ...]."""
    last, first, suffix = [str(p or "").strip() for p in [*parts, "", "", ""][:3]]
    return " ".join(filter(None, (first, last, suffix)))


def _date(text: str) -> str:
    try:
        date.fromisoformat(f"{text}-01" if len(text) == len("2025-06") else text)
    except ValueError:
        raise ValueError(f"published {text!r} is not YYYY-MM or YYYY-MM-DD") from None
    return text


def _day(text: Any) -> str:
    try:
        return parsedate_to_datetime(str(text)).date().isoformat()
    except (TypeError, ValueError) as error:
        raise ValueError(f"the version date {text!r} is not a date") from error


def _version(value: Any) -> int | None:
    if value in (None, ""):
        return None
    number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    digits = str(int(number)) if number is not None and number == int(number) else str(value).lstrip("v")
    if not re.fullmatch(r"[1-9][0-9]{0,2}", digits):
        raise ValueError(f"version {value!r} is not a number from 1 to 999")
    return int(digits)


def _text(record: dict[str, Any], name: str) -> str | None:
    found = record.get(name)
    if found is not None and not isinstance(found, str):
        raise ValueError(f"{name!r} is not a string")
    return without_controls(found) if found else None


def _texts(record: dict[str, Any], name: str) -> tuple[str, ...]:
    found = record.get(name) or ()
    if isinstance(found, str):
        found = list(split_authors(found)) if name == "authors" else found.split()
    if not isinstance(found, list) or not all(isinstance(x, str) for x in found):
        if found:
            raise ValueError(f"{name!r} is not a list of strings")
        return ()
    return tuple(map(without_controls, found))
