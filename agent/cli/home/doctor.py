"""`retest doctor`."""

from __future__ import annotations

import click

from agent.cli.shared import print_json, settings_of
from agent.settings import shown

MARKS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL"}


@click.command()
@click.option("--offline", is_flag=True, help="Skip the checks that use the network: arXiv and the LLM.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(ctx: click.Context, offline: bool, as_json: bool) -> int:
    """Show every setting and where it came from, and check for problems. Exit 2 if a check fails."""
    from agent.wiring.doctor import CHECKS, NETWORK, outcome

    settings = settings_of(ctx)
    chosen = {name: check for name, check in CHECKS.items() if not (offline and name in NETWORK)}
    checks = {name: outcome(check, settings) for name, check in chosen.items()}
    if as_json:
        keys = ("name", "value", "origin", "meaning")
        rows = [dict(zip(keys, row, strict=True)) for row in shown(settings)]
        print_json({"settings": rows, "checks": checks})
    else:
        for name, value, origin, meaning in shown(settings):
            click.echo(f"{name:15} {value or '—':40} {origin:16} {meaning}")
        for name, result in checks.items():
            click.echo(f"{MARKS[result['level']]} {name}: {result['said']}")
    return 0 if all(c["ok"] for c in checks.values()) else 2
