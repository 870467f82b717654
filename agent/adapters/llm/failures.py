"""What went wrong with a request: what the server said, and what can be done about it. Pure.

Servers agree on little here, so what their error says in words is read as well as its status.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, Literal

import openai

from agent.adapters.llm.reply import mapping, text_of
from agent.text import without_controls

Kind = Literal["again", "dialect", "too long", "no credit", "refused"]
"""Try again; ask in another way; send less; top up the account; give up."""

MASK, TIMED_OUT = "****", "timed out"
LONGEST_PAUSE_S, MOST_SHOWN, LEAST_SECRET = 120.0, 200, 6
_AGAIN = (408, 409, 425, 429)
_ASK_OTHERWISE = (400, 404, 405, 415, 422, 501)
_TOO_LONG = re.compile(
    r"context[ _-]?(?:length|size|window|limit)|too many (?:input )?tokens"
    r"|(?:prompt|input|request) is too long"
    r"|(?:exceeds?|larger than|longer than) (?:the |its )?(?:available |maximum |model'?s )?context|n_ctx",
    re.I,
)
_NO_CREDIT = re.compile(
    r"insufficient[ _](?:quota|balance|credits?|funds)|exceeded your (?:current|monthly) quota|billing"
    r"|out of credits?|credit balance|more credits|payment required", re.I,
)  # fmt: skip
_DIALECT = re.compile(
    r"response_format|json_schema|json_object|structured|guided|grammar|max_(?:completion_)?tokens"
    r"|stream_options|\btools?\b|tool_choice|schema|unknown name|unrecognized|unsupported (?:param|value)"
    r"|extra (?:inputs|fields)|not permitted", re.I,
)  # fmt: skip
_KEY = re.compile(r"\b(?:sk|pk|gsk|xai|key)[-_][\w*.-]{6,}|\bAIza[\w-]{10,}|\b(?:Bearer|Basic)\s+\S+", re.I)
_HTTP_ERRORS = range(400, 600)


@dataclass(frozen=True)
class Failure:
    """One failed request. `status` is 0 if there was none, `pause` the seconds we are asked to wait."""

    status: int
    said: str
    code: str = ""
    pause: float = 0.0

    @property
    def is_final(self) -> bool:
        """Whether trying again is pointless: another kind of failure, or a pause longer than we wait."""
        return self.kind != "again" or self.pause > LONGEST_PAUSE_S

    @property
    def way_out(self) -> str:
        """What to do about a failure that has outlasted our attempts."""
        if self.status == 429:
            return "the server limits how often it may be asked: lower RETEST_CONCURRENCY, or try again later"
        return "check RETEST_BASE_URL and that the server is running, then try again"

    @property
    def kind(self) -> Kind:
        """What can be done about it."""
        words = f"{self.code} {self.said}"
        if _TOO_LONG.search(words) and self.status not in _AGAIN:
            return "too long"
        if self.status == 402 or _NO_CREDIT.search(words):
            return "no credit"
        if self.status in _ASK_OTHERWISE or self.status >= 500:
            if _DIALECT.search(words):
                return "dialect"
            if self.status in (400, 422):
                return "dialect"  # it does not say what it does not understand
        return "again" if self.status in (0, *_AGAIN) or self.status >= 500 else "refused"

    def __str__(self) -> str:
        status = f"HTTP {self.status}" if self.status else ""
        asks = f"it asks to wait {self.pause:.0f} s" if self.pause > LONGEST_PAUSE_S else ""
        return ": ".join(part for part in (status, self.said, asks) if part)


def failure_of(error: openai.OpenAIError, secrets: tuple[str, ...] = ()) -> Failure:
    """What the client's error says."""
    if isinstance(error, openai.APIStatusError):
        said = said_by(error.body, secrets)
        return Failure(error.status_code, said, str(error.code or ""), pause_of(error.response.headers))
    if isinstance(error, openai.APITimeoutError):
        return Failure(0, TIMED_OUT)
    if isinstance(error, openai.APIConnectionError):
        return Failure(0, broken(error.__cause__ or error))
    return Failure(0, type(error).__name__)


def failure_in(error: Mapping[str, Any], secrets: tuple[str, ...] = ()) -> Failure:
    """The failure in an error body that came with status 200."""
    code = error.get("code") or error.get("status") or error.get("type")
    number = int(code) if isinstance(code, int | str) and str(code).isdigit() else 0
    status = number if number in _HTTP_ERRORS else 0
    return Failure(status, said_by(error, secrets) or "an error without a message", text_of(code))


def broken(error: BaseException) -> str:
    """A connection that failed or broke, in a few words."""
    text = str(error).casefold()
    if "refused" in text:
        return "connection refused"
    if "name or service" in text or "resolve" in text or "getaddrinfo" in text:
        return "the host name cannot be resolved"
    return "the connection broke"


def said_by(body: Any, secrets: tuple[str, ...] = ()) -> str:
    """A server's own message: one line, shortened, keys masked."""
    error = mapping(body).get("error", body)
    message = mapping(error).get("message") or mapping(error).get("detail") or error
    text = message if isinstance(message, str) else str(message) if message else ""
    if re.match(r"\s*<(?:!doctype|html)", text, re.I):
        text = "a web page"
    text = masked(text, secrets)
    return text if len(text) <= MOST_SHOWN else text[: MOST_SHOWN - 1] + "…"


def masked(text: str, secrets: tuple[str, ...] = ()) -> str:
    """One line of a server's text without keys; a secret of a few letters would mask ordinary words."""
    for secret in (s for s in secrets if len(s) >= LEAST_SECRET):
        text = text.replace(secret, MASK)
    return _KEY.sub(MASK, " ".join(without_controls(text).split()))


def address_of(url: object) -> str:
    """An address as it may be shown: without a user's name and password."""
    return re.sub(r"(?<=://)[^/@]*@", "", str(url))


def pause_of(headers: Mapping[str, str], now: datetime | None = None) -> float:
    """Seconds the server asks everyone to wait (RFC 9110, 10.2.3; fractions too); 0 if it does not say."""
    millis, asked = headers.get("retry-after-ms", ""), headers.get("retry-after", "").strip()
    seconds = _number(millis) / 1000 or _number(asked)
    if not seconds and asked:
        try:
            seconds = (parsedate_to_datetime(asked) - (now or datetime.now(UTC))).total_seconds()
        except (ValueError, TypeError):
            seconds = 0.0
    return max(seconds, 0.0)


def _number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        return 0.0
    return number if isfinite(number) else 0.0
