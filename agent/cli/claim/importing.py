"""`retest claim import`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

import store.claims
import store.lines
from agent.cli.shared import console, print_json, reading, settings_of
from agent.errors import UsageError
from store.home.files import Home
from store.ledger import Ledger

if TYPE_CHECKING:
    from agent.claims.importing import Import
    from agent.claims.pieces import Document
    from agent.settings import Settings

MOST_BYTES = 2_000_000


@click.command("import")
@click.argument("file", metavar="FILE|-")
@click.option(
    "--line", "line_id", metavar="ID", help="Line for the claims (default: the document's question)."
)
@click.option("--new-line", metavar="TITLE", help="A new line for the claims, made from this title.")
@click.option("--categories", metavar="LIST", help="arXiv categories to search for a new line's claims.")
@click.option("--preview", is_flag=True, help="Show what would be added; write nothing.")
@click.option(
    "--merge", type=click.Choice(["same", "known", "perhaps", "ask"]),
    help="Which claims to keep out as known: those in the same words; those (same or) likely the same; also "
    "those perhaps the same; or ask about each. Default: ask in a terminal, else known.",
)  # fmt: skip
@click.option("--writer", type=click.Choice(["llm", "none"]), help="Whether a model reads plain prose.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context, /, file: str, line_id: str | None, new_line: str | None, categories: str | None,
    preview: bool, merge: str | None, as_json: bool, **flags: Any,
) -> None:  # fmt: skip
    """Import claims from a research prompt, inquiring line, paper summary, list, CSV, YAML or prose."""
    from agent.claims import intake

    settings = settings_of(ctx, **flags)
    if merge is None:
        merge = "ask" if sys.stdin.isatty() and file != "-" and not (as_json or preview) else "known"
    if merge == "ask" and file == "-":
        raise UsageError("--merge ask needs standard input for your answers", "name a file")
    if line_id and new_line:
        raise UsageError("--line and --new-line exclude each other", "give one of them")
    if categories and not new_line:
        raise UsageError("--categories is for a new line", "add --new-line TITLE, or use: retest line edit")
    found = _prepared(settings, file, Where(line_id, new_line, categories or ""), preview=preview)
    if not found.rows:
        raise UsageError(f"no claim found in {found.document.title}{_parts_of(found)}", NO_CLAIM)
    found = _confirmed(settings, found) if merge == "ask" and not preview else found
    document = intake.document_of(found, merge)
    if not preview:
        ledger = Ledger.open(Home(settings.home).ledger)
        with ledger.write() as db:
            document["done"] = intake.taken_in(
                db, found, merge, datetime.now(UTC).isoformat(timespec="seconds")
            )
        ledger.close()
    if as_json:
        print_json(document)
    else:
        _print(document, preview=preview)


NO_CLAIM = (
    "a claim is a list item, such as “- Longer chains help (arXiv:2502.07266, 2025-02).”, a row of a table, "
    "or, with --writer llm, a sentence of prose"
)


def _parts_of(found: Import) -> str:
    """What a document consists of, in words."""
    kinds = [p.kind for p in found.document.pieces]
    parts = ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds))
    return f" (it has {parts})" if parts else ""


class Where(NamedTuple):
    """The line that claims are imported into: a known one, or a new one with its title and categories."""

    line_id: str | None
    new_line: str | None
    categories: str


def _prepared(settings: Settings, file: str, where: Where, *, preview: bool) -> Import:
    from agent.claims import importing, intake, lines, pack
    from agent.wiring.vectors import embed_texts

    with reading(settings) as db:
        known, every, ids = store.claims.active(db), store.lines.every(db), store.claims.every_id(db)
        new = lines.new_line(db, where.new_line, categories=where.categories) if where.new_line else None
    embed = embed_texts(settings)
    if file.endswith((".yaml", ".yml")):
        return importing.prepare_pack(pack.read(Path(file)), Path(file).name, known, embed)
    text, title = _text(file)
    document = intake.recognised(text, title)
    if document.kind == "text":
        document = _prose(settings, text, title) or document
    line = new or intake.line_for(every, where.line_id, document.question, preview=preview)
    return importing.prepare(document, line, known, embed, ids)


def _prose(settings: Settings, text: str, title: str) -> Document | None:
    """Read the claims of plain prose with a model; print a note and return None if there is no model."""
    from agent.claims.prose import read_prose
    from agent.wiring.writing import open_writer

    with open_writer(settings) as writer:
        if writer is not None:
            return read_prose(text, title, writer)
    click.echo(f"{title} is plain prose: finding its claims needs a model; use --writer llm", err=True)
    return None


def _confirmed(settings: Settings, found: Import) -> Import:
    """Ask about each claim that may be in the ledger; return the import with each merged or new."""
    from agent.claims.importing import NEW, SAME

    with reading(settings) as db:
        texts = {c.id: c.text for c in store.claims.active(db)}
    rows = []
    for row in found.rows:
        if row.same_as and row.what != SAME:
            click.echo(f"{row.piece.place}: {row.claim.text}\n  {row.what} as {row.same_as} "
                       f"({row.closeness:.2f}): {texts[row.same_as]}", err=True)  # fmt: skip
            same = click.confirm("  Is this the same claim?", default=False, err=True)
            row = row._replace(what=SAME if same else NEW, same_as=row.same_as if same else "")
        rows.append(row)
    return found._replace(rows=rows)


def _text(file: str) -> tuple[str, str]:
    try:
        body = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror}", "name a file, or - for standard input"
        ) from error
    if len(body) > MOST_BYTES:
        raise UsageError(f"{file} is larger than {MOST_BYTES // 10**6} MB", "import it in parts")
    try:
        return body.decode("utf-8-sig"), "standard input" if file == "-" else Path(file).name
    except UnicodeDecodeError as error:
        number = body[: error.start].count(b"\n") + 1
        raise UsageError(f"{file}, line {number}: not UTF-8 text", "save it as UTF-8") from error


def _print(document: dict[str, Any], *, preview: bool) -> None:
    from rich.table import Table

    table = Table(title=f"{document['recognised']}: {document['document']}", title_justify="left")
    table.add_column("place", no_wrap=True)
    table.add_column("claim", ratio=1, overflow="fold")
    for column in ("as of", "sources", "status", "missing", "parts"):
        table.add_column(column, overflow="fold")
    for claim in document["claims"]:
        same = f"{claim['what']}: {claim['same_as']}" if claim["same_as"] else claim["what"]
        table.add_row(
            claim["place"].removeprefix("lines ").removeprefix("line "), claim["text"], claim["as_of"],
            " ".join(claim["sources"]) or "—",
            same + (" (merged)" if claim["merged"] else " (left out)" if claim["left_out"] else ""),
            ", ".join(claim["lacks"]) or "—", str(len(claim["parts"]) or 1),
        )  # fmt: skip
    console().print(table)
    kinds = [p["kind"] for p in document["beside"]]
    click.echo(
        "besides the claims: " + ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds)), err=True
    )
    for piece in document["beside"]:
        if piece["kind"] in ("unplaced", "unread column"):
            click.echo(f"{piece['kind']}, {piece['place']}: {piece['text'][:90]}", err=True)
    for claim in (c for c in document["claims"] if c["left_out"]):
        click.echo(f"left out, {claim['place']}: perhaps {claim['same_as']}: {claim['text']}", err=True)
    if any(c["left_out"] for c in document["claims"]):
        click.echo("to add those: --merge same, or --merge ask in a terminal", err=True)
    done = ", ".join(f"{n} {what}" for what, n in document.get("done", {}).items())
    click.echo("nothing was written" if preview else f"{document['lines'][0]['id']}: {done}", err=True)
