"""`retest start`: three questions, a table to look through, and a first run."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent.claims import categories as arxiv
from agent.claims import lines
from agent.cli.shared import console, now, reading, settings_of
from agent.errors import RetestError, UsageError
from store.home.files import Home
from store.ledger import Ledger

if TYPE_CHECKING:
    from agent.claims.importing import Import, Row
    from agent.claims.reading.pieces import Document
    from agent.settings import Settings

DEFAULT_TITLE = "My line of inquiry"
_MONTH = re.compile(r"(?:19|20)\d{2}-(?:0[1-9]|1[0-2])")
_CHOICES = "Enter: add them · NUMBER: edit one · drop NUMBER · keep NUMBER · quit"


@click.command()
@click.option("--example", metavar="NAME", help="Load an example instead: --example list names them.")
@click.option("--run/--no-run", "run", default=None, help="Whether to retest at once (default: ask).")
@click.pass_context
def command(ctx: click.Context, example: str | None, run: bool | None) -> None:
    """Start a line of your own: what it is about, where to search, and its claims."""
    settings = settings_of(ctx)
    _create(settings)
    try:
        line_id = _example(settings, example) if example else _asked(settings)
    except click.Abort:
        click.echo("\nNothing was added.")
        raise
    if line_id is None:
        click.echo("Nothing was added.")
        return
    if run or (run is None and click.confirm("Retest them against arXiv now?", default=True)):
        from agent.cli.running.run import command as run_command

        ctx.invoke(run_command, lines=(line_id,))
    else:
        click.echo(f"When you are ready: retest run --line {line_id}")


def _create(settings: Settings) -> None:
    """Create an empty ledger if there is none."""
    home = Home(settings.home)
    home.root.mkdir(parents=True, exist_ok=True)
    Ledger.open(home.ledger, create=True).close()


def _asked(settings: Settings) -> str | None:
    """Ask the three questions; return the line's id, None if nothing was added."""
    from agent.cli.claim.importing import Where, prepared

    title = _title(settings)
    question = click.prompt("   Which question does it ask?", default=title)
    where = _where(settings)
    document = _claims(settings)
    # Unnamed categories are those of the settings, and stay so if the settings change.
    own = "" if where == settings.arxiv_categories else where
    into = Where(new_line=title, categories=own, question=question)
    found = prepared(settings, document, into, preview=False)
    found = found._replace(rows=_dated(found.rows))
    edited = _looked_through(found)
    return _added(settings, edited) if edited else None


def _title(settings: Settings) -> str:
    """Ask for a title that no line has yet."""
    while True:
        title = click.prompt("1. What is your line about, in a few words?", default=DEFAULT_TITLE)
        try:
            with reading(settings) as db:
                return lines.new_line(db, title).title
        except UsageError as error:
            click.echo(f"   {error}")


def _where(settings: Settings) -> str:
    """Ask for categories until they are arXiv's own."""
    while True:
        question = "2. Where should it search? arXiv categories, or a word to look for"
        answer = click.prompt(question, default=settings.arxiv_categories)
        try:
            return " ".join(arxiv.read(answer))
        except UsageError as error:
            found = arxiv.about(answer)
            for code in found:
                click.echo(f"   {code:18} {arxiv.names()[code]}")
            if not found:
                click.echo(f"   {error}")


def _claims(settings: Settings) -> Document:
    """Ask for the claims until some are found."""
    from agent.claims.reading.pieces import CLAIMS
    from agent.cli.claim.importing import SHOWN_BESIDE

    while True:
        answer = click.prompt("3. Your claims: a file, arXiv ids, or Enter to paste them", default="")
        try:
            document = _document(settings, answer)
        except RetestError as error:
            click.echo(f"   {error}")
            continue
        for piece in document.of(*SHOWN_BESIDE):
            click.echo(f"   not a claim ({piece.kind}, {piece.place}): {piece.text[:90]}")
        if document.of(*CLAIMS):
            return document
        click.echo("   No claim found. Write each as a list item or on a line of its own; Ctrl-C leaves.")


def _document(settings: Settings, answer: str) -> Document:
    from agent.claims import intake
    from agent.claims.reading import references
    from agent.cli.claim.importing import cited, read_text

    path = Path(answer).expanduser()
    if not answer.strip():
        return intake.recognised(intake.as_list(_pasted()), "pasted text")
    if not path.is_file():
        return _papers(settings, answer)
    text, name = read_text(str(path))
    return cited(settings, text, name) if references.is_list(name) else intake.recognised(text, name)


def _pasted() -> str:
    click.echo("   Paste them, one a line; end with a line that has only a full stop.")
    lines: list[str] = []
    while (line := sys.stdin.readline()) and line.strip() != ".":
        lines.append(line)
    return "".join(lines)


def _papers(settings: Settings, answer: str) -> Document:
    from agent.arxiv_ids import mentions
    from agent.wiring.from_papers import document_from

    ids = [m.id for m in mentions(answer) if m.id]
    if not ids:
        raise UsageError(f"{answer!r} is neither a file nor an arXiv id", "try again")
    return document_from(settings, ids)


