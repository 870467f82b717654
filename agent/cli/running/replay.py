"""`retest replay`."""

from __future__ import annotations

import json
from dataclasses import replace

import click

import store.claims
import store.papers
import store.runs
import store.verdicts
from agent.cli.shared import print_json, reading, settings_of
from agent.errors import UsageError
from agent.settings import Settings, load
from store.records import Run

DIFFERS = 3


@click.command()
@click.argument("run_id")
@click.option("--with-rule", "rule_version", type=int, metavar="N", help="Apply another version of the rule.")
@click.option("--with-judge", "judge", type=click.Choice(["embedded", "llm"]), help="Use another judge.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context, run_id: str, rule_version: int | None, judge: str | None, as_json: bool
) -> int:
    """Replay a run from its journal, offline, or show what another rule or judge would change.

    Nothing is written. Exit 0 if every verdict is the same, byte for byte; 3 if one differs.
    """
    settings = settings_of(ctx)
    with reading(settings) as db:
        run = store.runs.get(db, run_id)
    if run is None or run.finished_at is None:
        raise UsageError(f"no finished run {run_id}", "retest status shows the last one")
    rows = _judged_anew(settings, run, judge) if judge else _replayed(settings, run, rule_version)
    if as_json:
        print_json({"run": run_id, "verdicts": rows})
    else:
        _print(rows)
    return 0 if all(r["same"] for r in rows) else DIFFERS


def _replayed(settings: Settings, run: Run, rule_version: int | None) -> list[dict[str, object]]:
    from agent.core.rule import RULE_VERSION
    from agent.run.replay.replaying import RULES, Replay
    from agent.wiring.judges import stance_judge

    chosen = RULE_VERSION if rule_version is None else rule_version
    if chosen not in RULES:
        raise UsageError(f"no rule version {chosen}", f"known versions: {', '.join(map(str, RULES))}")
    as_run = load({"home": str(settings.home), **run.settings, "api_key": settings.api_key or "offline"})
    judge = stance_judge(as_run)
    if judge.name != run.judge:
        message = f"the run was judged by {run.judge}, but the judge here is {judge.name}"
        raise UsageError(message, "replay it with that judge")
    with reading(settings) as db:
        found = Replay(db, run, judge, RULES[chosen]).verdicts()
    return [
        {"claim": r.claim_id, "same": r.same, "stored": _read(r.stored), "replayed": _read(r.replayed)}
        for r in found
    ]  # fmt: skip


def _read(text: str | None) -> object:
    return json.loads(text) if text else None


def _judged_anew(settings: Settings, run: Run, judge: str) -> list[dict[str, object]]:
    """Put the same claims and papers to another judge; the ledger is not changed."""
    from agent.core.budget import BudgetReached
    from agent.run.replay.rejudging import judged_anew
    from agent.run.replay.replaying import as_json
    from agent.wiring.budget import budget
    from agent.wiring.judges import stance_judge

    with_judge = replace(settings, judge=judge)
    try:
        with reading(settings) as db:
            found = judged_anew(db, run, stance_judge(with_judge), budget(with_judge))
    except BudgetReached:
        raise UsageError("the budget ran out before every paper was judged", "set a larger one") from None
    return [
        {"claim": i, "same": bool(old and old.name == new.name),
         "stored": _read(as_json(old) if old else None), "replayed": _read(as_json(new))}
        for i, old, new in found
    ]  # fmt: skip


def _print(rows: list[dict[str, object]]) -> None:
    for row in rows:
        mark = "same     " if row["same"] else "DIFFERENT"
        click.echo(f"{mark} {row['claim']}: {_name(row['stored'])} -> {_name(row['replayed'])}")
    same = sum(bool(r["same"]) for r in rows)
    click.echo(f"{same} of {len(rows)} verdicts are the same", err=True)


def _name(verdict: object) -> str:
    return str(verdict["name"] or "none yet") if isinstance(verdict, dict) else "nothing appended"
