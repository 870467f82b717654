"""`retest serve`."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from agent.cli.shared import settings_of
from agent.errors import UsageError
from agent.schedule import loop, storage
from agent.schedule.due import Weekly, parse
from agent.settings import Settings
from store.home.files import Home

PORT, LEAST_TOKEN, LOOPBACK = 8765, 16, ("127.0.0.1", "::1", "localhost")


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="Port; 0 picks a free one."
)
@click.option("--name", "names", multiple=True, help="A host name of this server; may be repeated.")
@click.option("--token", envvar="RETEST_TOKEN", help="Access token; required to serve other machines.")
@click.option("--certfile", type=click.Path(exists=True, dir_okay=False), help="TLS certificate.")
@click.option("--keyfile", type=click.Path(exists=True, dir_okay=False), help="Key of the TLS certificate.")
@click.option("--behind-tls", is_flag=True, help="A proxy on this machine or network terminates TLS.")
@click.option(
    "--proxy", default="127.0.0.1", show_default=True,
    help="With --behind-tls: the proxy's address, from which alone X-Forwarded-For is believed.",
)  # fmt: skip
@click.option("--insecure", is_flag=True, help="Serve other machines without TLS; traffic can be read.")
@click.option("--writer", type=click.Choice(["llm", "none"]), help="Whether a model writes the answers.")
@click.option("--weekly", metavar="'DAY HH:MM'", help="Also run every week (default: the home's schedule).")
@click.option("--tz", default="UTC", show_default=True, metavar="ZONE", help="Time zone of --weekly.")
@click.option("--no-web", is_flag=True, help="Run every week, but serve no pages.")
@click.pass_context
def command(
    ctx: click.Context, /, host: str, port: int, names: tuple[str, ...], token: str | None,
    weekly: str | None, tz: str, no_web: bool, **how: Any,
) -> None:  # fmt: skip
    """Serve the pages and the API, and run every week if scheduled. Stops on SIGTERM or Ctrl-C."""
    settings = settings_of(ctx, writer=how.pop("writer"))
    home = Home(Path(settings.home).resolve())
    schedule = parse(weekly, tz) if weekly else storage.read(home)
    if schedule is None and no_web:
        raise UsageError("no schedule", "use --weekly 'mon 06:00'")
    if not no_web:
        _check_open(host, token, **{k: v for k, v in how.items() if k != "proxy"})
    if weekly and schedule:
        storage.save(home, schedule)
    stop = threading.Event()
    weekly_runs = threading.Thread(target=_keep, args=(home, schedule, stop)) if schedule else None
    if weekly_runs and not no_web:
        weekly_runs.start()
    # The web server re-raises the signal after it has shut down; without our own handler it would kill us.
    _stop_at_signals(stop)
    try:
        if no_web and schedule:
            _keep(home, schedule, stop)
        else:
            _serve(settings, host, port, names, token or "", how)
    finally:
        stop.set()
        if weekly_runs and weekly_runs.is_alive():
            weekly_runs.join()


def _check_open(host: str, token: str | None, *, certfile: str | None, keyfile: str | None,
                behind_tls: bool, insecure: bool) -> None:  # fmt: skip
    """Require a token and TLS for a host other than this machine. Raises UsageError."""
    if bool(certfile) != bool(keyfile):
        raise UsageError("TLS needs both --certfile and --keyfile", "give both")
    if token and len(token) < LEAST_TOKEN:
        raise UsageError("the token is too short", f"use at least {LEAST_TOKEN} characters")
    if host in LOOPBACK:
        return
    if not token:
        raise UsageError(f"--host {host} opens the pages to others", "use --token, or set RETEST_TOKEN")
    if not (certfile or behind_tls or insecure):
        raise UsageError("without TLS the token can be read in transit",
                         "use --certfile and --keyfile, --behind-tls, or --insecure")  # fmt: skip


def _serve(
    settings: Settings, host: str, port: int, names: tuple[str, ...], token: str, how: dict[str, Any]
) -> None:
    import uvicorn

    from agent.web.app import build
    from agent.web.server import config

    secure = bool(how["certfile"] or how["behind_tls"])
    app: Any = build(settings, {name.lower() for name in (*LOOPBACK, host, *names)}, token, is_secure=secure)
    proxy = how["proxy"] if how["behind_tls"] else ""
    limited = config(app, certfile=how["certfile"], keyfile=how["keyfile"], proxy=proxy)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        bound = socket.create_server((host, port), family=family)
    except OSError as error:
        raise UsageError(
            f"cannot listen at {host}:{port}: {error.strerror}", "choose another --port"
        ) from error
    with bound:
        shown = f"[{host}]" if ":" in host else host
        app.state.retest.chat.warm()
        click.echo(f"http{'s' if how['certfile'] else ''}://{shown}:{bound.getsockname()[1]}/", err=True)
        uvicorn.Server(limited).run(sockets=[bound])


def _stop_at_signals(stop: threading.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())


def _keep(home: Home, schedule: Weekly, stop: threading.Event) -> None:
    click.echo(f"retest runs {schedule}", err=True)
    loop.keep(lambda: _try(home, schedule, stop), stop, lambda e: click.echo(f"retest: {e}", err=True))


def _try(home: Home, schedule: Weekly, stop: threading.Event) -> None:
    """Run what is due in a separate process, which is stopped when we are."""
    is_due, begun = storage.outstanding(home, schedule, datetime.now(UTC))
    if not is_due and begun is None:
        return
    args = [sys.executable, "-m", "agent", "--home", str(home.root), "run", "--if-due"]
    with subprocess.Popen(args) as run:  # noqa: S603  our own program
        while run.poll() is None:
            if stop.wait(1):
                run.send_signal(signal.SIGINT)
                run.wait()
    click.echo(f"retest run ended with exit code {run.returncode}", err=True)
