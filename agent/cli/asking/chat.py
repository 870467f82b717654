"""`retest chat`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from agent.cli.asking.ask import may, stopping
from agent.cli.shared import console, print_json, settings_of
from agent.errors import UsageError
from store.errors import Failure
from store.home.files import Home

if TYPE_CHECKING:
    from agent.chat.service import Chat

SHOWN = 10

COMMANDS = {
    "/help": "list the commands",
    "/new": "start a new thread",
    "/threads": "list recent threads by number; /threads all lists them all",
    "/open": "NUMBER: continue a thread",
    "/claims": "WORDS: list related claims",
    "/newer": "TOPIC: search for newer papers; takes time",
    "/retest": "ID ...: start a retest of these claims",
    "/export": "write the claim status report",
    "/copy": "print the last answer as Markdown",
    "/forget": "NUMBER: delete a thread",
    "/quit": "quit; so does Ctrl-D",
}


@click.command()
@click.option("--thread", "thread_id", metavar="ID", help="Continue this thread.")
@click.option("--list", "as_list", is_flag=True, help="List the threads and exit.")
@click.option("--writer", type=click.Choice(["llm", "none"]), help="Whether a model writes the answers.")
@click.option("--source", type=click.Choice(["arxiv", "snapshot"]), help="Where newer papers come from.")
@click.option("--snapshot", metavar="PATH", help="Snapshot file or folder, for --source snapshot.")
@click.option("--json", "as_json", is_flag=True, help="With --list: one JSON document on stdout.")
@click.pass_context
def command(ctx: click.Context, /, thread_id: str | None, as_list: bool, as_json: bool, **flags: Any) -> None:
    """Ask a series of questions. Ctrl-C stops an answer, Ctrl-D quits; /help lists the commands."""
    settings = settings_of(ctx, **flags)
    if as_list:
        _list(Home(settings.home), as_json=as_json)
        return
    from agent.wiring.chat import open_chat

    with open_chat(settings) as chat:
        chat.warm()
        room = Room(chat, thread_id)
        room.greet()
        read = _reader(Home(settings.home))
        while (line := read()) is not None:
            if not room.take(line):
                break


def _list(home: Home, *, as_json: bool) -> None:
    from agent.chat.threads import Threads

    if not home.ledger.exists():
        raise UsageError(f"no ledger at {home.ledger}", "run: retest init")
    threads = Threads(home.chats)
    found = threads.every()
    threads.close()
    if as_json:
        from dataclasses import asdict

        print_json([asdict(t) for t in found])
        return
    for t in found:
        click.echo(f"{t.id}  {t.updated_at[:16].replace('T', ' ')}  {t.turns:3}  {t.title}")


class Room:
    """A conversation in a terminal."""

    def __init__(self, chat: Chat, thread_id: str | None) -> None:
        self._chat, self._thread, self._console = chat, thread_id, console()
        self._last: dict[str, Any] | None = None
        if thread_id:
            self._open(thread_id)

    def greet(self) -> None:
        """Print a greeting."""
        chat_model = self._chat.parts.chat_model
        by = f"written by {chat_model.name} and checked" if chat_model else "in its own sentences"
        self._console.print(f"Answers from the ledger, {by}. /help lists the commands.", style="dim")

    def take(self, line: str) -> bool:
        """Handle one line; return False to quit. An expected failure prints one line and is not fatal."""
        words = line.strip()
        if not words:
            return True
        try:
            if words.startswith("/"):
                return self._command(*words.partition(" ")[::2])
            self._ask(words)
        except KeyboardInterrupt:
            self._console.print("stopped", style="dim")
        except Failure as error:
            self._console.print(f"{error}", style="red")
        return True

    def _command(self, name: str, rest: str) -> bool:
        if name in ("/quit", "/exit"):
            return False
        handlers: dict[str, Callable[[str], None]] = {
            "/help": self._help, "/new": self._new, "/threads": self._threads, "/open": self._open,
            "/claims": self._claims, "/newer": self._newer, "/retest": self._retest, "/export": self._export,
            "/copy": self._copy, "/forget": self._forget,
        }  # fmt: skip
        if name not in handlers:
            self._console.print(f"unknown command {name}; /help lists the commands", style="red")
        else:
            handlers[name](rest.strip())
        return True

    def _ask(self, question: str) -> None:
        from agent.chat.background import conversed
        from agent.cli.asking.answers import Printer

        stop, printer = threading.Event(), Printer(self._console)
        with stopping(stop):
            for event in conversed(self._chat, question, self._thread, stop, may):
                self._thread = event["id"] if event["kind"] == "thread" else self._thread
                self._last = event if event["kind"] == "answer" else self._last
                printer.show(event)

    def _help(self, _: str) -> None:
        for name, meaning in COMMANDS.items():
            self._console.print(f"{name:9} {meaning}")
        self._console.print("Enter sends; Alt-Enter starts a new line; Ctrl-C stops an answer.", style="dim")

    def _new(self, _: str) -> None:
        self._thread = None
        self._console.print("new thread", style="dim")

    def _threads(self, rest: str) -> None:
        threads = self._chat.threads.every()
        for number, t in reversed(list(enumerate(threads, 1))[: len(threads) if rest == "all" else SHOWN]):
            here = "*" if t.id == self._thread else " "
            self._console.print(f"{here}{number:3}  {t.updated_at[:10]}  {t.turns:3}  {t.title}")

    def _named(self, which: str) -> str:
        """Return a thread's id, given its number in the list or the id itself."""
        threads = self._chat.threads.every()
        if which.isdigit() and 0 < int(which) <= len(threads):
            return threads[int(which) - 1].id
        if not which:
            raise UsageError("no thread given", "/threads lists them by number")
        return which

    def _open(self, thread_id: str) -> None:
        from agent.cli.asking.answers import Printer

        thread_id = self._named(thread_id)
        turns = self._chat.threads.turns(thread_id)
        self._thread = thread_id
        for turn in turns:
            self._console.print(f"\n> {turn.question}", style="bold")
            if turn.answer:
                Printer(self._console).show({"kind": "answer", **turn.answer})
                self._last = turn.answer

    def _claims(self, words: str) -> None:
        from agent.chat.question import parse
        from agent.chat.sources import statuses

        parts = self._chat.parts
        asked = parse(words, parts.today())
        hits = parts.finder.claims(asked.topic, asked.ids, parts.finder.vector(asked.topic))
        with parts.ledger.read() as db:
            found = statuses(db, parts.today(), [h.id for h in hits])
        for status in found.values():
            self._console.print(f"{status.standing:18} {status.claim.id}: {status.claim.text}")
        if not found:
            self._console.print("no related claim found", style="dim")

    def _newer(self, topic: str) -> None:
        from agent.chat import tools
        from agent.cli.asking.answers import Printer

        found = tools.newer(self._chat.parts, topic, None)
        Printer(self._console).papers(found)
        if not found:
            self._console.print("no newer papers found", style="dim")

    def _retest(self, ids: str) -> None:
        self._console.print(self._chat.parts.actions.retest(ids.split()))

    def _export(self, _: str) -> None:
        self._console.print(self._chat.parts.actions.export())

    def _copy(self, _: str) -> None:
        from agent.chat.answer import as_markdown

        click.echo(as_markdown(self._last) if self._last else "no answer yet")

    def _forget(self, thread_id: str) -> None:
        thread_id = self._named(thread_id)
        self._chat.threads.forget(thread_id)
        self._thread = None if self._thread == thread_id else self._thread


def _reader(home: Home) -> Callable[[], str | None]:
    """Return a reader of the next line (None at the end): an editor on a terminal, else standard input."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return lambda: sys.stdin.readline() or None
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.history import FileHistory
    from prompt_toolkit.key_binding import KeyBindings

    keys = KeyBindings()
    keys.add("enter")(lambda event: event.current_buffer.validate_and_handle())
    keys.add("escape", "enter")(lambda event: event.current_buffer.insert_text("\n"))
    session: PromptSession[str] = PromptSession(
        "> ", history=FileHistory(str(home.root / "chat-history")), key_bindings=keys, multiline=True,
        completer=WordCompleter(list(COMMANDS), meta_dict=COMMANDS, sentence=True), prompt_continuation="  ",
        complete_while_typing=True,
    )  # fmt: skip

    def read() -> str | None:
        while True:
            try:
                return session.prompt()
            except KeyboardInterrupt:
                click.echo("Ctrl-D quits", err=True)
            except EOFError:
                return None

    return read
