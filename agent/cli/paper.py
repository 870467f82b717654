"""`retest paper`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from agent.cli.shared import print_json, settings_of
from agent.settings import Settings
from store.records import Paper, Passage

if TYPE_CHECKING:
    from agent.core.key_findings import KeyFinding


@click.group()
def command() -> None:
    """Show papers and their key findings."""


@command.command()
@click.argument("paper_id")
@click.option(
    "--source", type=click.Choice(["arxiv", "snapshot"]), help="Where a paper not in the ledger comes from."
)
@click.option("--snapshot", metavar="PATH", help="Snapshot file or folder, for --source snapshot.")
@click.option(
    "--writer",
    type=click.Choice(["llm", "none"]),
    help="Whether a model writes the findings; if not, the paper is quoted.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
@click.pass_context
def show(ctx: click.Context, /, paper_id: str, as_json: bool, **flags: Any) -> None:
    """Show a paper's key findings, each with its quote, from the full text if that was read."""
    settings = settings_of(ctx, **flags)
    paper, passages = _read(settings, paper_id)
    found, left_out, by = _findings(settings, paper, passages)
    whole = any(p.section not in ("title", "abstract") for p in passages)
    if as_json:
        findings = {name: [t._asdict() for t in sentences] for name, sentences in found.items()}
        print_json({"id": paper.id, "title": paper.title, "published": paper.published, "url": paper.url,
                    "withdrawn": paper.withdrawn, "read": "whole" if whole else "abstract",
                    "written_by": by, "left_out": left_out, "findings": findings})  # fmt: skip
        return
    click.secho(f"{paper.title}", bold=True)
    click.echo(f"{paper.published} {paper.url}" + (" WITHDRAWN" if paper.withdrawn else ""))
    how = "the paper's own sentences, picked without a model" if by == EXTRACTION else f"written by {by}"
    click.echo(f"{how}, from its {'full text' if whole else 'abstract'}")
    if left_out:
        click.echo(f"{left_out} ungrounded sentences of the model were left out")
    for name, sentences in found.items():
        click.secho(f"\n{name}", bold=True)
        for finding in sentences:
            where = finding.section + (f", page {finding.page}" if finding.page else "")
            click.echo(f"  {finding.says + ' ' if finding.says else ''}“{finding.quote}” ({where})")
        if not sentences:
            click.echo("  nothing found")


EXTRACTION = "extraction"


def _findings(
    settings: Settings, paper: Paper, passages: list[Passage]
) -> tuple[dict[str, list[KeyFinding]], int, str]:
    """Return key findings, how many sentences were left out, and who wrote them."""
    from agent.claims.key_findings import written_findings
    from agent.core.key_findings import key_findings
    from agent.wiring.writing import open_writer

    with open_writer(settings) as writer:
        if writer is None:
            return key_findings(passages), 0, EXTRACTION
        return *written_findings(passages, paper.title, paper.id, writer), writer.name


def _read(settings: Settings, text: str) -> tuple[Paper, list[Passage]]:
    """Return a paper and the passages of its best available text."""
    from agent.wiring.from_papers import id_of, read_paper

    return read_paper(settings, id_of(text))
