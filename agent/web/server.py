"""How the server treats connections: a time limit for requests, a cap, and whose proxy headers count."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

SECONDS, MOST_CONNECTIONS = 20.0, 200
"""How long a client may take to send a whole request, and how many clients may be connected."""
_RECEIVED = (h11.DONE, h11.MUST_CLOSE, h11.CLOSED, h11.ERROR)


class LimitedProtocol(H11Protocol):
    """HTTP that closes connections whose request does not arrive in time (Slowloris, CWE-400)."""

    seconds, most_connections = SECONDS, MOST_CONNECTIONS
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accept a connection, unless there are too many."""
        super().connection_made(transport)  # type: ignore[arg-type]  # uvicorn's own signature is narrower
        if len(self.connections) > self.most_connections:
            self.transport.abort()
            return
        self._wait_for_a_request()

    def data_received(self, data: bytes) -> None:
        """Take in part of a request; the deadline ends once all of it, body included, is there."""
        self._wait_for_a_request()
        super().data_received(data)
        if self.conn.their_state in _RECEIVED:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the deadline."""
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait_for_a_request(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self.seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


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
