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
    "/help": "what can be typed here",
    "/new": "begin a new thread",
    "/threads": "the last threads, numbered; /threads all lists every one",
    "/open": "NUMBER: go on in a thread",
    "/claims": "WORDS: the claims that bear on them",
    "/newer": "TOPIC: look for newer papers; takes time",
    "/retest": "ID ...: begin a retest of these claims",
    "/export": "write the claim status report",
    "/copy": "print the last answer as Markdown, to take elsewhere",
    "/forget": "NUMBER: delete a thread",
    "/quit": "leave; so does Ctrl-D",
}


@click.command()
@click.option("--thread", "thread_id", metavar="ID", help="Go on in this thread.")
@click.option("--list", "as_list", is_flag=True, help="List the threads and leave.")
@click.option("--writer", type=click.Choice(["llm", "none"]), help="Whether a model words the answers.")
@click.option("--source", type=click.Choice(["arxiv", "snapshot"]), help="Where newer papers come from.")
@click.option("--snapshot", metavar="PATH", help="Snapshot file or folder, for --source snapshot.")
@click.option("--json", "as_json", is_flag=True, help="With --list: one JSON document on stdout.")
@click.pass_context
def command(ctx: click.Context, /, thread_id: str | None, as_list: bool, as_json: bool, **flags: Any) -> None:
    """Ask question after question. Ctrl-C stops an answer, Ctrl-D leaves; /help tells more."""
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
        """Say what this is."""
        chat_model = self._chat.parts.chat_model
        by = f"worded by {chat_model.name} and checked" if chat_model else "in its own sentences"
        self._console.print(f"Answers from the ledger, {by}. /help tells what can be typed.", style="dim")

    def take(self, line: str) -> bool:
        """Do what a line asks; False to leave. An expected failure is one line, and the room stays."""
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
        known: dict[str, Callable[[str], None]] = {
            "/help": self._help, "/new": self._new, "/threads": self._threads, "/open": self._open,
            "/claims": self._claims, "/newer": self._newer, "/retest": self._retest, "/export": self._export,
            "/copy": self._copy, "/forget": self._forget,
        }  # fmt: skip
        if name not in known:
            self._console.print(f"there is no {name}; /help lists what there is", style="red")
        else:
            known[name](rest.strip())
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
        self._console.print("Enter sends; Alt-Enter begins a new line; Ctrl-C stops an answer.", style="dim")

    def _new(self, _: str) -> None:
        self._thread = None
        self._console.print("a new thread", style="dim")

    def _threads(self, rest: str) -> None:
        every = self._chat.threads.every()
        for number, t in reversed(list(enumerate(every, 1))[: len(every) if rest == "all" else SHOWN]):
            here = "*" if t.id == self._thread else " "
            self._console.print(f"{here}{number:3}  {t.updated_at[:10]}  {t.turns:3}  {t.title}")

    def _named(self, which: str) -> str:
        """A thread by its number in the list, or by its id."""
        every = self._chat.threads.every()
        if which.isdigit() and 0 < int(which) <= len(every):
            return every[int(which) - 1].id
        if not which:
            raise UsageError("no thread named", "/threads numbers them")
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
            self._console.print("no claim bears on that", style="dim")

    def _newer(self, topic: str) -> None:
        from agent.chat import tools
        from agent.cli.asking.answers import Printer

        found = tools.newer(self._chat.parts, topic, None)
        Printer(self._console).papers(found)
        if not found:
            self._console.print("nothing newer was found", style="dim")

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
    """What gives the next line, None at the end: an editor in a terminal, else lines of standard input."""
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
                click.echo("Ctrl-D leaves", err=True)
            except EOFError:
                return None

    return read
