"""What stands before every page: who may ask, from where, how much and how often; and what a browser may do.

A page on another site can send requests to a server on this machine; a name that is pointed at 127.0.0.1 can
read its answers (DNS rebinding). So the Host has to be one of ours, a change has to come from our own pages
(Origin, and a token in the form: OWASP CSRF Prevention Cheat Sheet), and beyond loopback all need a token.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import deque
from collections.abc import Awaitable, Callable, Collection, MutableMapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
MOST_BYTES, MOST_REQUESTS, WINDOW = 2_000_000, 600, 60.0
SESSION, TOKEN = "retest_session", "retest_token"  # names of cookies
READS = ("GET", "HEAD", "OPTIONS")
OPEN = ("/healthz", "/login", "/static/")
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'; manifest-src 'self'"
)
HEADERS = {
    "Content-Security-Policy": CSP, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY", "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}  # fmt: skip


@dataclass
class Access:
    """Who may come in. `token` empty: everybody who reaches us, which then has to be loopback alone."""

    hosts: Collection[str]
    token: str = ""
    is_secure: bool = False
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def csrf(self, session: str) -> str:
        """The token that forms of a session carry."""
        return hmac.new(self.key, session.encode(), sha256).hexdigest()

    def pass_of(self) -> str:
        """What the cookie of somebody with the token holds: not the token."""
        return hmac.new(self.key, self.token.encode(), sha256).hexdigest()

    def knows(self, headers: Headers, cookies: MutableMapping[str, str]) -> bool:
        """Whether somebody has shown the token."""
        given = headers.get("authorization", "").removeprefix("Bearer ")
        return not self.token or _same(given, self.token) or _same(cookies.get(TOKEN, ""), self.pass_of())


class Guard:
    """The access as ASGI middleware."""

    def __init__(self, app: Any, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._access, self._clock = app, access, clock
        self._asked: dict[str, deque[float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request in, or answer why not."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        session = request.cookies.get(SESSION) or secrets.token_urlsafe(24)
        scope.setdefault("state", {})["session"] = session
        scope["state"]["csrf"] = self._access.csrf(session)
        refused = self._why_not(request)
        is_new = refused is None and SESSION not in request.cookies
        leaving = _dressed(send, self._access, session, is_new=is_new)
        if refused is not None:
            await refused(scope, receive, leaving)
            return
        await self._app(scope, _limited(receive), leaving)

    def _why_not(self, request: Request) -> Response | None:
        headers = request.headers
        if _host_of(f"//{headers.get('host', '')}") not in self._access.hosts:
            return _refusal(400, "this server does not go by that name", "retest serve --host names it")
        if not self._has_turn(request.client.host if request.client else ""):
            return _refusal(429, "too many requests", "wait a minute")
        length = headers.get("content-length") or "0"
        if not length.isdigit() or int(length) > MOST_BYTES:
            return _refusal(413, "too much at once", f"send at most {MOST_BYTES // 10**6} MB")
        path = request.url.path
        if not path.startswith(OPEN) and not self._access.knows(headers, request.cookies):
            if path.startswith("/api/"):
                return _refusal(401, "a token is needed", "send Authorization: Bearer TOKEN")
            return RedirectResponse("/login", status_code=303)
        if request.method not in READS and not _is_ours(headers):
            return _refusal(403, "that comes from another site", "use our own pages")
        return None

    def _has_turn(self, client: str) -> bool:
        now = self._clock()
        asked = self._asked.setdefault(client, deque())
        while asked and asked[0] < now - WINDOW:
            asked.popleft()
        if len(asked) >= MOST_REQUESTS:
            return False
        asked.append(now)
        if len(self._asked) > MOST_REQUESTS:
            self._asked = {client: asked}
        return True


def checks_csrf(request: Request, given: str) -> bool:
    """Whether a change carries its session's token, in the form or in a header; an API token will do, too."""
    header = request.headers.get("x-csrf-token", "")
    return _same(given or header, request.state.csrf) or "authorization" in request.headers


def _is_ours(headers: Headers) -> bool:
    """Whether a change comes from our own pages, or from no browser."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        return False
    return origin is None or origin.partition("://")[2] == headers.get("host")


def _host_of(address: str) -> str | None:
    """The name in an address, in small letters; None in what is no address."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _refusal(status: int, why: str, way_out: str) -> Response:
    return JSONResponse({"error": why, "way_out": way_out}, status)


def _dressed(send: Send, access: Access, session: str, *, is_new: bool) -> Send:
    """Every answer with its safe headers; the first one of a session with its cookie."""

    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", "no-store")
            if is_new:
                headers.append("Set-Cookie", cookie(SESSION, session, access))
        await send(message)

    return sent


def cookie(name: str, value: str, access: Access) -> str:
    """A cookie no script reads and no other site sends."""
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if access.is_secure else "")


def _limited(receive: Receive) -> Receive:
    """A body whose length nobody told is cut off where it is too long."""
    held = 0

    async def received() -> MutableMapping[str, Any]:
        nonlocal held
        message = await receive()
        held += len(message.get("body", b""))
        if held > MOST_BYTES:
            return {"type": "http.disconnect"}
        return message

    return received


def _same(given: str, expected: str) -> bool:
    return bool(given) and hmac.compare_digest(given.encode(), expected.encode())
