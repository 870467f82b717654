"""`retest claim import`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

import store.claims
from agent.cli.shared import print_json, reading, settings_of
from agent.errors import UsageError
from store.files import Home
from store.ledger import Ledger
from store.records import Line

if TYPE_CHECKING:
    from agent.claims.importing import Import
    from agent.settings import Settings

MOST_BYTES = 2_000_000


@click.command("import")
@click.argument("file", metavar="FILE|-")
@click.option(
    "--line", "line_id", metavar="ID", help="The line the claims belong to; else the document's question."
)
@click.option("--preview", is_flag=True, help="Show what would be added; write nothing.")
@click.option(
    "--merge", type=click.Choice(["same", "likely", "perhaps"]), default="same", show_default=True,
    help="Join claims to known ones: in the same words, likely the same, or perhaps the same.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context, file: str, line_id: str | None, preview: bool, merge: str, as_json: bool
) -> None:
    """Import claims: research prompt, inquiring line, paper summary page, list, CSV or YAML."""
    from agent.claims import importing

    settings = settings_of(ctx)
    found = _prepared(settings, file, line_id, preview=preview)
    merged = {
        "same": (importing.SAME,), "likely": (importing.SAME, importing.LIKELY),
        "perhaps": (importing.SAME, importing.LIKELY, importing.PERHAPS),
    }[merge]  # fmt: skip
    document = _document(found, merged)
    if not preview:
        ledger = Ledger.open(Home(settings.home).ledger)
        with ledger.write() as db:
            document["done"] = dict(
                importing.add(db, found, merged, datetime.now(UTC).isoformat(timespec="seconds"))
            )
        ledger.close()
    if as_json:
        print_json(document)
    else:
        _print(document, preview=preview)


def _prepared(settings: Settings, file: str, line_id: str | None, *, preview: bool) -> Import:
    from agent.claims import documents, importing, pack, tables
    from agent.wiring.vectors import embed_texts

    with reading(settings) as db:
        known, lines, ids = store.claims.active(db), store.claims.all_lines(db), store.claims.every_id(db)
    embed = embed_texts(settings)
    if file.endswith((".yaml", ".yml")):
        return importing.prepare_pack(pack.read(Path(file)), Path(file).name, known, embed)
    text, title = _text(file)
    document = tables.read_csv(text, title) if file.endswith(".csv") else documents.read(text, title)
    line = _line(lines, line_id, document.question, preview=preview)
    return importing.prepare(document, line, known, embed, ids)


def _text(file: str) -> tuple[str, str]:
    try:
        body = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror}", "name a file, or - for standard input"
        ) from error
    if len(body) > MOST_BYTES:
        raise UsageError(f"{file} has more than {MOST_BYTES // 10**6} MB", "import it in parts")
    try:
        return body.decode("utf-8-sig"), "standard input" if file == "-" else Path(file).name
    except UnicodeDecodeError as error:
        number = body[: error.start].count(b"\n") + 1
        raise UsageError(f"{file}, line {number}: not UTF-8 text", "save it as UTF-8") from error


def _line(lines: list[Line], line_id: str | None, question: str, *, preview: bool) -> Line:
    from agent.claims.importing import free_id

    same = [held for held in lines if held.id == line_id or (not line_id and held.question == question)]
    if same:
        return same[0]
    if line_id:
        raise UsageError(f"no line {line_id!r}", f"known lines: {', '.join(held.id for held in lines)}")
    if not question and not preview:
        raise UsageError("the document asks no question to make a line of", "name a line with --line")
    words = question or "A document without a question"
    return Line(free_id(words, {held.id for held in lines}), words, words)


def _document(found: Import, merged: tuple[str, ...]) -> dict[str, Any]:
    from agent.claims.pieces import CLAIMS

    return {
        "document": found.document.title,
        "recognised": found.document.kind,
        "lines": [{"id": line.id, "question": line.question} for line in found.lines],
        "claims": [
            {
                "id": row.claim.id, "kind": row.claim.kind, "text": row.claim.text,
                "question": row.piece.title, "as_of": row.claim.as_of or "unknown",
                "sources": [s.arxiv_id for s in row.claim.sources], "place": row.piece.place,
                "lacks": list(row.piece.lacks), "what": row.what, "same_as": row.same_as or None,
                "closeness": row.closeness, "merged": row.what in merged,
            }
            for row in found.rows
        ],
        "beside": [
            {"kind": p.kind, "text": p.text, "place": p.place}
            for p in found.document.pieces if p.kind not in CLAIMS
        ],
    }  # fmt: skip


def _print(document: dict[str, Any], *, preview: bool) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(
        "place",
        "claim",
        "as of",
        "sources",
        "is",
        "lacks",
        title=f"{document['recognised']}: {document['document']}",
    )
    for claim in document["claims"]:
        same = f"{claim['what']}: {claim['same_as']}" if claim["same_as"] else claim["what"]
        table.add_row(
            claim["place"].removeprefix("lines ").removeprefix("line "), claim["text"][:70], claim["as_of"],
            " ".join(claim["sources"]) or "—", same + (" (joined)" if claim["merged"] else ""),
            ", ".join(claim["lacks"]) or "—",
        )  # fmt: skip
    Console(markup=False, emoji=False, highlight=False).print(table)
    kinds = [p["kind"] for p in document["beside"]]
    click.echo(
        "beside the claims: " + ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds)), err=True
    )
    for piece in document["beside"]:
        if piece["kind"] == "unplaced":
            click.echo(f"unplaced, {piece['place']}: {piece['text'][:90]}", err=True)
    offered = [c for c in document["claims"] if c["same_as"] and not c["merged"]]
    if offered:
        click.echo(
            f"{len(offered)} may be known already: look at them, then --merge likely or perhaps joins them "
            "(a claim and its opposite are close, too)", err=True,
        )  # fmt: skip
    done = ", ".join(f"{n} {what}" for what, n in document.get("done", {}).items())
    click.echo("nothing was written" if preview else f"{document['lines'][0]['id']}: {done}", err=True)
