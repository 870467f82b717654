"""HTTP to arXiv through the polite gate: every request waits its turn, and every response is checked.

After a refusal we wait; a body that is truncated, too slow or not what was requested is requested
again. A failure that persists raises SourceError; it never becomes an empty response.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import BinaryIO
from urllib.parse import quote

import requests
from urllib3.exceptions import HTTPError

from agent import __version__
from agent.adapters.arxiv.rate_limiter import RateLimiter
from agent.errors import SourceError
from agent.logs import tell
from agent.ports.clock import Clock
from agent.tracing import span

TRIES = 4
CONNECT_S, READ_S = 10.0, 60.0
MOST_BYTES = 64 * 2**20
CHUNK = 65536
_TRY_AGAIN = (429, 500, 502, 503, 504)
_NEVER_THERE = ("NewConnectionError", "NameResolutionError", "ConnectTimeoutError", "refused", "resolve")


@dataclass
class Answer:
    """An HTTP response; its whole body is in `body`, or in the file passed to `get`."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b""


Check = Callable[[Answer], str]
"""Says in a few words what is wrong with a response; empty if nothing is."""


Heard = Callable[[Answer], None]
"""Called with status and headers, before the body is read."""


@dataclass(frozen=True)
class Attempt:
    """One attempt: the response, what is wrong with it, and how long we were asked to wait."""

    answer: Answer | None = None
    wrong: str = ""
    wait: float | None = None
    never_there: bool = False


def _nothing_wrong(_: Answer) -> str:
    return ""


@dataclass
class ArxivHttp:
    """The only route to arXiv. `asked` counts the requests made; `reached` is whether any was answered.

    `seconds` is the time limit for one response, `monotonic` the clock that measures it.
    """

    gate: RateLimiter
    clock: Clock
    contact: str = ""
    seconds: float = 180.0
    monotonic: Callable[[], float] = time.monotonic
    asked: int = 0
    session: requests.Session = field(default_factory=requests.Session)
    reached: bool = False

    def get(
        self,
        url: str,
        *,
        check: Check = _nothing_wrong,
        headers: Mapping[str, str] | None = None,
        into: BinaryIO | None = None,
        tries: int = TRIES,
        most_bytes: int = MOST_BYTES,
        heard: Heard = lambda _: None,
    ) -> Answer:
        """Request `url` until a response passes `check`, at most `tries` times, without redirects.

        A good response's body is written `into` the file if one is passed: at its current position, or
        from its beginning if the server sends the whole (200) instead of the rest (206). `heard` is
        called with the status and headers before the body is read.

        Raises SourceError naming the last failure: Unfit if there was a response, TooMuch if it was
        larger than `most_bytes`.
        """
        attempt = Attempt()
        for _ in range(tries):
            with self.gate.turn() as turn, span("retest.arxiv", url=url.partition("?")[0]):
                attempt = self._attempt(url, dict(headers or {}), into, most_bytes, heard, check)
                status = attempt.answer.status if attempt.answer else "no answer"
                tell("arxiv", url=url, status=status, wrong=attempt.wrong)
                if attempt.answer and not attempt.wrong:
                    turn.answered()
                    return attempt.answer
                turn.refused(attempt.wait)
            if not self.reached and attempt.never_there:
                break
        message = f"arXiv is out of reach at {url.partition('?')[0]}: {attempt.wrong}"
        way_out = "try later, or use --source snapshot --snapshot PATH"
        if attempt.answer:
            raise Unfit(message, way_out, attempt.answer.status)
        raise SourceError(message, way_out)

    def _attempt(
        self, url: str, headers: dict[str, str], into: BinaryIO | None, most: int, heard: Heard, check: Check
    ) -> Attempt:
        """Make one attempt and check the response."""
        try:
            answer = self._once(url, headers, into, most, heard)
        except (requests.exceptions.RequestException, HTTPError, UnicodeError, ValueError) as error:
            return Attempt(wrong=cause(error), never_there=any(word in str(error) for word in _NEVER_THERE))
        self.reached = True
        wrong = f"HTTP {answer.status}" if answer.status in _TRY_AGAIN else check(answer)
        return Attempt(answer, wrong, retry_after(answer.headers.get("Retry-After"), self.clock))

    def _once(
        self, url: str, headers: dict[str, str], into: BinaryIO | None, most: int, heard: Heard
    ) -> Answer:
        contact = quote(self.contact, safe=" @:/.,+()<>-_~") or "no contact given"
        headers |= {"User-Agent": f"retest/{__version__} (dated-claim retesting; {contact})"}
        self.asked += 1
        began = self.monotonic()
        with self.session.get(
            url, headers=headers, timeout=(CONNECT_S, READ_S), stream=True, allow_redirects=False
        ) as response:
            body = io.BytesIO()
            sink = into if into and response.status_code in (200, 206) else body
            if into and response.status_code == 200:
                into.seek(0)
                into.truncate()
            heard(Answer(url, response.status_code, response.headers))
            for chunk in self._chunks(response, began, most):
                sink.write(chunk)
        return Answer(url, response.status_code, response.headers, body.getvalue())

    def _chunks(self, response: requests.Response, began: float, most: int) -> Iterator[bytes]:
        """Yield the body as it arrives; one that only trickles in must not hold the gate indefinitely."""
        size = int(response.headers.get("Content-Length") or 0)
        if size > most:
            raise TooMuch(f"{size // 2**20} MB")
        size = 0
        while chunk := response.raw.read1(CHUNK, decode_content=True):
            size += len(chunk)
            if size > most:
                raise TooMuch(f"more than {most // 2**20} MB")
            yield chunk
            if self.monotonic() - began > self.seconds:
                raise requests.exceptions.ReadTimeout(f"timed out after {self.seconds:.0f} s")


class Unfit(SourceError):
    """There was a response, with a `status`, but not the one requested."""

    def __init__(self, message: str, way_out: str = "", status: int = 0) -> None:
        super().__init__(message, way_out)
        self.status = status


class TooMuch(SourceError):
    """A response larger than the size limit."""


def retry_after(value: str | None, clock: Clock) -> float | None:
    """Seconds to wait, from a Retry-After header (RFC 9110, 10.2.3); None if absent or unreadable."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        return (parsedate_to_datetime(value) - clock.now()).total_seconds()
    except (ValueError, TypeError):
        return None


def cause(error: Exception) -> str:
    """Describe a connection error in a few words."""
    text = str(error)
    if "Name or service not known" in text or "NameResolution" in text or "resolve" in text:
        return "the host name cannot be resolved"
    if "refused" in text:
        return "connection refused"
    if "timed out" in text:
        return "timed out"
    if "IncompleteRead" in text:
        return "the response was cut short"
    broke = "Connection" in type(error).__name__ or "Connection" in text
    return "the connection was lost" if broke else f"{type(error).__name__} {text[:80]}"
