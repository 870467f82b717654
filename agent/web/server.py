"""How the server treats connections: a time limit for requests, a cap, and whose proxy headers count."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS, MOST_CONNECTIONS, MOST_OF_ONE = 20.0, 200, 50
"""How long a client may take to send a whole request or to go on reading; how many connections there may be,
and from one address beyond this machine."""
_SENDING = (h11.IDLE, h11.SEND_BODY)


class LimitedProtocol(H11Protocol):
    """HTTP that closes connections whose request does not arrive in time, or whose client does not read.

    See Slowloris (CWE-400). The deadline covers pipelined requests too, whose bytes came with an earlier one.
    """

    seconds, most_connections = SECONDS, MOST_CONNECTIONS
    _deadline: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept a connection, unless there are too many."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn's own signature is narrower
        if len(self.connections) > self.most_connections or self._are_too_many_of_one():
            self.transport.abort()
            return
        self._deadline = self.loop.call_later(self.seconds, self.transport.abort)

    def handle_events(self) -> None:
        """Take in what has arrived; the deadline ends once all of a request, body included, is there."""
        super().handle_events()
        is_begun = self.conn.their_state is h11.SEND_BODY or bool(self.conn.trailing_data[0])
        if self.conn.their_state in _SENDING and is_begun:
            if self._deadline is None:
                self._deadline = self.loop.call_later(self.seconds, self.transport.abort)
        elif self.conn.their_state not in _SENDING:
            _cancel(self._deadline)
            self._deadline = None

    def pause_writing(self) -> None:
        """Wait for a client to read, but not for ever."""
        super().pause_writing()
        self._stalled = self.loop.call_later(self.seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client reads again."""
        _cancel(self._stalled)
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadlines."""
        _cancel(self._deadline)
        _cancel(self._stalled)
        super().connection_lost(exc)

    def _are_too_many_of_one(self) -> bool:
        address = self.client[0] if self.client else ""
        if address in ("", "127.0.0.1", "::1"):  # a proxy or this machine's own user
            return False
        clients = (getattr(connection, "client", None) for connection in self.connections)
        return len([c for c in clients if c and c[0] == address]) > MOST_OF_ONE


def _cancel(timer: asyncio.TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()


def config(
    app: Any, *, certfile: str | None = None, keyfile: str | None = None, proxy: str = "",
    protocol: type[LimitedProtocol] = LimitedProtocol,
) -> uvicorn.Config:  # fmt: skip
    """The server's configuration. X-Forwarded-For counts only from the address `proxy`, if there is one."""
    return uvicorn.Config(
        app, log_level="warning", ssl_certfile=certfile, ssl_keyfile=keyfile, server_header=False,
        timeout_graceful_shutdown=5, http=protocol, ws="none", proxy_headers=bool(proxy),
        forwarded_allow_ips=proxy or None,
    )  # fmt: skip
