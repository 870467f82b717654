"""Add, reword and archive lines by hand."""

from __future__ import annotations

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
    title, question = (
        " ".join(without_controls(t).replace("\ufeff", " ").split()) for t in (title, question)
    )
    if len(title) > MOST_LETTERS:
        raise UsageError(f"a title of {len(title)} characters is too long", f"use at most {MOST_LETTERS}")
    if not title:
        raise UsageError("a line needs a title", "write in a few words what it is about")
    existing = store.lines.every(db)
    for line in existing:
        if line.title.casefold() == title.casefold():
            kind = "an archived line" if line.archived else "a line"
            use = f"retest line restore {line.id}" if line.archived else f"use it by its id, {line.id}"
            raise UsageError(f"there is {kind} titled {title!r}", f"{use}, or choose another title")
    taken = {line.id for line in existing}
    return Line(free_id(title, taken), title, question or title, arxiv.read(categories))


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
    if title is not None and not title.strip():
        raise UsageError("a line's title cannot be blank", "give it a title, or leave it out")
    new = replace(
        line, title=" ".join((title or line.title).split()),
        question=" ".join((question or line.question).split()),
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