def _dated(rows: list[Row]) -> list[Row]:
    """Ask once for the month of the claims that have none."""
    undated = [r for r in rows if r.claim.as_of is None]
    if not undated:
        return rows
    for row in undated:
        click.echo(f"   no month: {row.claim.text[:90]}")
    click.echo("   A claim without a month gets no verdict.")
    month = _month("   As of which month (YYYY-MM, or unknown)?", now()[:7])
    given = f"month given by you: {month}" if month else "month"
    return [_given_month(r, month, given) if r in undated else r for r in rows]


def _given_month(row: Row, month: str | None, note: str) -> Row:
    return _with(row, as_of=month)._replace(piece=row.piece._replace(lacks=(*row.piece.lacks, note)))


def _month(question: str, default: str) -> str | None:
    while True:
        answer = click.prompt(question, default=default).strip()
        if answer == "unknown":
            return None
        if _MONTH.fullmatch(answer) and answer <= now()[:7]:
            return str(answer)
        click.echo("   Write YYYY-MM, not in the future, or unknown.")


def _with(row: Row, **changes: Any) -> Row:
    from dataclasses import replace

    return row._replace(claim=replace(row.claim, **changes))


def _looked_through(found: Import) -> Import | None:
    """Show the claims until a person adds them or quits; each can be edited or dropped."""
    from agent.claims.importing import NEW

    rows = list(found.rows)
    while rows:
        _show(found, rows)
        answer = click.prompt(_CHOICES, default="", show_default=False).strip().lower()
        number = int(digits[0]) if (digits := re.findall(r"\d+", answer)) else 0
        if not answer:
            return found._replace(rows=rows)
        if answer in ("q", "quit"):
            return None
        if not 0 < number <= len(rows):
            click.echo(f"   There is no claim {answer}.")
        elif answer.startswith("d"):
            del rows[number - 1]
        elif answer.startswith("k"):
            rows[number - 1] = rows[number - 1]._replace(what=NEW, same_as="")
        else:
            rows[number - 1] = _edited(rows[number - 1])
    return None


def _show(found: Import, rows: list[Row]) -> None:
    from rich.table import Table

    from agent.claims import intake

    document = intake.document_of(found._replace(rows=rows), intake.LOOKED_THROUGH)
    table = Table(title=f"{document['lines'][0]['question']}", title_justify="left")
    table.add_column("", no_wrap=True)
    table.add_column("claim", ratio=1, overflow="fold")
    for column in ("as of", "sources", "note"):
        table.add_column(column, overflow="fold")
    for number, claim in enumerate(document["claims"], 1):
        known = f"{claim['what']}: {claim['same_as']}" if claim["same_as"] else ""
        kept = " (kept out)" if claim["merged"] else ""
        lacks = ["no source" if what == "arXiv id" else what for what in claim["lacks"] if what != "month"]
        notes = [known + kept, *lacks]
        table.add_row(str(number), claim["text"], claim["as_of"], " ".join(claim["sources"]),
                      "; ".join(n for n in notes if n))  # fmt: skip
    console().print(table)


def _edited(row: Row) -> Row:
    """Ask for the text, month and sources of a claim; Enter keeps each."""
    from agent.claims.editing import sources_of
    from agent.claims.importing import NEW

    text = click.prompt("   Claim", default=row.claim.text)
    month = _month("   As of", row.claim.as_of or "unknown")
    while True:
        ids = click.prompt("   Sources (arXiv ids)", default=" ".join(s.arxiv_id for s in row.claim.sources))
        try:
            sources = sources_of(ids.split())
            break
        except UsageError as error:
            click.echo(f"   {error}")
    changed = _with(row, text=" ".join(text.split()), as_of=month, sources=sources)
    # A person has looked at it: it is what it says, and no longer compared.
    return changed._replace(what=NEW, same_as="") if text != row.claim.text else changed


def _added(settings: Settings, found: Import) -> str:
    from agent.claims import intake

    ledger = Ledger.open(Home(settings.home).ledger)
    with ledger.write() as db:
        done = intake.taken_in(db, found, intake.LOOKED_THROUGH, now())
    ledger.close()
    line = found.lines[0]
    tally = ", ".join(f"{n} {what}" for what, n in done.items() if n and what != "notes")
    click.echo(f"{line.title} ({line.id}): {tally}")
    return line.id


def _example(settings: Settings, name: str) -> str:
    """Load an example pack; return its first line's id."""
    from agent.claims import importing, pack
    from agent.wiring.vectors import embed_texts

    packs = pack.examples()
    if name not in packs:
        shown = "\n".join(f"  {n:16} {pack.read(p).lines[0].question}" for n, p in packs.items())
        click.echo(f"The examples are:\n{shown}")
        if name != "list":
            raise UsageError(f"no example {name!r}", "name one of them")
        raise click.exceptions.Exit(0)
    found = importing.prepare_pack(pack.read(packs[name]), [], embed_texts(settings))
    return _added(settings, found)
