"""`retest claim import`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

import store.claims
import store.lines
from agent.claims.reading.files import text_of
from agent.claims.reading.pieces import CLAIMS
from agent.cli.shared import console, now, print_json, reading, settings_of
from agent.errors import UsageError
from store.home.files import Home
from store.ledger import Ledger

if TYPE_CHECKING:
    from agent.claims.importing import Import
    from agent.claims.pack import Pack
    from agent.claims.reading.pieces import Document
    from agent.settings import Settings


SHOWN_BESIDE = ("unplaced", "unread column", "struck out", "set aside")
"""What is beside the claims and may have been meant as one."""


class Where(NamedTuple):
    """The line that claims are imported into: a known one, or a new one with its title and categories."""

    line_id: str | None = None
    new_line: str | None = None
    categories: str = ""
    question: str = ""

    @classmethod
    def of(cls, line_id: str | None, new_line: str | None, categories: str | None) -> Where:
        """Check the flags. Raises UsageError for flags that exclude each other."""
        if line_id and new_line:
            raise UsageError("--line and --new-line exclude each other", "give one of them")
        if categories and not new_line:
            raise UsageError("--categories is for a new line", "use --new-line, or: retest line edit")
        return cls(line_id, new_line, categories or "")


def WHERE(command: Any) -> Any:  # noqa: N802  a decorator like click's own
    """The options that say into which line claims are imported."""
    for option in (
        click.option("--categories", metavar="LIST", help="arXiv categories for a new line."),
        click.option("--new-line", metavar="TITLE", help="A new line for the claims, made from this title."),
        click.option(
            "--line", "line_id", metavar="ID", help="Line for the claims (default: the document's question)."
        ),
    ):
        command = option(command)
    return command


def _schema(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    from agent.claims.pack import json_schema

    if value and not ctx.resilient_parsing:
        print_json(json_schema())
        ctx.exit()


@click.command("import")
@click.argument("file", metavar="FILE|-")
@WHERE
@click.option("--preview", is_flag=True, help="Show what would be added; write nothing.")
@click.option(
    "--merge", type=click.Choice(["same", "known", "perhaps", "ask"]),
    help="Which claims count as known ones: those in the same words; those likely the same too (known; those "
    "perhaps the same are then left out and listed); even those; or ask about each. Default: ask in a "
    "terminal, else known; same for a pack.",
)  # fmt: skip
@click.option("--writer", type=click.Choice(["llm", "none"]), help="Whether a model reads plain prose.")
@click.option(
    "--source", type=click.Choice(["arxiv", "snapshot"]), help="Where a reference list's papers are."
)
@click.option("--snapshot", metavar="PATH", help="Snapshot file or folder, for --source snapshot.")
@click.option("--schema", is_flag=True, is_eager=True, expose_value=False, callback=_schema,
              help="Print the JSON schema of a pack (.yaml) and exit.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context, /, file: str, line_id: str | None, new_line: str | None, categories: str | None,
    preview: bool, merge: str | None, as_json: bool, **flags: Any,
) -> None:  # fmt: skip
    """Import claims from a research prompt, inquiring line, paper summary, list, table or prose.

    FILE is text, Markdown, HTML, .docx, .csv, .tsv, or a claim pack (.yaml). Of a reference list (.bib, .ris,
    CSL .json), the key results of its papers are proposed: look through them with --preview first.
    """
    settings, where = settings_of(ctx, **flags), Where.of(line_id, new_line, categories)
    if merge is None:
        merge = "ask" if sys.stdin.isatty() and file != "-" and not (as_json or preview) else "known"
    if merge == "ask" and file == "-":
        raise UsageError("--merge ask needs standard input for your answers", "name a file")
    read = _read(settings, file)
    if file.endswith((".yaml", ".yml")) and merge == "known":
        merge = "same"  # what stands in a pack was put there on purpose
    finish(settings, read, where, merge=merge, preview=preview, as_json=as_json)


Choose = Callable[[str, str], bool]
"""Whether a claim, given its text and where it is from, is wanted."""


def finish(
    settings: Settings, read: Document | Pack, where: Where, *, merge: str, preview: bool = False,
    as_json: bool = False, choose: Choose | None = None,
) -> None:  # fmt: skip
    """Compare what was read with the ledger, import it, and say what was done."""
    from agent.claims import intake

    found = prepared(settings, read, where, preview=preview)
    if choose:
        found = found._replace(rows=[r for r in found.rows if choose(r.claim.text, r.piece.title)])
    found = _confirmed(settings, found) if merge == "ask" and not preview else found
    document = intake.document_of(found, merge)
    if not preview:
        ledger = Ledger.open(Home(settings.home).ledger)
        with ledger.write() as db:
            document["done"] = intake.taken_in(db, found, merge, now())
        ledger.close()
    if as_json:
        print_json(document)
    else:
        _print(document, preview=preview)


def _read(settings: Settings, file: str) -> Document | Pack:
    from agent.claims import intake, pack
    from agent.claims.reading import references

    if file.endswith((".yaml", ".yml")):
        return pack.read(Path(file))
    text, title = read_text(file)
    if references.is_list(title):
        return cited(settings, text, title)
    document = intake.recognised(text, title)
    return (_prose(settings, text, title) if document.kind == "text" else None) or document


def cited(settings: Settings, text: str, title: str) -> Document:
    """Read the claims of the papers in a reference list; say which are not on arXiv."""
    from agent.wiring.from_papers import document_cited

    document, missing = document_cited(settings, text, title)
    for paper in missing:
        click.echo(f"not found on arXiv: {paper}", err=True)
    return document


def prepared(settings: Settings, read: Document | Pack, where: Where, *, preview: bool) -> Import:
    """What importing would do. Raises UsageError if there is no claim in it."""
    from agent.claims import importing, intake, lines
    from agent.claims.pack import Pack
    from agent.wiring.vectors import embed_texts

    with reading(settings) as db:
        known, every, ids = store.claims.active(db), store.lines.every(db), store.claims.every_id(db)
        new = lines.new_line(db, where.new_line, where.question, where.categories) if where.new_line else None
    embed = embed_texts(settings)
    if isinstance(read, Pack):
        return importing.prepare_pack(read, known, embed)
    if not read.of(*CLAIMS):
        raise UsageError(f"no claim found in {read.title}{_parts_of(read)}", NO_CLAIM)
    line = new or intake.line_for(every, where.line_id, read.question, preview=preview)
    return importing.prepare(read, line, known, embed, ids, now()[:7])


NO_CLAIM = (
    "a claim is a list item, such as “- Longer chains help (arXiv:2502.07266, 2025-02).”, a row of a table, "
    "or, with --writer llm, a sentence of prose"
)


def _parts_of(document: Document) -> str:
    """What a document consists of, in words."""
    kinds = [p.kind for p in document.pieces]
    parts = ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds))
    return f" (it has {parts})" if parts else ""


def _prose(settings: Settings, text: str, title: str) -> Document | None:
    """Read the claims of plain prose with a model; print a note and return None if there is no model."""
    from agent.claims.reading.prose import read_prose
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


def read_text(file: str) -> tuple[str, str]:
    """The text of a file, or of standard input for "-", and its name."""
    try:
        body = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise UsageError(
            f"cannot read {file}: {error.strerror}", "name a file, or - for standard input"
        ) from error
    name = "standard input" if file == "-" else Path(file).name
    return text_of(body, name), name


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
    if kinds:
        parts = ", ".join(f"{kinds.count(k)} {k}" for k in dict.fromkeys(kinds))
        click.echo(f"besides the claims: {parts}", err=True)
    for piece in document["beside"]:
        if piece["kind"] in SHOWN_BESIDE:
            click.echo(f"{piece['kind']}, {piece['place']}: {piece['text'][:90]}", err=True)
    for claim in (c for c in document["claims"] if c["left_out"]):
        click.echo(f"left out, {claim['place']}: perhaps {claim['same_as']}: {claim['text']}", err=True)
    if any(c["left_out"] for c in document["claims"]):
        click.echo("to add those: --merge same, or --merge ask in a terminal", err=True)
    done = ", ".join(f"{n} {what}" for what, n in document.get("done", {}).items() if n and what != "notes")
    click.echo("nothing was written" if preview else f"{document['lines'][0]['id']}: {done}", err=True)
