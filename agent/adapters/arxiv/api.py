"""Papers from the live arXiv query API: the arxiv package parses the pages, we fetch and check them.

The package has no timeout, ignores Retry-After and paces each client separately, so its client fetches
through our own `ArxivHttp`. We override its `_parse_feed`, which handles one page.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import arxiv
from arxiv import _feed
from lxml import etree

from agent.adapters.arxiv.http import Answer, ArxivHttp
from agent.adapters.arxiv.withdrawals import is_withdrawal
from agent.arxiv_ids import parse_id
from agent.errors import SourceError
from store.records import Paper

API_URL = "https://export.arxiv.org/api/query"
ASKED_AGAIN = 2
"""How many times an empty result is requested again before it is accepted."""
_FEED = "{http://www.w3.org/2005/Atom}feed"


class Refused(SourceError):
    """arXiv rejected the query."""


class ArxivApi:
    """The query API.

    `total` is the number of results arXiv reports for the last query, `unreadable` how many results had
    no arXiv id, `refused` the ids that arXiv rejected.
    """

    def __init__(self, http: ArxivHttp, url: str = API_URL) -> None:
        self._http, self.url = http, url
        self.total = self.unreadable = 0
        self.refused: set[str] = set()

    def search(self, query: str, most: int | None, page: int) -> Iterator[Paper]:
        """Yield a query's results, oldest first, so that papers added meanwhile come last.

        `most` None means no limit. An empty result is requested again.

        Raises SourceError if a page cannot be fetched.
        """
        order = {"sort_by": arxiv.SortCriterion.SubmittedDate, "sort_order": arxiv.SortOrder.Ascending}
        search = arxiv.Search(query, max_results=most, **order)
        for _ in range(ASKED_AGAIN + 1):
            found = False
            for paper in self._results(search, page):
                found = True
                yield paper
            if found:
                return

    def by_ids(self, ids: Sequence[str]) -> Iterator[Paper]:
        """Yield the newest records of papers; an id that arXiv rejects does not affect the others.

        Raises SourceError if the page cannot be fetched.
        """
        try:
            yield from self._results(arxiv.Search(id_list=list(ids), max_results=len(ids)), len(ids))
        except Refused as error:
            blamed = [i for i in ids if _names(error.message, i)] if len(ids) > 1 else list(ids)
            self.refused |= set(blamed)
            rest = [i for i in ids if i not in blamed]
            parts = [rest] if blamed else [ids[: len(ids) // 2], ids[len(ids) // 2 :]]
            for part in filter(None, parts):
                yield from self.by_ids(part)

    def is_awake(self, category: str) -> bool:
        """Whether a query that always has results returns any; if so, an empty result can be trusted."""
        return next(iter(self.search(f"cat:{category}", 1, 1)), None) is not None

    def _results(self, search: arxiv.Search, page: int) -> Iterator[Paper]:
        client = _Client(self._http, self.url, page)
        for result in client.results(search):
            self.total = client.total
            if paper := paper_of(result):
                yield paper
            else:
                self.unreadable += 1
        self.total = client.total


def _names(message: str, paper_id: str) -> bool:
    """Whether a message mentions this id, not a longer one that begins or ends like it."""
    return re.search(rf"(?<![\w.]){re.escape(paper_id)}(?!\w)", message) is not None


class _Client(arxiv.Client):  # type: ignore[misc]  # the package ships no types
    """The package's client, with each page fetched through `ArxivHttp` and checked before use."""

    def __init__(self, http: ArxivHttp, url: str, page: int) -> None:
        super().__init__(page_size=page, delay_seconds=0, num_retries=0)
        self.query_url_format = url + "?{}"
        self._http, self.total = http, 0

    def _parse_feed(self, url: str, first_page: bool = True, _try_index: int = 0) -> _feed.ParsedFeed:
        answer = self._http.get(url, check=_what_is_wrong if first_page else _what_is_wrong_later)
        feed = _feed.parse(answer.body)
        if answer.status != 200:
            raise Refused(
                f"arXiv rejected the query (HTTP {answer.status}): {_reason_of(answer.body)}",
                "report this error with the query",
            )
        # The package advances by the number of results it got: a duplicate would make it skip another.
        feed.results = list({r.entry_id: r for r in feed.results}.values())
        if first_page:
            self.total = feed.header.total_results
        return feed


def _what_is_wrong(answer: Answer) -> str:
    """Why a response is not a page of results; empty if it is one, or if it is a readable refusal."""
    try:
        root = etree.fromstring(answer.body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return f"a response that is not a complete Atom feed (HTTP {answer.status})"
    if root.tag != _FEED:
        return f"a response that is not an Atom feed (HTTP {answer.status})"
    if answer.status == 400:
        return ""
    if answer.status != 200:
        return f"HTTP {answer.status}"
    try:
        feed = _feed.parse(answer.body)
    except ValueError as error:
        return f"an entry that cannot be read: {error}"
    remaining = feed.header.total_results - feed.header.start_index
    return "an empty page although there are results" if remaining > 0 and not feed.results else ""


def _what_is_wrong_later(answer: Answer) -> str:
    """As above, but a page after the first must not be empty."""
    wrong = _what_is_wrong(answer)
    if wrong or answer.status != 200 or _feed.parse(answer.body).results:
        return wrong
    return "an empty page although there are results"


def _reason_of(body: bytes) -> str:
    """The message of an error entry."""
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    return " ".join((root.findtext(".//{*}entry/{*}summary") or "no reason given").split())


def paper_of(result: arxiv.Result) -> Paper | None:
    """Build a paper from an API result; None if its id is not an arXiv id."""
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
        withdrawn=is_withdrawal(result.comment, result.summary, parsed[1]),
    )
