"""`retest source`."""

from __future__ import annotations

import click

from agent.cli.shared import settings_of


@click.group()
def command() -> None:
    """Look at where papers come from."""


@command.command()
@click.pass_context
def ping(ctx: click.Context) -> None:
    """Ask arXiv for one paper: exit 0 when it answers, 3 with a reason when it does not."""
    from agent.adapters.clock import SystemClock
    from agent.wiring import arxiv_http, arxiv_source

    settings = settings_of(ctx)
    arxiv_source(settings, arxiv_http(settings, SystemClock())).ping()
    click.echo(f"{settings.arxiv_url} answers", err=True)
