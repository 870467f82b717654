"""Claims in the ledger. A changed claim is a new revision; the old one stays."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import Column, Connection, Integer, Row, cast, delete, func, insert, select, update

from store.records import Atom, Axis, Claim, Provenance, Source
from store.tables.remark_tables import claim_tags
from store.tables.schema import claim_lines, claim_revisions, claims
from store.verdicts import shown

_LITERAL = str.maketrans({c: f"\\{c}" for c in "%_\\"})


def save(db: Connection, claim: Claim, now: str) -> str:
    """Store a claim; return "added", "revised" or "unchanged".

    A claim whose content matches its newest revision is left unchanged.
    """
    content = _content(claim)
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    newest = _newest(db, claim.id)
    if newest and newest.content_hash == digest:
        _link(db, claim)
        return "unchanged"
    revision = newest.revision + 1 if newest else 1
    _point_at(db, claim.id, revision, is_new=newest is None)
    row = content | {
        "claim_id": claim.id,
        "revision": revision,
        "content_hash": digest,
        "created_at": now,
    }
    db.execute(insert(claim_revisions).values(row))
    _link(db, claim)
    return "revised" if newest else "added"


def retire(db: Connection, claim_id: str, *, retired: bool = True) -> None:
    """Retire a claim from retesting, or restore it; its history stays."""
    values = {"retired": retired, "archived_with": None}
    db.execute(update(claims).where(claims.c.id == claim_id).values(values))


def link(db: Connection, claim_id: str, line_id: str) -> None:
    """Add a claim to one more line; repeating this is harmless."""
    found = get(db, claim_id)
    if found:
        _link(db, replace(found, lines=(line_id,)))


def tag(db: Connection, claim_id: str, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> None:
    """Add tags to a claim and remove others; tags already present or absent are ignored."""
    existing = set(db.execute(select(claim_tags.c.tag).where(claim_tags.c.claim_id == claim_id)).scalars())
    for word in dict.fromkeys(add):
        if word not in existing:
            db.execute(insert(claim_tags).values(claim_id=claim_id, tag=word))
    unwanted = list(remove)
    db.execute(delete(claim_tags).where(claim_tags.c.claim_id == claim_id, claim_tags.c.tag.in_(unwanted)))


def every_id(db: Connection) -> set[str]:
    """The ids of all claims, including retired ones."""
    return set(db.execute(select(claims.c.id)).scalars())


def active(db: Connection, only: Collection[str] | None = None) -> list[Claim]:
    """The newest revision of every claim that is not retired, or of those in `only`, in order."""
    chosen = claims.c.retired.is_(False)
    return _load(db, chosen if only is None else chosen & claims.c.id.in_(only), only)


def retired(db: Connection) -> list[Claim]:
    """The newest revision of every retired claim, in order."""
    return _load(db, claims.c.retired.is_(True), None)


def count(db: Connection) -> int:
    """How many claims are under retest."""
    return int(db.execute(select(func.count()).where(claims.c.retired.is_(False))).scalar_one())


def fingerprint(db: Connection) -> tuple[int, ...]:
    """Numbers that change whenever a claim is added, edited, retired or restored."""
    retired = cast(claims.c.retired, Integer)
    sums = (func.sum(claims.c.revision), func.sum(retired), func.sum(retired * func.length(claims.c.id)))
    row = db.execute(select(func.count(), *sums).select_from(claims)).one()
    return tuple(int(n or 0) for n in row)


def search(
    db: Connection,
    *,
    words: str = "",
    line: str = "",
    verdict: str = "",
    tag: str = "",
    most: int = 50,
    offset: int = 0,
) -> tuple[list[str], int]:
    """Ids of matching active claims, sorted by id, and how many there are in all.

    Every word must occur in the text or id; `verdict` is a standing, see `Verdict.standing`.
    """
    current = shown()
    query = (
        select(claims.c.id)
        .join(current, current.c.claim_id == claims.c.id)
        .join(claim_revisions, (claim_revisions.c.claim_id == claims.c.id)
              & (claim_revisions.c.revision == claims.c.revision))
    )  # fmt: skip
    for word in words.split():
        pattern = f"%{word.translate(_LITERAL)}%"
        query = query.where(
            claim_revisions.c.text.like(pattern, escape="\\") | claims.c.id.like(pattern, escape="\\")
        )
    if line:
        query = query.where(
            claims.c.id.in_(select(claim_lines.c.claim_id).where(claim_lines.c.line_id == line))
        )
    if tag:
        query = query.where(claims.c.id.in_(select(claim_tags.c.claim_id).where(claim_tags.c.tag == tag)))
    if verdict:
        query = query.where(current.c.standing == verdict)
    total = db.execute(select(func.count()).select_from(query.subquery())).scalar_one()
    found = db.execute(query.order_by(claims.c.id).limit(most).offset(offset)).scalars()
    return list(found), int(total)


def get(db: Connection, claim_id: str) -> Claim | None:
    """The newest revision of one claim, retired or not."""
    found = _load(db, claims.c.id == claim_id, [claim_id])
    return found[0] if found else None


def revision(db: Connection, claim_id: str, number: int) -> Claim | None:
    """One revision of a claim, as it was, but with its current lines and without tags."""
    chosen = (claim_revisions.c.claim_id == claim_id) & (claim_revisions.c.revision == number)
    row = db.execute(select(claim_revisions).where(chosen)).first()
    if row is None:
        return None
    return _claim(row, tuple(_grouped(db, claim_lines.c.line_id, [claim_id]).get(claim_id, ())), ())


def _load(db: Connection, condition: Any, only: Collection[str] | None = None) -> list[Claim]:
    member, tagged = _grouped(db, claim_lines.c.line_id, only), _grouped(db, claim_tags.c.tag, only)
    query = (
        select(claim_revisions)
        .join(
            claims,
            (claims.c.id == claim_revisions.c.claim_id) & (claims.c.revision == claim_revisions.c.revision),
        )
        .where(condition)
        .order_by(claims.c.position)
    )
    return [
        _claim(row, tuple(member.get(row.claim_id, ())), tuple(tagged.get(row.claim_id, ())))
        for row in db.execute(query)
    ]


def _grouped(db: Connection, column: Column[str], only: Collection[str] | None) -> dict[str, list[str]]:
    """The sorted values of `column` by claim id."""
    found: dict[str, list[str]] = {}
    query = select(column.table.c.claim_id, column).order_by(column)
    for row in db.execute(query if only is None else query.where(column.table.c.claim_id.in_(only))):
        found.setdefault(row[0], []).append(row[1])
    return found


def _claim(row: Row[Any], in_lines: tuple[str, ...], tags: tuple[str, ...]) -> Claim:
    return Claim(
        id=row.claim_id,
        text=row.text,
        kind=row.kind,
        lines=in_lines,
        as_of=row.as_of,
        sources=tuple(Source(**s) for s in row.sources),
        provenance=tuple(Provenance(**p) for p in row.provenance),
        durable_question=row.durable_question,
        perishable_limitation=row.perishable_limitation,
        scope=_scope(row.scope),
        atoms=tuple(Atom(**a | {"scope": _scope(a["scope"])}) for a in row.atoms),
        revision=row.revision,
        tags=tags,
    )


def _scope(stored: dict[str, Any]) -> dict[str, Axis]:
    return {name: Axis(**axis | {"terms": tuple(axis["terms"])}) for name, axis in stored.items()}


def _content(claim: Claim) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(json.dumps(asdict(claim)))
    # Unset fields of an atom are left out, so that claims stored before these fields existed keep their hash.
    whole["atoms"] = [
        {k: v for k, v in a.items() if v or k not in ("direction", "quantifier")} for a in whole["atoms"]
    ]
    return {key: whole[key] for key in whole if key not in ("id", "lines", "revision", "tags")}


def _newest(db: Connection, claim_id: str) -> Row[Any] | None:
    query = select(claim_revisions).where(claim_revisions.c.claim_id == claim_id)
    return db.execute(query.order_by(claim_revisions.c.revision.desc()).limit(1)).first()


def _point_at(db: Connection, claim_id: str, revision: int, *, is_new: bool) -> None:
    if not is_new:
        db.execute(update(claims).where(claims.c.id == claim_id).values(revision=revision))
        return
    position = db.execute(select(func.count()).select_from(claims)).scalar_one()
    row = {"id": claim_id, "revision": revision, "retired": False, "position": position}
    db.execute(insert(claims).values(row))


def _link(db: Connection, claim: Claim) -> None:
    query = select(claim_lines.c.line_id).where(claim_lines.c.claim_id == claim.id)
    known = set(db.execute(query).scalars())
    for line_id in claim.lines:
        if line_id not in known:
            row = {"claim_id": claim.id, "line_id": line_id}
            db.execute(insert(claim_lines).values(row))
