"""Helpers shared by commands: settings from flags, an open ledger, JSON output."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import click
from sqlalchemy import Connection

from agent.settings import Settings, load
from store.home.files import Home
from store.ledger import Ledger
from store.records import Claim

WIDE = 140


def settings_of(ctx: click.Context, **flags: Any) -> Settings:
    """Return a command's settings; its flags override everything else."""
    return load({"home": ctx.find_root().obj["home"], **flags})


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """Open the home's ledger for reading."""
    ledger = Ledger.open(Home(settings.home).ledger)
    try:
        with ledger.read() as db:
            yield db
    finally:
        ledger.close()


@contextmanager
def writing(ctx: click.Context) -> Iterator[Connection]:
    """Open one write transaction on the home's ledger."""
    ledger = Ledger.open(Home(settings_of(ctx).home).ledger)
    try:
        with ledger.write() as db:
            yield db
    finally:
        ledger.close()


def now() -> str:
    """Return the current time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def today() -> str:
    """Return today's date in UTC."""
    return datetime.now(UTC).date().isoformat()


def console() -> Any:
    """Return a console that prints text literally, and `WIDE` columns wide if it is not a terminal."""
    from rich.console import Console

    plain = partial(Console, markup=False, emoji=False, highlight=False)
    return plain() if plain().is_terminal else plain(width=WIDE)


def print_json(document: Any) -> None:
    """Print one JSON document on stdout."""
    click.echo(json.dumps(document, indent=1, ensure_ascii=False))


def tagged(claims: list[Claim], word: str | None) -> list[Claim]:
    """Return the claims that have a tag, or all claims if no tag is given."""
    return claims if word is None else [c for c in claims if word.casefold() in c.tags]
