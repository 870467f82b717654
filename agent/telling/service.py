"""Notify every channel of the runs it has not received yet. A failed delivery is retried next time."""

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
"""How many past runs with a new verdict are considered, and how often each is sent to a channel."""


class Delivered(NamedTuple):
    """The outcome: the number of deliveries made, and one line per failure."""

    made: int
    failed: tuple[str, ...]


def tell(
    home: Home, ledger: Ledger, channels: Mapping[str, Channel], when: str, now: Callable[[], str]
) -> Delivered:
    """Write the feed and send each channel what it has not received yet.

    `when` is "changes", "always" or "never". A new channel gets only the latest news; nothing older than the
    first run offered to a channel is ever sent to it.
    """
    if when == "never":
        return Delivered(0, ())
    all_news = [n for n in _news(ledger) if n.changes or when == "always"]
    write_atomically(home.feed, feed(all_news, home.root.name), shared=True)
    made, failed = 0, []
    for name, channel in channels.items():
        for news in _unheard(ledger, name, all_news):
            try:
                channel.send(message_of(news))
            except Exception as error:  # any failure of one channel must not stop the others
                reason = str(error) if isinstance(error, DeliveryError) else type(error).__name__
                failed.append(f"{name}: {reason}")
                _note(ledger, news, name, reason, now())
                break  # the channel is down: later news waits, to stay in order
            _note(ledger, news, name, "", now())
            made += 1
    return Delivered(made, tuple(failed))


def _news(ledger: Ledger) -> list[News]:
    """What the last runs had to report, oldest first."""
    with ledger.read() as db:
        runs = [r for r in store.runs.telling(db, MOST_RUNS) if r.finished_at]
        found = [_news_of_run(db, run) for run in reversed(runs)]
    return [n for n in found if n]


def _news_of_run(db: Connection, run: Run) -> News | None:
    """What a run had to report; only the claims it gave a verdict are loaded."""
    claim_ids = store.verdicts.claims_of_run(db, run.id)
    return news_of(build(load(db, run.as_of, run_id=run.id, only=claim_ids)))


def _unheard(ledger: Ledger, channel: str, all_news: list[News]) -> list[News]:
    with ledger.read() as db:
        attempts = store.deliveries.of_channel(db, channel)
    if not attempts:
        return all_news[-1:]
    first = min((n.finished_at for n in all_news if n.run_id in attempts), default="")
    return [n for n in all_news if n.finished_at >= first and _is_open(attempts.get(n.run_id))]


def _is_open(attempt: Delivery | None) -> bool:
    """Whether a run still has to be delivered and has not been tried too often."""
    return attempt is None or bool(attempt.error and attempt.times < MOST_ATTEMPTS)


def _note(ledger: Ledger, news: News, channel: str, error: str, now: str) -> None:
    with ledger.write() as db:
        store.deliveries.note(db, news.run_id, channel, error, now)
