"""Papers, their stored texts and passages. A newer version replaces a paper's record, never its texts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from sqlalchemy import Connection, Integer, Row, func, insert, literal, select, update

from store.records import Paper, Passage
from store.tables.schema import papers, passages, texts

_CHUNK = 500


class Saved(NamedTuple):
    """The result of saving papers: how many were new, and which came in several versions."""

    new: int
    doubled: frozenset[str] = frozenset()


def save(db: Connection, found: Iterable[Paper], source: str, run_id: str) -> Saved:
    """Store new papers, and newer versions or withdrawals of known ones, in whatever order they come."""
    offered = list(found)
    known = _versions(db, [p.id for p in offered])
    new: dict[str, Paper] = {}
    doubled = set[str]()
    for paper in offered:
        pending, stored = new.get(paper.id), known.get(paper.id)
        existing = pending or stored
        if existing is None:
            new[paper.id] = paper
            continue
        if pending or (stored and stored.first_run == run_id):
            doubled |= {paper.id} if paper.version != existing.version else set()
        if pending:
            new[paper.id] = pending if is_older(paper, pending) else paper
        elif is_older(existing, paper):
            db.execute(update(papers).where(papers.c.id == paper.id).values(asdict(paper)))
            known |= _versions(db, [paper.id])
    rows = [asdict(p) | {"source": source, "first_run": run_id} for p in new.values()]
    for start in range(0, len(rows), _CHUNK):
        db.execute(insert(papers), rows[start : start + _CHUNK])
    return Saved(len(rows), frozenset(doubled))


def is_older(paper: Paper | Row[Any], other: Paper | Row[Any]) -> bool:
    """Whether `paper` is an older record than `other`; within a version, a withdrawal is the newest."""
    return _age(paper) < _age(other)


def _age(paper: Paper | Row[Any]) -> tuple[int, bool, str]:
    return paper.version or 0, paper.withdrawn, paper.updated or ""


def _versions(db: Connection, ids: Sequence[str]) -> dict[str, Row[Any]]:
    found: dict[str, Row[Any]] = {}
    for start in range(0, len(ids), _CHUNK):
        query = select(
            papers.c.id, papers.c.version, papers.c.updated, papers.c.withdrawn, papers.c.first_run
        )
        rows = db.execute(query.where(papers.c.id.in_(ids[start : start + _CHUNK])))
        found |= {row.id: row for row in rows}
    return found


def get(db: Connection, paper_id: str) -> Paper | None:
    """One paper by its id, or None."""
    row = db.execute(select(papers).where(papers.c.id == paper_id)).first()
    return _paper(row) if row else None


def get_many(db: Connection, ids: Sequence[str]) -> dict[str, Paper]:
    """Papers by id; unknown ids are left out."""
    found: dict[str, Paper] = {}
    for start in range(0, len(ids), _CHUNK):
        query = select(papers).where(papers.c.id.in_(ids[start : start + _CHUNK]))
        found |= {row.id: _paper(row) for row in db.execute(query)}
    return found


def all_ids(db: Connection) -> list[str]:
    """Every paper's id, in the order stored."""
    return list(db.execute(select(papers.c.id).order_by(papers.c.seq)).scalars())


def all_passage_ids(db: Connection) -> list[str]:
    """Every passage's id."""
    return list(db.execute(select(passages.c.id)).scalars())


def last_seq(db: Connection) -> int:
    """The sequence number of the paper stored last; 0 if there is none."""
    return db.execute(select(func.max(papers.c.seq))).scalar() or 0


def newest_date(db: Connection, source: str) -> str | None:
    """The latest v1 date among the papers from a source."""
    return db.execute(select(func.max(papers.c.published)).where(papers.c.source == source)).scalar()


class Listed(NamedTuple):
    """What tells whether a claim has been tested on a paper: when it was stored, and its v1 date."""

    seq: int
    id: str
    published: str
    withdrawn: bool


def listing(db: Connection) -> list[Listed]:
    """Every paper, by v1 date and id."""
    query = select(papers.c.seq, papers.c.id, papers.c.published, papers.c.withdrawn)
    return [Listed(*row) for row in db.execute(query.order_by(papers.c.published, papers.c.id))]


def with_words(db: Connection, words: Sequence[str], but: Collection[str], most: int) -> list[str]:
    """Ids of up to `most` papers with at least half of `words` in title or abstract, best matches first."""
    content = func.lower(papers.c.title + " " + papers.c.abstract)
    matched = sum((content.contains(w.lower(), autoescape=True).cast(Integer) for w in words), literal(0))
    query = select(papers.c.id, content).where(papers.c.withdrawn.is_(False), matched * 2 >= len(words))
    found = list[str]()
    for paper_id, text in db.execute(query.order_by(matched.desc(), papers.c.published.desc())):
        whole = sum(re.search(rf"\b{re.escape(w.lower())}\b", text) is not None for w in words)
        if paper_id not in but and whole * 2 >= len(words):
            found.append(paper_id)
            if len(found) == most:
                break
    return found


