"""`retest doctor`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from agent.cli.shared import print_json, settings_of
from agent.settings import Settings, shown
from store.errors import Failure

MARKS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


@click.command()
@click.option("--offline", is_flag=True, help="Ask nobody: leave arXiv and the LLM out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(ctx: click.Context, offline: bool, as_json: bool) -> int:
    """Show every setting, where it came from, and what is wrong. Exit 2 when something fails."""
    from agent.cli.checks import CHECKS, NETWORK

    settings = settings_of(ctx)
    chosen = {name: check for name, check in CHECKS.items() if not (offline and name in NETWORK)}
    checks = {name: _outcome(check, settings) for name, check in chosen.items()}
    if as_json:
        keys = ("name", "value", "origin", "meaning")
        rows = [dict(zip(keys, row, strict=True)) for row in shown(settings)]
        print_json({"settings": rows, "checks": checks})
    else:
        for name, value, origin, meaning in shown(settings):
            click.echo(f"{name:15} {value or '—':40} {origin:16} {meaning}")
        for name, outcome in checks.items():
            click.echo(f"{MARKS[outcome['level']]} {name}: {outcome['said']}")
    return 0 if all(c["ok"] for c in checks.values()) else 2


def _outcome(check: Callable[[Settings], str], settings: Settings) -> dict[str, Any]:
    """What a check says. A warning is no failure: a run can go well all the same."""
    from agent.cli.checks import Doubt

    try:
        said, level = check(settings), "ok"
    except Doubt as doubt:
        said, level = str(doubt), "warn"
    except Failure as error:
        said, level = str(error), "fail"
    return {"ok": level != "fail", "level": level, "said": said}
