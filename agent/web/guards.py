"""Checks in front of every page: access, origin and CSRF, request size and rate, security headers.

A page on another site can send requests to a server on this machine, and a host name that resolves to
127.0.0.1 can read its answers (DNS rebinding). So the Host header must be one of ours, a change must come
from our own pages (Origin, and a token in the form: OWASP CSRF Prevention Cheat Sheet), and beyond loopback
every request needs a token.
"""

from __future__ import annotations

import hmac
import re
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
COSTLY = re.compile(r"/report/|/api/|.*\.svg$")
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
    """Who has access: if `token` is empty, anybody who can connect, which must then mean loopback only."""

    hosts: Collection[str]
    token: str = ""
    is_secure: bool = False
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    def csrf(self, session: str) -> str:
        """The CSRF token for a session's forms."""
        return hmac.new(self.key, session.encode(), sha256).hexdigest()

    def pass_of(self) -> str:
        """The cookie value for a client that has shown the token; it does not reveal the token."""
        return hmac.new(self.key, self.token.encode(), sha256).hexdigest()

    def knows(self, headers: Headers, cookies: MutableMapping[str, str]) -> bool:
        """Whether the request carries the token or its cookie."""
        return not self.token or self.is_bearer(headers) or _same(cookies.get(TOKEN, ""), self.pass_of())

    def is_bearer(self, headers: Headers) -> bool:
        """Whether the request carries the token itself, as programs send it and browsers do not."""
        bearer = headers.get("authorization", "").removeprefix("Bearer ")
        return bool(self.token) and _same(bearer, self.token)


class Guard:
    """Enforces access as ASGI middleware."""

    def __init__(self, app: Any, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._app, self._access, self._clock = app, access, clock
        self._asked: dict[str, deque[float]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with a reason."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        session = request.cookies.get(SESSION) or secrets.token_urlsafe(24)
        scope.setdefault("state", {})["session"] = session
        scope["state"]["csrf"] = self._access.csrf(session)
        refused = self._why_not(request)
        is_new = refused is None and SESSION not in request.cookies
        reply = _with_headers(send, self._access, session, is_new=is_new)
        if refused is not None:
            await refused(scope, receive, reply)
            return
        await self._app(scope, _limited(receive), reply)

    def _why_not(self, request: Request) -> Response | None:
        headers = request.headers
        if _host_of(f"//{headers.get('host', '')}") not in self._access.hosts:
            return _refusal(400, "this host name is not accepted", "add it with retest serve --name")
        if not self._has_turn(request.client.host if request.client else ""):
            return _refusal(429, "too many requests", "wait a minute")
        length = headers.get("content-length") or "0"
        if not length.isdigit() or int(length) > MOST_BYTES:
            return _refusal(413, "the request is too large", f"send at most {MOST_BYTES // 10**6} MB")
        path = request.url.path
        if not path.startswith(OPEN) and not self._access.knows(headers, request.cookies):
            if path.startswith("/api/"):
                return _refusal(401, "a token is needed", "send Authorization: Bearer TOKEN")
            return RedirectResponse("/login", status_code=303)
        if request.method not in READS and not _is_ours(headers):
            return _refusal(403, "the request comes from another site", "use Retest's own pages")
        if request.method in READS and not _may_read(headers, path):
            return _refusal(403, "another site asked for this", "open it from Retest's own pages")
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
    """Whether a change carries its session's CSRF token (in form or header), or the server's own token."""
    header = request.headers.get("x-csrf-token", "")
    access: Access = request.app.state.access
    return _same(given or header, request.state.csrf) or access.is_bearer(request.headers)


def _is_ours(headers: Headers) -> bool:
    """Whether a change comes from our own pages, or from a client that is not a browser."""
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    if site not in (None, "same-origin", "none"):
        return False
    return origin is None or origin.partition("://")[2] == headers.get("host")


def _may_read(headers: Headers, path: str) -> bool:
    """Whether a read is our own, or a person following a link to a page.

    Other sites may link to pages, but cannot have reports made, pictures drawn or the API read, whether as an
    image, a frame or a link (Fetch Metadata, https://www.w3.org/TR/fetch-metadata/).
    """
    if headers.get("sec-fetch-site") in (None, "same-origin", "none"):
        return True
    return headers.get("sec-fetch-mode") == "navigate" and not COSTLY.match(path)


def _host_of(address: str) -> str | None:
    """The host name in a URL, in lower case, or None if the URL is invalid."""
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _refusal(status: int, why: str, way_out: str) -> Response:
    return JSONResponse({"error": why, "way_out": way_out}, status)


def _with_headers(send: Send, access: Access, session: str, *, is_new: bool) -> Send:
    """Add security headers to every response, and the cookie to a session's first one."""

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
    """A cookie that scripts cannot read and other sites cannot send."""
    return f"{name}={value}; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if access.is_secure else "")


def _limited(receive: Receive) -> Receive:
    """Cut off a body that exceeds the limit, for requests that do not state their length."""
    size = 0

    async def received() -> MutableMapping[str, Any]:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MOST_BYTES:
            return {"type": "http.disconnect"}
        return message

    return received


def _same(given: str, expected: str) -> bool:
    return bool(given) and hmac.compare_digest(given.encode(), expected.encode())