def _paper(row: Row[Any]) -> Paper:
    return Paper(
        id=row.id,
        title=row.title,
        abstract=row.abstract,
        published=row.published,
        version=row.version,
        authors=tuple(row.authors),
        categories=tuple(row.categories),
        updated=row.updated,
        comment=row.comment,
        withdrawn=row.withdrawn,
    )


def read_as(db: Connection, text_id: int) -> tuple[str, int | None, str] | None:
    """A stored text: the paper's id, its version at the time (None if unknown), and the text."""
    row = db.execute(select(texts).where(texts.c.id == text_id)).first()
    return (row.paper_id, row.version or None, row.text) if row else None


def save_text(
    db: Connection,
    paper: Paper,
    kind: str,
    text: str,
    *,
    file_sha256: str = "",
    hidden: int = 0,
    note: str = "",
) -> int:
    """Store what was read of a paper version and return the text's id. Storing it twice is harmless.

    `file_sha256` is the file it was read from, `hidden` how many characters were left out.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    row = {"paper_id": paper.id, "version": paper.version or 0, "kind": kind, "sha256": digest}
    query = select(texts.c.id).where(*(texts.c[name] == value for name, value in row.items()))
    existing = db.execute(query).scalar()
    if existing:
        return int(existing)
    more = {"text": text, "file_sha256": file_sha256, "hidden": hidden, "note": note}
    added = insert(texts).values(row | more).returning(texts.c.id)
    return int(db.execute(added).scalar_one())


def text_of(db: Connection, text_id: int) -> str:
    """A stored text by its id. Raises KeyError if there is none."""
    found = db.execute(select(texts.c.text).where(texts.c.id == text_id)).scalar()
    if found is None:
        raise KeyError(text_id)
    return str(found)


def save_passages(db: Connection, found: Sequence[Passage]) -> None:
    """Store passages not yet known."""
    ids = [p.id for p in found]
    known = set(db.execute(select(passages.c.id).where(passages.c.id.in_(ids))).scalars())
    columns = ("id", "text_id", "section", "page", "start", "end")
    rows = [{c: getattr(p, c) for c in columns} for p in found if p.id not in known]
    if rows:
        db.execute(insert(passages), rows)


def passages_of(db: Connection, text_id: int) -> list[Passage]:
    """The passages of one stored text, in order."""
    query = (
        select(passages, texts.c.paper_id, texts.c.text)
        .join(texts, texts.c.id == passages.c.text_id)
        .where(passages.c.text_id == text_id)
        .order_by(passages.c.start)
    )
    return [
        Passage(r.id, r.text_id, r.paper_id, r.section, r.page, r.start, r.end, r.text[r.start : r.end])
        for r in db.execute(query)
    ]


def passages_by_id(db: Connection, ids: Sequence[str]) -> dict[str, Passage]:
    """Passages by id; unknown ids are left out."""
    query = select(passages, texts.c.paper_id, func.substr(
        texts.c.text, passages.c.start + 1, passages.c.end - passages.c.start).label("said")
    ).join(texts, texts.c.id == passages.c.text_id)  # fmt: skip
    return {
        r.id: Passage(r.id, r.text_id, r.paper_id, r.section, r.page, r.start, r.end, r.said)
        for r in db.execute(query.where(passages.c.id.in_(ids)))
    }


def newest_text(db: Connection, paper: Paper) -> tuple[int, str] | None:
    """Id and text of the latest reading of a paper's version, preferring full text to abstract."""
    query = (
        select(texts.c.id, texts.c.text)
        .where(texts.c.paper_id == paper.id, texts.c.version == (paper.version or 0))
        .order_by((texts.c.kind == "full").desc(), texts.c.id.desc())
    )
    row = db.execute(query.limit(1)).first()
    return (row.id, row.text) if row else None


def read_whole(db: Connection, found: Iterable[Paper]) -> set[str]:
    """Ids of those papers whose current version was read in full."""
    query = select(texts.c.paper_id, texts.c.version).where(texts.c.kind == "full")
    known = {(row.paper_id, row.version) for row in db.execute(query)}
    return {p.id for p in found if (p.id, p.version or 0) in known}


def all_passages(db: Connection) -> list[Passage]:
    """Every stored passage, in the order the texts were read."""
    text_ids = db.execute(select(texts.c.id).order_by(texts.c.id)).scalars().all()
    return [passage for text_id in text_ids for passage in passages_of(db, text_id)]
