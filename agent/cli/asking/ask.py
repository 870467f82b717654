"""`retest ask`."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from agent.cli.shared import console, print_json, settings_of
from store.errors import Failure

if TYPE_CHECKING:
    from agent.chat.service import Chat

INTERRUPTED = 130


@click.command()
@click.argument("question")
@click.option("--thread", "thread_id", metavar="ID", help="Continue this thread (default: a new one).")
@click.option("--newer", is_flag=True, help="Also search the paper source for newer papers; takes time.")
@click.option("--yes", is_flag=True, help="Agree in advance if a model asks to fetch papers or retest.")
@click.option("--writer", type=click.Choice(["llm", "none"]), help="Whether a model writes the answer.")
@click.option("--source", type=click.Choice(["arxiv", "snapshot"]), help="Where newer papers come from.")
@click.option("--snapshot", metavar="PATH", help="Snapshot file or folder, for --source snapshot.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    question: str,
    thread_id: str | None,
    newer: bool,
    yes: bool,
    as_json: bool,
    **flags: Any,
) -> int:
    """Answer a question from the ledger: every sentence cites a claim's verdict or a quote."""
    from agent.chat.service import question_of

    question = question_of(question)  # validate before the slow imports
    if sys.stderr.isatty():
        click.echo("opening the ledger …", err=True)
    from agent.wiring.chat import open_chat

    with open_chat(settings_of(ctx, **flags)) as chat:
        stop = threading.Event()
        with stopping(stop):
            answer = _answered(chat, question, thread_id, yes=yes, quiet=as_json, stop=stop)
            if newer and answer and not stop.is_set():
                answer["papers"] = _newer(chat, question, quiet=as_json)
        if as_json and answer:
            print_json(answer)
    return INTERRUPTED if stop.is_set() else 0


def _answered(
    chat: Chat, question: str, thread_id: str | None, *, yes: bool, quiet: bool, stop: threading.Event
) -> dict[str, Any]:
    """Print an answer as it arrives; return the whole answer, or {} if it was stopped."""
    from agent.chat.background import conversed
    from agent.cli.asking.answers import Printer

    printer, last = Printer(console()), {"kind": ""}
    for last in conversed(chat, question, thread_id, stop, lambda asked: yes or (not quiet and may(asked))):
        if not quiet:
            printer.show(last)
    return last if last["kind"] == "answer" else {}


def _newer(chat: Chat, question: str, *, quiet: bool) -> list[dict[str, Any]]:
    """Search the paper source for newer papers; the flag is the consent, so do not ask again."""
    from agent.chat import tools
    from agent.chat.question import parse
    from agent.chat.retrieving import day_after
    from agent.cli.asking.answers import Printer

    asked = parse(question, chat.parts.today())
    after = day_after(chat.parts, asked)
    try:
        found = tools.newer(chat.parts, asked.topic, after)
    except Failure as error:  # the answer itself is complete
        click.echo(f"retest: could not search for newer papers: {error}", err=True)
        return []
    if not quiet:
        since = after or "six months"
        click.echo(f"{len(found) or 'no'} related papers are newer than {since}", err=True)
        Printer(console()).papers(found)
    return found


def may(question: str) -> bool:
    """Ask the user; without a terminal the answer is no."""
    if not sys.stdin.isatty():
        click.echo(f"{question} No: there is no terminal to ask on; use --yes to agree in advance.", err=True)
        return False
    try:
        return click.confirm(question, default=False, err=True)
    except click.Abort:
        return False


@contextmanager
def stopping(stop: threading.Event) -> Iterator[None]:
    """Ctrl-C sets `stop`; a second one ends the program."""

    def on_interrupt(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    previous = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
