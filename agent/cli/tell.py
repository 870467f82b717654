"""`retest tell`."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from agent.cli.shared import reading, settings_of, today
from agent.errors import UsageError
from agent.settings import Settings
from store.home.files import Home
from store.ledger import Ledger

FAILED = 3


@click.command()
@click.option("--test", is_flag=True, help="Send the last run to every channel, even if nothing changed.")
@click.pass_context
def command(ctx: click.Context, test: bool) -> int:
    """Send what changed to every channel that has not had it: feed, mail, webhook, Apprise."""
    settings = settings_of(ctx)
    failed = _test(settings) if test else tell(settings)
    return FAILED if failed else 0


def tell(settings: Settings) -> bool:
    """Notify every channel; print failures on stderr and return whether there were any."""
    from agent.telling.service import tell as tell_all
    from agent.wiring.telling import channels

    home = Home(settings.home)
    set_up, wrong = channels(settings)
    ledger = Ledger.open(home.ledger)
    try:
        done = tell_all(home, ledger, set_up, settings.tell, _now)
    finally:
        ledger.close()
    for problem in (*wrong, *done.failed):
        click.echo(f"retest: not delivered: {problem}", err=True)
    if done.made:
        click.echo(f"delivered {done.made} message{'s' if done.made != 1 else ''}", err=True)
    return bool(wrong or done.failed)


def _test(settings: Settings) -> bool:
    from agent.errors import DeliveryError
    from agent.telling.message import message_of, news_of
    from agent.views.load import load
    from agent.views.model import build
    from agent.wiring.telling import channels

    with reading(settings) as db:
        news = news_of(build(load(db, today())))
    if news is None:
        raise UsageError("no run has finished yet", "run: retest run")
    set_up, wrong = channels(settings)
    for name, channel in set_up.items():
        try:
            channel.send(message_of(news))
            click.echo(f"{name}: delivered", err=True)
        except DeliveryError as error:
            wrong.append(f"{name}: {error}")
    for problem in wrong:
        click.echo(f"retest: not delivered: {problem}", err=True)
    return bool(wrong)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
