"""Tell every channel of every run it has not heard of. A delivery that fails is tried again next time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sqlalchemy import Connection

import store.deliveries
import store.runs
import store.verdicts
from agent.errors import DeliveryError
from agent.ports.channels import Channel
from agent.telling.feed import feed
from agent.telling.message import News, message_of, news_of
from agent.views.load import load
from agent.views.model import build
from store.deliveries import Delivery
from store.home.files import Home, write_atomically
from store.ledger import Ledger
from store.records import Run

MOST_RUNS, MOST_ATTEMPTS = 12, 10
"""Runs with a new verdict that are looked back on, and how often each is offered to a channel."""


class Delivered(NamedTuple):
    """What came of telling: deliveries made, and what failed, in a line each."""

    made: int
    failed: tuple[str, ...]


def tell(
    home: Home, ledger: Ledger, channels: Mapping[str, Channel], when: str, now: Callable[[], str]
) -> Delivered:
    """Write the feed and offer each channel what it has not had.

    `when` is "changes", "always" or "never". The newest run that a channel has heard of ends its past: what
    came before a channel was set up is not told to it.
    """
    if when == "never":
        return Delivered(0, ())
    every = [n for n in _news(ledger) if n.changes or when == "always"]
    write_atomically(home.feed, feed(every, home.root.name), shared=True)
    made, failed = 0, []
    for name, channel in channels.items():
        for news in _unheard(ledger, name, every):
            try:
                channel.send(message_of(news))
            except Exception as error:  # a channel may fail in any way, and must not stop the others
                said = str(error) if isinstance(error, DeliveryError) else type(error).__name__
                failed.append(f"{name}: {said}")
                _note(ledger, news, name, said, now())
                break  # it is down: what follows waits, in order
            _note(ledger, news, name, "", now())
            made += 1
    return Delivered(made, tuple(failed))


def _news(ledger: Ledger) -> list[News]:
    """What the last runs had to say, oldest first."""
    with ledger.read() as db:
        runs = [r for r in store.runs.telling(db, MOST_RUNS) if r.finished_at]
        found = [_news_of_run(db, run) for run in reversed(runs)]
    return [n for n in found if n]


def _news_of_run(db: Connection, run: Run) -> News | None:
    """What a run had to say; only the claims it gave a verdict are loaded."""
    mine = store.verdicts.claims_of_run(db, run.id)
    return news_of(build(load(db, run.as_of, run_id=run.id, only=mine)))


def _unheard(ledger: Ledger, channel: str, every: list[News]) -> list[News]:
    with ledger.read() as db:
        attempts = store.deliveries.of_channel(db, channel)
    if not attempts:
        return every[-1:]
    first = min((n.finished_at for n in every if n.run_id in attempts), default="")
    return [n for n in every if n.finished_at >= first and _is_open(attempts.get(n.run_id))]


def _is_open(attempt: Delivery | None) -> bool:
    """Whether a channel has yet to hear of a run, and has not been offered it too often."""
    return attempt is None or bool(attempt.error and attempt.times < MOST_ATTEMPTS)


def _note(ledger: Ledger, news: News, channel: str, error: str, now: str) -> None:
    with ledger.write() as db:
        store.deliveries.note(db, news.run_id, channel, error, now)
