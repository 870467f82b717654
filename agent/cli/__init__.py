"""The command line: one file a command group, imported only when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Any

import click

from agent import __version__

PLACES = {
    "claim": "claim.group", "line": "line.group", "ask": "asking.ask", "chat": "asking.chat",
    "run": "running.run", "replay": "running.replay", "backtest": "running.backtest", "eval": "running.eval",
    "init": "home.init", "backup": "home.backup", "restore": "home.restore", "index": "home.index",
    "doctor": "home.doctor",
}  # fmt: skip
"""Where a command lives, if not in the file of its name."""
COMMANDS = {
    "init": "Make a home and seed it with the claims that ship with us.",
    "run": "Retest the claims against newer papers.",
    "status": "Show each claim and its present verdict.",
    "ask": "Answer a question from the ledger, with what it rests on.",
    "chat": "Ask question after question.",
    "mcp": "Serve the ledger to other programs' models, by the Model Context Protocol.",
    "report": "Write the claim status report.",
    "claim": "Look at claims and why they have their verdicts; import more.",
    "line": "Lines of inquiry: list them, take one elsewhere as a research prompt.",
    "paper": "Look at papers: key findings in their own sentences.",
    "source": "Look at where papers come from, and whether they state what is claimed.",
    "index": "Check or rebuild the vector index.",
    "backtest": "Retest as of past days in turn: how verdicts moved, and how late.",
    "eval": "Measure the verdicts on labelled cases.",
    "replay": "Decide a run again from its journal, offline.",
    "backup": "Keep a copy of the home, with checksums.",
    "restore": "Bring a backup back.",
    "tell": "Tell what changed to everybody who has not heard of it.",
    "badge": "A small picture of a claim's or a line's verdict.",
    "schedule": "Run by itself every week.",
    "serve": "Stay, and run every week: for containers.",
    "doctor": "Show settings, where each came from, and what is wrong.",
}
INTERRUPTED = 130


class LazyGroup(click.Group):
    """Commands by name, each imported when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names, in the order of a first use."""
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
    """Run the command line; every expected failure is one line and an exit code."""
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
    except Exception as error:  # explained in one line where expected, raised again where not
        sys.exit(_explained(error))
    sys.exit(code if isinstance(code, int) else 0)


def _explained(error: Exception) -> int:
    """Print an expected error as one line and return its exit code; raise any other."""
    from prompts import PromptError
    from store.errors import Failure

    if isinstance(error, Failure | PromptError):
        said = str(error)
    elif isinstance(error, OSError):
        said = (
            f"{error.strerror or error}: {error.filename or 'a file of the home'}; check disk and permissions"
        )
    elif type(error).__module__.startswith(("sqlalchemy", "sqlite3")):
        said = f"the ledger refuses: {getattr(error, 'orig', error)}; check disk and permissions, then resume"
    else:
        raise error
    click.echo(f"retest: {' '.join(said.split())}", err=True)
    return getattr(error, "exit_code", 2)
