"""The command line: one file per command group, imported only when called."""

from __future__ import annotations

import io
import sys
import traceback
from importlib import import_module
from typing import Any

import click

from agent import __version__

PLACES = {
    "claim": "claim.group", "line": "line.group", "ask": "asking.ask", "chat": "asking.chat",
    "run": "running.run", "replay": "running.replay", "backtest": "running.backtest", "eval": "running.eval",
    "init": "home.init", "start": "home.start", "backup": "home.backup", "restore": "home.restore",
    "index": "home.index", "doctor": "home.doctor",
}  # fmt: skip
"""Modules of the commands that do not have a file of their own name."""
COMMANDS = {
    "start": "Start a line of your own: three questions, then a first run.",
    "init": "Create a home and seed it with the built-in claims.",
    "run": "Retest the claims against newer papers.",
    "status": "Show each claim and its current verdict.",
    "ask": "Answer a question from the ledger, with sources.",
    "chat": "Ask a series of questions.",
    "mcp": "Serve the ledger to other programs' models over the Model Context Protocol.",
    "report": "Write the claim status report.",
    "claim": "Show, import and edit claims; explain their verdicts.",
    "line": "Lines of inquiry: list, add, edit and archive them; export one as a research prompt.",
    "paper": "Show a paper's key findings, each with its quote.",
    "source": "Check the paper source, and whether cited papers state the claims.",
    "index": "Check or rebuild the vector index.",
    "model": "Check whether an LLM is fit to judge.",
    "backtest": "Retest as of a series of past days: how verdicts moved, and how late.",
    "eval": "Measure the verdicts on labelled cases.",
    "replay": "Replay a run from its journal, offline.",
    "backup": "Back up the home, with checksums.",
    "restore": "Restore a backup.",
    "tell": "Send what changed to every channel that has not had it.",
    "badge": "Make an SVG badge of a claim's or a line's verdict.",
    "schedule": "Run automatically every week.",
    "serve": "Serve the pages and the API, and run every week; for containers.",
    "doctor": "Show settings and where each came from; check for problems.",
}
INTERRUPTED, UNFORESEEN = 130, 70
"""70 is sysexits.h's EX_SOFTWARE. Python's own exit code, 1, is what `run --fail-on` uses."""


class LazyGroup(click.Group):
    """Commands by name, each imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return command names in the order a new user needs them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command's file."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"agent.cli.{PLACES.get(cmd_name, cmd_name)}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="retest")
@click.option("--home", metavar="DIR", help="Folder that holds all state (RETEST_HOME; default: runs).")
@click.pass_context
def cli(ctx: click.Context, home: str | None) -> None:
    """Keep a ledger of dated research claims and retest each against newer arXiv papers."""
    ctx.obj = {"home": home}


def main() -> None:
    """Run the command line; an expected failure prints one line and sets the exit code."""
    if any(map(_is_broken, sys.argv)):
        click.echo("retest: an argument is not UTF-8 text; set a UTF-8 locale and type it again", err=True)
        sys.exit(click.UsageError.exit_code)
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # a byte that is no text is shown as such, not an error
    try:
        code: Any = cli.main(standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(INTERRUPTED)
    except click.ClickException as error:
        click.echo(f"retest: {error.format_message()}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        click.echo("retest: interrupted", err=True)
        sys.exit(INTERRUPTED)
    except Exception as error:  # expected errors become one line, others a report for us
        sys.exit(_explained(error))
    sys.exit(code if isinstance(code, int) else 0)


def _is_broken(argument: str) -> bool:
    """Whether an argument had bytes that are no text, which Python passes on as lone surrogates."""
    return any("\ud800" <= c <= "\udfff" for c in argument)


def _explained(error: Exception) -> int:
    """Print an expected error as one line, a defect of ours with its traceback; return the exit code."""
    from prompts import PromptError
    from store.errors import Failure

    if isinstance(error, Failure | PromptError):
        message = str(error)
    elif isinstance(error, OSError):
        message = (
            f"{error.strerror or error}: {error.filename or 'a file in the home'}; check disk and permissions"
        )
    elif type(error).__module__.startswith(("sqlalchemy", "sqlite3")):
        cause = getattr(error, "orig", error)
        message = f"the ledger failed: {cause}; check disk and permissions, then resume"
    else:
        traceback.print_exception(error)
        click.echo("retest: this is a defect in retest; nothing stored is lost. Please report it.", err=True)
        return UNFORESEEN
    click.echo(f"retest: {' '.join(message.split())}", err=True)
    return getattr(error, "exit_code", 2)
