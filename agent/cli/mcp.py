"""`retest mcp`."""

from __future__ import annotations

import socket
from typing import Any

import click

from agent.cli.shared import settings_of

PORT, LOOPBACK = 8766, "127.0.0.1"


@click.command()
@click.option("--http", is_flag=True, help="Streamable HTTP on this machine alone; else standard in and out.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Port of --http."
)
@click.option("--writer", type=click.Choice(["llm", "none"]), help="Whether a model words the answers.")
@click.option("--source", type=click.Choice(["arxiv", "snapshot"]), help="Where newer papers come from.")
@click.option("--snapshot", metavar="PATH", help="Snapshot file or folder, for --source snapshot.")
@click.pass_context
def command(ctx: click.Context, /, http: bool, port: int, **flags: Any) -> None:
    """Serve the ledger by the Model Context Protocol; papers, retests and exports ask the person first."""
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
    """Serve on loopback, and say where: port 0 takes a free one."""
    import uvicorn

    with socket.create_server((LOOPBACK, port)) as bound:
        click.echo(f"http://{LOOPBACK}:{bound.getsockname()[1]}/mcp", err=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[bound])
