"""HTTP to arXiv through the polite gate: every request waits its turn, and every answer is doubted.

A refusal is waited out; a body that is cut short, comes too slowly or is not what was asked for is
asked for again. What stays wrong is a SourceError, never an empty answer.
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
from agent.adapters.arxiv.gate import PoliteGate
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
    """An HTTP answer, its body read whole into `body` or into the file given."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b""


Check = Callable[[Answer], str]
"""Says in a few words what is wrong with an answer; empty when nothing is."""


Heard = Callable[[Answer], None]
"""Called with status and headers, before the body is read."""


@dataclass(frozen=True)
class Told:
    """What one try brought: an answer, what is wrong, and how long we were asked to wait."""

    answer: Answer | None = None
    wrong: str = ""
    wait: float | None = None
    never_there: bool = False


def _nothing_wrong(_: Answer) -> str:
    return ""


@dataclass
class ArxivHttp:
    """The one way to arXiv. `asked` counts the requests made; `reached`: whether any was ever answered.

    `seconds` is what one answer may take, `monotonic` the clock that tells.
    """

    gate: PoliteGate
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
        """Ask until an answer passes `check`, `tries` times at most. Redirects are not followed.

        A good answer's body goes `into` the file where one is given, from where it stands, or from its
        beginning when the server sends the whole (200) in place of the rest (206). `heard` is called
        with the status and headers before the body is read.

        Raises SourceError naming the last thing that went wrong: Unfit where an answer came, TooMuch
        where it was larger than `most_bytes`.
        """
        told = Told()
        for _ in range(tries):
            with self.gate.turn() as turn, span("retest.arxiv", url=url.partition("?")[0]):
                told = self._told(url, dict(headers or {}), into, most_bytes, heard, check)
                said = told.answer.status if told.answer else "no answer"
                tell("arxiv", url=url, status=said, wrong=told.wrong)
                if told.answer and not told.wrong:
                    turn.answered()
                    return told.answer
                turn.refused(told.wait)
            if not self.reached and told.never_there:
                break
        said = f"arXiv is out of reach at {url.partition('?')[0]}: {told.wrong}"
        way_out = "try later, or use --source snapshot --snapshot PATH"
        raise Unfit(said, way_out, told.answer.status) if told.answer else SourceError(said, way_out)

    def _told(
        self, url: str, headers: dict[str, str], into: BinaryIO | None, most: int, heard: Heard, check: Check
    ) -> Told:
        """One try: the answer, and what is wrong with it."""
        try:
            answer = self._once(url, headers, into, most, heard)
        except (requests.exceptions.RequestException, HTTPError, UnicodeError, ValueError) as error:
            return Told(wrong=cause(error), never_there=any(word in str(error) for word in _NEVER_THERE))
        self.reached = True
        wrong = f"HTTP {answer.status}" if answer.status in _TRY_AGAIN else check(answer)
        return Told(answer, wrong, retry_after(answer.headers.get("Retry-After"), self.clock))

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
        """What has come so far, again and again: a body that trickles must not hold the gate for ever."""
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
    """An answer came, with a `status`, and was not what was asked for."""

    def __init__(self, message: str, way_out: str = "", status: int = 0) -> None:
        super().__init__(message, way_out)
        self.status = status


class TooMuch(SourceError):
    """An answer larger than any we take."""


def retry_after(value: str | None, clock: Clock) -> float | None:
    """Seconds to wait for, from a Retry-After header (RFC 9110, 10.2.3); None when unreadable."""
    if value is None:
        return None
    if value.strip().isascii() and value.strip().isdigit():
        return float(value)
    try:
        return (parsedate_to_datetime(value) - clock.now()).total_seconds()
    except (ValueError, TypeError):
        return None


def cause(error: Exception) -> str:
    """A broken connection in a few words."""
    text = str(error)
    if "Name or service not known" in text or "NameResolution" in text or "resolve" in text:
        return "its name cannot be resolved"
    if "refused" in text:
        return "connection refused"
    if "timed out" in text:
        return "timed out"
    if "IncompleteRead" in text:
        return "the answer was cut short"
    broke = "Connection" in type(error).__name__ or "Connection" in text
    return "the connection broke" if broke else f"{type(error).__name__} {text[:80]}"
