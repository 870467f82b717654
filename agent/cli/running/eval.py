"""`retest eval`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from agent.cli.shared import print_json, settings_of
from agent.settings import Settings

_SHOWN = (
    "n", "accuracy", "accuracy_ci", "macro_f1", "macro_f1_ci", "majority_macro_f1", "contradicted_precision",
    "contradicted_told", "coverage", "untested_accuracy", "stance_macro_f1", "evidence_recall_20",
    "evidence_recall_50", "evidence_recall_100", "quotes_found_share", "unjudged", "ece", "seconds",
    "pool_counted", "pool_counted_right", "pool_precision", "pool_recall", "pool_adverse_precision",
    "pool_support_precision", "pool_wrong_side", "answers_asked", "answers_reused", "tokens_in",
    "tokens_out", "dollars", "journal",
)  # fmt: skip


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--papers",
    type=click.Choice(["given", "found", "pool"]),
    default="given",
    show_default=True,
    help="given: each case's own papers; found: the agent searches; pool: choose among search results.",
)
@click.option(
    "--suite",
    type=click.Choice(["cases", "scifact", "scitab"]),
    default="cases",
    show_default=True,
    help="What FILE holds: our own cases, or a public benchmark.",
)
@click.option("--snapshot", metavar="PATH", help="Snapshot with the papers (default: RETEST_SNAPSHOT).")
@click.option("--judge", type=click.Choice(["llm", "embedded"]), help="Stance judge to use.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    file: Path,
    papers: str,
    suite: str,
    snapshot: str | None,
    as_json: bool,
    **flags: Any,
) -> int:
    """Measure the verdicts on labelled cases.

    FILE holds one JSON object per line: id, claim, claim_date (YYYY-MM), source_arxiv_ids, evidence
    [{arxiv_id, stance, quote}], expected_verdict (null: untested), acceptable_verdicts. With --papers
    pool the evidence comes from a search and is mostly neutral: it is judged with the thresholds of a
    run, and a null expected_verdict means that only the evidence is scored.

    An LLM's answers are kept in the home's folder evaluations/: the same command, given again after it was
    stopped, asks only what has not been answered.
    """  # fmt: skip
    settings = settings_of(ctx, snapshot=snapshot, **flags)
    document = _measured(settings, file, papers, suite)
    if as_json:
        print_json(document)
    else:
        _print(document)
    return 0


def _measured(settings: Settings, file: Path, papers: str, suite: str) -> dict[str, Any]:
    from agent.cli.running.progress import Progress
    from agent.wiring.evaluation import evaluate

    with Progress() as progress:

        def listen(stage: str, done: int, total: int) -> None:
            progress({"stage": stage, "done": done, "total": total})

        return evaluate(settings, file, papers=papers, suite=suite, progress=listen)


def _print(document: dict[str, Any]) -> None:
    for name in (n for n in _SHOWN if n in document):
        click.echo(f"{name:24} {_shown(document[name])}")
    click.echo("\nexpected \\ predicted" + "".join(f"{n:>14}" for n in document["confusion"]))
    for name, row in document["confusion"].items():
        click.echo(f"{name:20}" + "".join(f"{count:14}" for count in row.values()))
    click.echo("")
    for case in document["cases"]:
        mark = "right" if case["correct"] else "WRONG"
        accepted = " or ".join(str(v or "none") for v in case["acceptable"])
        click.echo(
            f"{mark}  {case['id']}: {case['predicted'] or 'none'} ({case['basis']}); accepted: {accepted}"
        )


def _shown(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value[0]} to {value[1]}" if isinstance(value, list) else str(value)
