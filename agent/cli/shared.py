"""What several commands need: settings from flags, an open ledger, JSON out."""

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
    """The settings of a command: its flags over everything else."""
    return load({"home": ctx.find_root().obj["home"], **flags})


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """A view of the home's ledger."""
    ledger = Ledger.open(Home(settings.home).ledger)
    try:
        with ledger.read() as db:
            yield db
    finally:
        ledger.close()


def today() -> str:
    """The present day, in UTC."""
    return datetime.now(UTC).date().isoformat()


def console() -> Any:
    """Where tables are printed: text as text, and wide enough where nobody says how wide."""
    from rich.console import Console

    plain = partial(Console, markup=False, emoji=False, highlight=False)
    return plain() if plain().is_terminal else plain(width=WIDE)


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    click.echo(json.dumps(document, indent=1, ensure_ascii=False))


def tagged(claims: list[Claim], word: str | None) -> list[Claim]:
    """The claims that have a tag; all of them where none is named."""
    return claims if word is None else [c for c in claims if word.casefold() in c.tags]
