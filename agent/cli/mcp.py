"""`retest mcp`."""

from __future__ import annotations

import socket
from typing import Any

import click

from agent.cli.shared import settings_of

PORT, LOOPBACK = 8766, "127.0.0.1"


@click.command()
@click.option("--http", is_flag=True, help="Serve streamable HTTP on this machine only (default: stdio).")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Port for --http."
)
@click.option("--writer", type=click.Choice(["llm", "none"]), help="Whether a model writes the answers.")
@click.option("--source", type=click.Choice(["arxiv", "snapshot"]), help="Where newer papers come from.")
@click.option("--snapshot", metavar="PATH", help="Snapshot file or folder, for --source snapshot.")
@click.pass_context
def command(ctx: click.Context, /, http: bool, port: int, **flags: Any) -> None:
    """Serve the ledger over the Model Context Protocol; fetching, retesting and exporting ask first."""
    from agent.mcp import server
    from agent.wiring.chat import open_chat

    with open_chat(settings_of(ctx, **flags)) as chat:
        chat.warm()
        served = server(chat)
        if http:
            _serve(served.streamable_http_app(), port)
        else:
            served.run("stdio")


def _serve(app: Any, port: int) -> None:
    """Serve on loopback and print the address; port 0 picks a free port."""
    import uvicorn

    with socket.create_server((LOOPBACK, port)) as bound:
        click.echo(f"http://{LOOPBACK}:{bound.getsockname()[1]}/mcp", err=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[bound])
