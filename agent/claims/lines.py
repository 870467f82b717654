"""Add, reword and archive lines by hand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from sqlalchemy import Connection

import store.lines
from agent.claims import categories as arxiv
from agent.claims.importing import free_id
from agent.errors import UsageError
from agent.text import without_controls
from store.records import Line

MOST_LETTERS = 200


def new_line(db: Connection, title: str, question: str = "", categories: str = "") -> Line:
    """A line with an id of its own, not yet stored. Raises UsageError for a blank title or bad category."""
    existing = store.lines.every(db)
    title, question = _title(title, existing), _plain(question)
    taken = {line.id for line in existing}
    return Line(free_id(title, taken), title, question or title, arxiv.read(categories))


def _title(text: str, others: Iterable[Line]) -> str:
    """A title as it is kept. Raises UsageError if it is blank, too long, or another line's."""
    title = _plain(text)
    if len(title) > MOST_LETTERS:
        raise UsageError(f"a title of {len(title)} characters is too long", f"use at most {MOST_LETTERS}")
    if not title:
        raise UsageError("a line needs a title", "write in a few words what it is about")
    for line in others:
        if line.title.casefold() == title.casefold():
            kind = "an archived line" if line.archived else "a line"
            use = f"retest line restore {line.id}" if line.archived else f"use it by its id, {line.id}"
            raise UsageError(f"there is {kind} titled {title!r}", f"{use}, or choose another title")
    return title


def _plain(text: str) -> str:
    return " ".join(without_controls(text).replace("\ufeff", " ").split())


def added(db: Connection, title: str, question: str = "", categories: str = "") -> Line:
    """Add a line."""
    line = new_line(db, title, question, categories)
    store.lines.add(db, line)
    return line


def changed(
    db: Connection, line_id: str, title: str | None, question: str | None, categories: str | None
) -> Line:
    """Reword a line, or change where it is searched for; "" for `categories` means as in the settings."""
    line = line_of(db, line_id)
    others = [other for other in store.lines.every(db) if other.id != line_id]
    new = replace(
        line, title=line.title if title is None else _title(title, others),
        question=_plain(question or "") or line.question,
        categories=line.categories if categories is None else arxiv.read(categories),
    )  # fmt: skip
    store.lines.change(db, new)
    return new


def archived(db: Connection, line_id: str) -> int:
    """Archive a line; return how many claims are no longer retested."""
    if line_of(db, line_id).archived:
        raise UsageError(f"line {line_id!r} is archived already", "to undo: retest line restore")
    return store.lines.archive(db, line_id)


def restored(db: Connection, line_id: str) -> int:
    """Restore an archived line; return how many claims are retested again."""
    if not line_of(db, line_id).archived:
        raise UsageError(f"line {line_id!r} is not archived", "retest line list --all shows every line")
    return store.lines.restore(db, line_id)


def line_of(db: Connection, line_id: str) -> Line:
    """A line, archived or not. Raises UsageError if there is none."""
    every = store.lines.every(db)
    found = next((line for line in every if line.id == line_id), None)
    if found is None:
        known = ", ".join(line.id for line in every) or "none"
        raise UsageError(f"no line {line_id!r}", f"known lines: {known}")
    return found
