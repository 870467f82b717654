"""The pages, served over real HTTP on loopback by the real server, with a chat whose model is not loaded."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from agent.chat.service import Chat
from agent.settings import Settings, load
from agent.web.app import LOOPBACK, build
from agent.web.server import LimitedProtocol, config
from store.home.files import Home
from tests.standins.talk import chat_over


@contextmanager
def site(
    home: Home, *, model: str | None = None, token: str = "",
    protocol: type[LimitedProtocol] = LimitedProtocol, **more: Any,
) -> Iterator[str]:  # fmt: skip
    """Serve a home; yield the address. `model` is the address of a scripted model."""

    @contextmanager
    def chat_of(_: Settings) -> Iterator[Chat]:
        with chat_over(home, model) as (chat, _deeds):
            yield chat

    settings = load({"home": str(home.root), **more}, {})
    with served(build(settings, LOOPBACK, token, chat_of=chat_of), protocol) as address:
        yield address


@contextmanager
def served(app: Any, protocol: type[LimitedProtocol] = LimitedProtocol) -> Iterator[str]:
    """Serve an application on a free port; yield the address."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        limited = config(app, protocol=protocol)
        limited.timeout_graceful_shutdown = 1
        server = uvicorn.Server(limited)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{bound.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
