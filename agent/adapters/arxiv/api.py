"""Papers from the live arXiv query API: the arxiv package reads the pages, we ask for and doubt them.

The package has no timeout, ignores Retry-After and paces each client alone; so its client is given
our one way to arXiv (`arxiv_http`). Its `_parse_feed`, one page, is the seam.
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
"""How often an empty answer is asked for again before it is believed to be what arXiv says."""
_FEED = "{http://www.w3.org/2005/Atom}feed"


class Refused(SourceError):
    """arXiv answered that it does not take the query."""


class ArxivApi:
    """The query API.

    `total` is what arXiv says the last query has in all, `unreadable` how many results were no papers,
    `refused` the ids that arXiv does not take.
    """

    def __init__(self, http: ArxivHttp, url: str = API_URL) -> None:
        self._http, self.url = http, url
        self.total = self.unreadable = 0
        self.refused: set[str] = set()

    def search(self, query: str, most: int | None, page: int) -> Iterator[Paper]:
        """Yield a query's results, oldest first, so that what is added meanwhile comes last.

        `most` None takes them all. An empty answer is asked for again.

        Raises SourceError when a page does not come.
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
        """Yield the newest records of papers; one id that arXiv refuses spoils no other's.

        Raises SourceError when the page does not come.
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
        """Whether a query that always has results has some: silence then means that nothing is there."""
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
    """Whether a message speaks of an id, and not of a longer one that begins or ends like it."""
    return re.search(rf"(?<![\w.]){re.escape(paper_id)}(?!\w)", message) is not None


class _Client(arxiv.Client):  # type: ignore[misc]  # the package ships no types
    """The package's client, each page through `ArxivHttp` and looked at before it is believed."""

    def __init__(self, http: ArxivHttp, url: str, page: int) -> None:
        super().__init__(page_size=page, delay_seconds=0, num_retries=0)
        self.query_url_format = url + "?{}"
        self._http, self.total = http, 0

    def _parse_feed(self, url: str, first_page: bool = True, _try_index: int = 0) -> _feed.ParsedFeed:
        answer = self._http.get(url, check=_what_is_wrong if first_page else _what_is_wrong_later)
        feed = _feed.parse(answer.body)
        if answer.status != 200:
            raise Refused(
                f"arXiv refuses the query (HTTP {answer.status}): {_said(answer.body)}",
                "report it with the query",
            )
        # The package counts on by what it was given: a result given twice would skip one that was not.
        feed.results = list({r.entry_id: r for r in feed.results}.values())
        if first_page:
            self.total = feed.header.total_results
        return feed


def _what_is_wrong(answer: Answer) -> str:
    """Why an answer is not a page of results; empty when it is one, or a refusal to be read."""
    try:
        root = etree.fromstring(answer.body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return f"an answer that is no Atom feed, or half of one (HTTP {answer.status})"
    if root.tag != _FEED:
        return f"an answer that is no Atom feed (HTTP {answer.status})"
    if answer.status == 400:
        return ""
    if answer.status != 200:
        return f"HTTP {answer.status}"
    try:
        feed = _feed.parse(answer.body)
    except ValueError as error:
        return f"an entry that cannot be read: {error}"
    asked = feed.header.total_results - feed.header.start_index
    return "an empty page where there are results" if asked > 0 and not feed.results else ""


def _what_is_wrong_later(answer: Answer) -> str:
    """As above; and a page after the first may not say that there is nothing."""
    wrong = _what_is_wrong(answer)
    if wrong or answer.status != 200 or _feed.parse(answer.body).results:
        return wrong
    return "an empty page where there are results"


def _said(body: bytes) -> str:
    """The message of an error entry."""
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    return " ".join((root.findtext(".//{*}entry/{*}summary") or "no reason given").split())


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
        withdrawn=is_withdrawal(result.comment, result.summary, parsed[1]),
    )
