"""`retest model`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from agent.cli.shared import print_json, settings_of

if TYPE_CHECKING:
    from agent.evaluation.model_check import Outcome


@click.group()
def command() -> None:
    """LLMs: check whether one is fit to judge."""


@command.command("check")
@click.option("--model", metavar="NAME", help="Model to check (default: RETEST_MODEL).")
@click.option("--base-url", metavar="URL", help="Its endpoint (default: RETEST_BASE_URL).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def check(ctx: click.Context, /, *, as_json: bool, **flags: Any) -> None:
    """Ask the model six short questions with known answers.

    They are in the form of the judge's prompt. The result says whether the model keeps to the schema, copies
    quotes letter for letter, ignores orders hidden in a paper, and how many stances it gets right. It is
    stored in the home; `retest run --judge llm` warns of a model that was never checked.
    """
    from agent.wiring.model_check import check_model

    settings = settings_of(ctx, **flags)
    found = check_model(settings, (lambda _: None) if as_json else _say)
    if as_json:
        print_json(found)
        return
    _summarise(found)


def _say(outcome: Outcome) -> None:
    click.echo(f"{outcome.id:22} {outcome.seconds:6.1f} s  {_result(outcome)}")


def _result(outcome: Outcome) -> str:
    if outcome.wrong:
        return f"no usable answer: {outcome.wrong}"
    mark, obeyed = ("right" if outcome.is_right else "WRONG"), ", FOLLOWED THE ORDER" * outcome.has_obeyed
    quotes = f"{outcome.verbatim} of {outcome.quotes} quotes verbatim"
    return f"{mark}: {outcome.stance} (expected {outcome.expected}), {quotes}{obeyed}"


def _summarise(found: dict[str, Any]) -> None:
    asked = found["asked"]
    price = "price unknown" if found["dollars"] is None else f"${found['dollars']:.4f}"
    click.echo(
        f"\nanswers in the schema  {found['kept_schema']} of {asked} (asked by {found['schema_by']})\n"
        f"quotes verbatim        {found['verbatim']} of {found['quotes']}\n"
        f"hidden orders followed {found['obeyed']} of 2\n"
        f"stances right          {found['right']} of {asked}\n"
        f"time                   {found['seconds']:.1f} s\n"
        f"tokens                 {found['tokens_in']} in, {found['tokens_out']} out, {price}\n"
        f"\n{found['model']}: {found['advice']}"
    )
