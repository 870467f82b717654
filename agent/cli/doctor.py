"""`retest doctor`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from agent.cli.shared import print_json, reading, settings_of
from agent.settings import Settings, shown
from store.errors import Failure, LedgerError


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> int:
    """Show every setting, where it came from, and what is wrong. Exit 2 when something is."""
    settings = settings_of(ctx)
    checks = {name: _outcome(check, settings) for name, check in CHECKS.items()}
    if as_json:
        keys = ("name", "value", "origin", "meaning")
        print_json(
            {
                "settings": [dict(zip(keys, row, strict=True)) for row in shown(settings)],
                "checks": checks,
            }
        )
    else:
        for name, value, origin, meaning in shown(settings):
            click.echo(f"{name:15} {value or '—':40} {origin:16} {meaning}")
        for name, outcome in checks.items():
            click.echo(f"{'ok  ' if outcome['ok'] else 'FAIL'} {name}: {outcome['said']}")
    return 0 if all(c["ok"] for c in checks.values()) else 2


def _outcome(check: Callable[[Settings], str], settings: Settings) -> dict[str, Any]:
    try:
        return {"ok": True, "said": check(settings)}
    except Failure as error:
        return {"ok": False, "said": str(error)}


def _ledger(settings: Settings) -> str:
    from sqlalchemy import text

    with reading(settings) as db:
        said = db.execute(text("PRAGMA integrity_check")).scalar()
    if said != "ok":
        raise LedgerError(f"{settings.home}/ledger.sqlite is damaged: {said}", "restore a backup")
    return "integrity ok"


def _embedder(settings: Settings) -> str:
    from agent.adapters.embedder import PACKAGED
    from agent.adapters.packaged_minilm import verify_weights

    if settings.embedder != PACKAGED:
        return f"{settings.embedder} is loaded when first used"
    verify_weights()
    return "the packaged all-MiniLM-L6-v2 is the published file"


def _judge(settings: Settings) -> str:
    from agent.wiring.judges import stance_judge

    return stance_judge(settings).name


CHECKS: dict[str, Callable[[Settings], str]] = {
    "ledger": _ledger,
    "embedder": _embedder,
    "judge": _judge,
}
