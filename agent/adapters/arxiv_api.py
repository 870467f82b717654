"""Papers from the live arXiv query API, through the arxiv package and our polite gate.

The package has no timeout, ignores Retry-After and paces each client alone, so its session gets a
transport that does all three; its own pauses and retries are switched off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import arxiv
import requests
from requests.adapters import HTTPAdapter

from agent import __version__
from agent.adapters.arxiv_ids import is_withdrawal, parse_id
from agent.adapters.polite_gate import BACKOFF_S, PoliteGate
from agent.errors import SourceError
from agent.ports import Clock, Wanted
from store.records import Claim, Paper

API_URL = "https://export.arxiv.org/api/query"
TIMEOUT_S = (10.0, 60.0)
PAGE = 100
_TRY_AGAIN = (429, 500, 502, 503, 504)
_COMMON = frozenset(
    [
        "about",
        "after",
        "against",
        "among",
        "because",
        "before",
        "between",
        "could",
        "every",
        "further",
        "large",
        "language",
        "larger",
        "longer",
        "model",
        "models",
        "often",
        "other",
        "rather",
        "reasoning",
        "should",
        "smaller",
        "their",
        "there",
        "these",
        "those",
        "through",
        "under",
        "which",
        "while",
        "without",
        "would",
    ]
)


class PoliteTransport(HTTPAdapter):
    """Send each request through the gate, with a timeout, and wait out a refusal."""

    def __init__(self, gate: PoliteGate, clock: Clock, contact: str) -> None:
        super().__init__()
        self._gate, self._clock = gate, clock
        self._agent = f"retest/{__version__} (dated-claim retesting; {contact or 'no contact given'})"
        self.requests = 0
        self._answered = False

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Send, trying again after 429, 5xx and broken connections."""
        request.headers["User-Agent"] = self._agent
        kwargs["timeout"] = TIMEOUT_S
        for attempt in range(len(BACKOFF_S) + 1):
            last = attempt == len(BACKOFF_S)
            try:
                response = self._once(request, *args, **kwargs)
            except requests.exceptions.RequestException:
                if last or not self._answered:
                    raise
                self._gate.cool_down(attempt, None)
                continue
            if last or response.status_code not in _TRY_AGAIN:
                break
            self._gate.cool_down(attempt, retry_after(response.headers.get("Retry-After"), self._clock))
        return response

    def _once(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        with self._gate.turn():
            self.requests += 1
            response = super().send(request, *args, **kwargs)
            response.content  # noqa: B018  the turn ends when the body is here, not before
        self._answered = True
        return response


def retry_after(value: str | None, clock: Clock) -> float | None:
    """Seconds to wait for, from a Retry-After header (RFC 9110, 10.2.3); None when unreadable."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        return (parsedate_to_datetime(value) - clock.now()).total_seconds()
    except (ValueError, TypeError):
        return None


class ArxivSource:
    """Searches arXiv for each claim's window."""

    name = "arxiv"

    def __init__(
        self,
        gate: PoliteGate,
        clock: Clock,
        *,
        url: str = API_URL,
        contact: str = "",
        most: int = 200,
        categories: Sequence[str] = (),
    ) -> None:
        self._transport = PoliteTransport(gate, clock, contact)
        self._client = arxiv.Client(page_size=min(PAGE, most), delay_seconds=0, num_retries=0)
        self._client.query_url_format = url + "?{}"
        self._client._session.mount("https://", self._transport)
        self._client._session.mount("http://", self._transport)
        self._url, self._most, self._categories = url, most, categories
        self.problems: list[str] = []

    @property
    def counts(self) -> dict[str, int]:
        """Requests made so far."""
        return {"requests": self._transport.requests}

    def collect(self, wanted: Sequence[Wanted]) -> Iterator[Paper]:
        """Yield the papers each claim's query finds, newest first.

        Raises SourceError when arXiv is out of reach.
        """
        found = 0
        for want in wanted:
            for paper in self.search(query_of(want, self._categories), self._most):
                found += 1
                yield paper
        if wanted and not found:
            self.problems.append("arXiv answered every query with nothing; it may be failing")

    def search(self, query: str, most: int) -> Iterator[Paper]:
        """Yield the results of one query. Raises SourceError when arXiv is out of reach."""
        search = arxiv.Search(query, max_results=most, sort_by=arxiv.SortCriterion.Relevance)
        try:
            for result in self._client.results(search):
                if paper := paper_of(result):
                    yield paper
        except (requests.exceptions.RequestException, arxiv.ArxivError) as error:
            raise SourceError(
                f"arXiv is out of reach at {self._url}: {_cause(error)}",
                "try later, or use --source snapshot --snapshot PATH",
            ) from error

    def ping(self) -> None:
        """Ask for one paper. Raises SourceError when arXiv is out of reach."""
        next(self.search("cat:cs.CL", 1), None)


def paper_of(result: arxiv.Result) -> Paper | None:
    """Build a paper from an API result; None when its id is not one of arXiv's."""
    parsed = parse_id(result.get_short_id())
    if parsed is None:
        return None
    return Paper(
        id=parsed[0],
        title=" ".join(result.title.split()),
        abstract=" ".join(result.summary.split()),
        published=result.published.date().isoformat(),
        version=parsed[1],
        authors=tuple(a.name for a in result.authors),
        categories=tuple(result.categories),
        updated=result.updated.date().isoformat(),
        comment=result.comment or None,
        withdrawn=is_withdrawal(result.comment),
    )


def query_of(want: Wanted, categories: Sequence[str] = ()) -> str:
    """The query for a claim's window: terms of an axis joined by OR; two axes and the categories by AND.

    Dates are GMT and mean v1 (arXiv API user's manual, section 5.1.1).
    """
    groups = [_any_of(terms) for terms in _term_groups(want.claim)]
    if categories:
        groups.append("(" + " OR ".join(f"cat:{c}" for c in categories) + ")")
    after = (want.after or "1991-08-01").replace("-32", "-28").replace("-", "")[:8]
    until = want.until.replace("-", "")
    return " AND ".join([*groups, f"submittedDate:[{after}0000 TO {until}2359]"])


def _term_groups(claim: Claim) -> list[list[str]]:
    axes = sorted((a for a in claim.scope.values() if a.terms), key=lambda a: not a.load_bearing)
    if axes:
        return [_whole_words(axis.terms, claim) for axis in axes[:2]]
    words = dict.fromkeys(w for w in re.findall(r"[a-z][a-z-]{4,}", claim.text.lower()) if w not in _COMMON)
    return [list(words)[:6]]


def _whole_words(terms: Sequence[str], claim: Claim) -> list[str]:
    """Scope terms are beginnings of words; arXiv matches whole ones, so take them from the claim."""
    said = " ".join(
        [
            claim.text,
            claim.durable_question,
            claim.perishable_limitation,
            *(a.text for a in claim.atoms),
            *(x.value for x in claim.scope.values()),
        ]
    ).lower()
    found: dict[str, None] = {}
    for term in terms:
        whole = re.findall(rf"\b{re.escape(term.lower())}[a-z]*", said)
        found |= dict.fromkeys([*whole, term.lower()] if whole else [term.lower()])
    return list(found)


def _any_of(terms: Sequence[str]) -> str:
    quoted = [f'all:"{t}"' if " " in t or "-" in t else f"all:{t}" for t in terms[:12]]
    return f"({' OR '.join(quoted)})"


def _cause(error: Exception) -> str:
    if isinstance(error, arxiv.HTTPError):
        return f"HTTP {error.status}"
    text = str(error)
    if "Name or service not known" in text or "NameResolution" in text or "resolve" in text:
        return "its name cannot be resolved"
    if "refused" in text:
        return "connection refused"
    return "timed out" if "timed out" in text else type(error).__name__
