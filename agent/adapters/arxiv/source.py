"""arXiv as a source of papers: make the planned requests and check every response.

Whatever could not be fetched is listed in `problems`, and the run is then degraded. An empty result is
accepted only after arXiv has returned results for another query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from agent.adapters.arxiv.api import ASKED_AGAIN, ArxivApi
from agent.adapters.arxiv.fetch_plan import (
    IDS,
    MOST_RESULTS,
    PAGE,
    Plan,
    Window,
    archives_of,
    choose,
    expected,
    first_day,
)
from agent.adapters.arxiv.http import ArxivHttp
from agent.adapters.arxiv.oai import ArxivListing
from agent.adapters.arxiv.query import harvest_query, query_of, share_of
from agent.errors import SourceError
from agent.ports.sources import CitedPapers, Outlook, Wanted
from store.records import Paper

GIVE_UP = 2
"""After this many queries have failed for good, no more are made: arXiv has a problem."""
STRAY = 0.1
"""If a larger share of results lies outside the window, arXiv ignored the window."""
IMPLAUSIBLE = 1000
"""A window expected to hold this many papers cannot be empty."""
_CANARY = "cs.CL"


class ArxivSource:
    """Collects what is new for claims, and the newest records of papers already cited."""

    name = "arxiv"

    def __init__(
        self,
        http: ArxivHttp,
        api: ArxivApi,
        listing: ArxivListing,
        *,
        categories: Sequence[str] = (),
    ) -> None:
        self._http, self._api, self._listing = http, api, listing
        self._categories = self._harvested = categories
        self.problems: list[str] = []
        self.notices: list[str] = []
        self._failed = self._unasked = 0

    @property
    def counts(self) -> dict[str, int]:
        """Requests made so far, including downloads."""
        return {"requests": self._http.asked}

    def outlook(self, wanted: Sequence[Wanted], cited: CitedPapers) -> Outlook:
        """What collecting would cost; makes no request."""
        plan = self._plan(wanted, cited)
        return Outlook(plan.way, plan.requests, plan.ways)

    def collect(self, wanted: Sequence[Wanted], cited: CitedPapers) -> Iterator[Paper]:
        """Yield papers in the claims' windows, and records of those `cited`; each version once.

        Raises SourceError if arXiv was never reached; later failures are listed in `problems`.
        """
        plan, seen = self._plan(wanted, cited), dict[str, int]()
        for paper in self._requested(plan, cited.ids):
            version = paper.version or 0
            if version > seen.get(paper.id, -1):
                seen[paper.id] = version
                yield paper
        if self._api.unreadable:
            self.problems.append(f"{self._api.unreadable} of arXiv's results have no arXiv id")
        if self._unasked:
            self.problems.append(f"{self._unasked} further arXiv queries were not made")
        lost = sorted(set(plan.check) - set(seen))
        if lost and not self._failed:
            self.problems.append(f"arXiv returned no record of {', '.join(lost[:5])}, which verdicts rest on")

    def records(self, ids: Sequence[str]) -> dict[str, Paper]:
        """The newest records of papers by id; a missing id is one that arXiv does not have.

        Raises SourceError if arXiv is out of reach or returns nothing.
        """
        found: dict[str, Paper] = {}
        for _ in range(ASKED_AGAIN + 1):
            lost = [i for i in ids if i not in found and i not in self._api.refused]
            for start in range(0, len(lost), IDS):
                found |= {p.id: p for p in self._api.by_ids(lost[start : start + IDS])}
        if set(ids) - set(found):
            self.ping()
        return found

    def titled(self, title: str) -> Iterator[Paper]:
        """Papers whose title has the words of `title`. Raises SourceError if arXiv is out of reach."""
        words = " ".join(re.findall(r"\w+", title))
        yield from self._api.search(f'ti:"{words}"', IDS, IDS)

    def ping(self) -> None:
        """Request one paper. Raises SourceError if arXiv is out of reach or returns nothing."""
        if not self._api.is_awake(self._categories[0] if self._categories else _CANARY):
            raise SourceError(f"arXiv at {self._api.url} returns nothing", "try later")

    def _plan(self, wanted: Sequence[Wanted], cited: CitedPapers) -> Plan:
        own = [self._within_of(want) for want in wanted]
        # One claim that is searched for everywhere makes a harvest cover everything.
        every = dict.fromkeys(c for categories in own for c in categories) if all(own) else {}
        self._harvested = tuple(every) if wanted else tuple(self._categories)
        return choose(wanted, cited, self._harvested, lambda want: share_of(want, self._within_of(want)))

    def _within_of(self, want: Wanted) -> Sequence[str]:
        """The categories to search for a claim in; empty for all."""
        if not want.categories or (want.and_usual and not self._categories):
            return self._categories
        usual = self._categories if want.and_usual else ()
        return tuple(dict.fromkeys([*want.categories, *usual]))

    def _requested(self, plan: Plan, cited: Sequence[str]) -> Iterator[Paper]:
        for want in plan.searches:
            yield from self._guarded(f"the search for {want.claim.id}", self._search(want))
        for window in plan.windows:
            yield from self._guarded(f"the harvest of {_days(window)}", self._harvest(window))
        if plan.listing:
            for archive in archives_of(self._harvested):
                listed = self._listed(archive, plan.listing, frozenset(cited))
                yield from self._guarded(f"the listing of {archive or 'arXiv'}", listed)
        for start in range(0, len(plan.check), IDS):
            batch = plan.check[start : start + IDS]
            yield from self._guarded("the check of cited papers", self._api.by_ids(batch))

    def _guarded(self, what: str, papers: Iterator[Paper]) -> Iterator[Paper]:
        """Yield the papers up to a failure, which is recorded; yield nothing after too many failures."""
        if self._failed >= GIVE_UP:
            self._unasked += 1
            return
        try:
            yield from papers
        except SourceError as error:
            if not self._http.reached:
                raise
            self._failed += 1
            self.problems.append(f"{what} failed: {error.message}")

    def _search(self, want: Wanted) -> Iterator[Paper]:
        window = Window(first_day(want.after), want.until)

        def ask(part: Window) -> str:
            return query_of(replace(want, after=part.first, until=part.last), self._within_of(want))

        yield from self._all_results(window, f"the search for {want.claim.id}", ask, least=0)

    def _harvest(self, window: Window) -> Iterator[Paper]:
        ask = partial(harvest_query, categories=self._harvested)
        yield from self._all_results(window, f"the harvest of {_days(window)}", ask, least=IMPLAUSIBLE)

    def _all_results(
        self, window: Window, what: str, ask: Callable[[Window], str], *, least: int
    ) -> Iterator[Paper]:
        """Yield all results of a query, splitting the window if arXiv would not return them all at once."""
        found = self._api.search(ask(window), None, PAGE)
        first = next(found, None)
        if self._api.total > MOST_RESULTS and window.days > 1:
            for half in window.halves():
                yield from self._all_results(half, what, ask, least=least)
            return
        yield from self._within(window, _joined(first, found), what, least)

    def _within(self, window: Window, papers: Iterator[Paper], what: str, least: int) -> Iterator[Paper]:
        """Yield the papers dated within the window; record inconsistent counts as problems."""
        got, stray = set[str](), 0
        for paper in papers:
            got.add(paper.id)
            if window.first[: len(paper.published)] <= paper.published <= window.last:
                yield paper
            else:
                stray += 1
        total = self._api.total
        if not got:
            self._check_empty(window, what, least)
        elif len(got) < total:
            self.problems.append(f"{what} returned {len(got)} of {total} results")
        if stray > STRAY * len(got):
            self.problems.append(f"{what} returned {stray} of {len(got)} results outside its window")

    def _check_empty(self, window: Window, what: str, least: int) -> None:
        """Check whether an empty result is genuine; record a problem if arXiv seems to be failing."""
        if not self._api.is_awake(self._categories[0] if self._categories else _CANARY):
            self.problems.append(f"{what} returned nothing, and arXiv seems to return nothing at all")
        elif least and expected(window, self._harvested) >= least:
            self.problems.append(f"{what} returned nothing, although papers were expected")

    def _listed(self, archive: str, window: Window, cited: frozenset[str]) -> Iterator[Paper]:
        """Yield a listing's papers that are in the window or cited; a listing has older papers as well."""
        wanted, count = set(self._harvested), 0
        for paper in self._listing.changed(archive, window):
            count += 1
            new = window.first <= paper.published <= window.last
            if paper.id in cited or (new and (not wanted or wanted & set(paper.categories))):
                yield paper
        if not count:
            self._check_empty(window, f"the listing of {archive or 'arXiv'}", IMPLAUSIBLE)
        if self._listing.unreadable:
            self.problems.append(f"{self._listing.unreadable} records of the listing are malformed")


def _days(window: Window) -> str:
    return f"{window.first} to {window.last}"


def _joined(first: Paper | None, rest: Iterator[Paper]) -> Iterator[Paper]:
    if first is not None:
        yield first
        yield from rest
