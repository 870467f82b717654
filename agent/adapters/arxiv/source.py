"""arXiv as a source of papers: the planned requests, and doubt about every answer.

What could not be had is named in `problems`, and the run is then degraded: silence is believed only
when arXiv has shown that it is awake.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial

from agent.adapters.arxiv.api import ASKED_AGAIN, ArxivApi
from agent.adapters.arxiv.http import ArxivHttp
from agent.adapters.arxiv.oai import ArxivListing
from agent.adapters.arxiv.plan import (
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
from agent.adapters.arxiv.query import harvest_query, query_of, share_of
from agent.errors import SourceError
from agent.ports.sources import CitedPapers, Outlook, Wanted
from store.records import Paper

GIVE_UP = 2
"""After this many queries that failed for good, no more are made: arXiv is not well."""
STRAY = 0.1
"""Of more results outside the window than this, the window was not heeded."""
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
        self._categories = categories
        self.problems: list[str] = []
        self.notices: list[str] = []
        self._failed = self._unasked = 0

    @property
    def counts(self) -> dict[str, int]:
        """Requests made so far, downloads among them."""
        return {"requests": self._http.asked}

    def outlook(self, wanted: Sequence[Wanted], cited: CitedPapers) -> Outlook:
        """What collecting would cost; nothing is asked."""
        plan = self._plan(wanted, cited)
        return Outlook(plan.way, plan.requests, plan.ways)

    def collect(self, wanted: Sequence[Wanted], cited: CitedPapers) -> Iterator[Paper]:
        """Yield papers of the claims' windows, and records of those `cited`; each version once.

        Raises SourceError when arXiv was never reached; what fails later is named in `problems`.
        """
        plan, seen = self._plan(wanted, cited), dict[str, int]()
        for paper in self._asked(plan, cited.ids):
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
            self.problems.append(f"arXiv gave no record of {', '.join(lost[:5])}, which verdicts rest on")

    def records(self, ids: Sequence[str]) -> dict[str, Paper]:
        """The newest records of papers by id; an id that is missing is one that arXiv does not have.

        Raises SourceError when arXiv is out of reach, or answers with nothing.
        """
        found: dict[str, Paper] = {}
        for _ in range(ASKED_AGAIN + 1):
            lost = [i for i in ids if i not in found and i not in self._api.refused]
            for start in range(0, len(lost), IDS):
                found |= {p.id: p for p in self._api.by_ids(lost[start : start + IDS])}
        if set(ids) - set(found):
            self.ping()
        return found

    def ping(self) -> None:
        """Ask for one paper. Raises SourceError when arXiv is out of reach or answers with nothing."""
        if not self._api.is_awake(self._categories[0] if self._categories else _CANARY):
            raise SourceError(f"arXiv at {self._api.url} answers with nothing", "try later")

    def _plan(self, wanted: Sequence[Wanted], cited: CitedPapers) -> Plan:
        return choose(wanted, cited, self._categories, partial(share_of, categories=self._categories))

    def _asked(self, plan: Plan, cited: Sequence[str]) -> Iterator[Paper]:
        for want in plan.searches:
            yield from self._doubted(f"the search for {want.claim.id}", self._search(want))
        for window in plan.windows:
            yield from self._doubted(f"the harvest of {_days(window)}", self._harvest(window))
        if plan.listing:
            for archive in archives_of(self._categories):
                listed = self._listed(archive, plan.listing, frozenset(cited))
                yield from self._doubted(f"the listing of {archive or 'arXiv'}", listed)
        for start in range(0, len(plan.check), IDS):
            batch = plan.check[start : start + IDS]
            yield from self._doubted("the check of cited papers", self._api.by_ids(batch))

    def _doubted(self, what: str, papers: Iterator[Paper]) -> Iterator[Paper]:
        """The papers, up to a failure, which is named; nothing once too much has failed."""
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
            return query_of(replace(want, after=part.first, until=part.last), self._categories)

        yield from self._every(window, f"the search for {want.claim.id}", ask, least=0)

    def _harvest(self, window: Window) -> Iterator[Paper]:
        ask = partial(harvest_query, categories=self._categories)
        yield from self._every(window, f"the harvest of {_days(window)}", ask, least=IMPLAUSIBLE)

    def _every(
        self, window: Window, what: str, ask: Callable[[Window], str], *, least: int
    ) -> Iterator[Paper]:
        """All results of a query, window by window where arXiv would not give them all at once."""
        found = self._api.search(ask(window), None, PAGE)
        first = next(found, None)
        if self._api.total > MOST_RESULTS and window.days > 1:
            for half in window.halves():
                yield from self._every(half, what, ask, least=least)
            return
        yield from self._within(window, _joined(first, found), what, least)

    def _within(self, window: Window, papers: Iterator[Paper], what: str, least: int) -> Iterator[Paper]:
        """The papers whose dates are in the window; what does not add up is named."""
        got, stray = set[str](), 0
        for paper in papers:
            got.add(paper.id)
            if window.first[: len(paper.published)] <= paper.published <= window.last:
                yield paper
            else:
                stray += 1
        total = self._api.total
        if not got:
            self._believe_silence(window, what, least)
        elif len(got) < total:
            self.problems.append(f"{what} gave {len(got)} of {total} results")
        if stray > STRAY * len(got):
            self.problems.append(f"{what} gave {stray} of {len(got)} results outside its window")

    def _believe_silence(self, window: Window, what: str, least: int) -> None:
        """Nothing was found, though asked for again: tell whether nothing is there, or arXiv is asleep."""
        if not self._api.is_awake(self._categories[0] if self._categories else _CANARY):
            self.problems.append(f"{what} gave nothing, and arXiv gives nothing where it has papers")
        elif least and expected(window, self._categories) >= least:
            self.problems.append(f"{what} gave nothing, where some were to be expected")

    def _listed(self, archive: str, window: Window, cited: frozenset[str]) -> Iterator[Paper]:
        """What a listing has of the window, and of cited papers; a listing has older papers as well."""
        wanted, held = set(self._categories), 0
        for paper in self._listing.changed(archive, window):
            held += 1
            new = window.first <= paper.published <= window.last
            if paper.id in cited or (new and (not wanted or wanted & set(paper.categories))):
                yield paper
        if not held:
            self._believe_silence(window, f"the listing of {archive or 'arXiv'}", IMPLAUSIBLE)
        if self._listing.unreadable:
            self.problems.append(f"{self._listing.unreadable} records of the listing make no sense")


def _days(window: Window) -> str:
    return f"{window.first} to {window.last}"


def _joined(first: Paper | None, rest: Iterator[Paper]) -> Iterator[Paper]:
    if first is not None:
        yield first
        yield from rest
