"""How to collect from arXiv with the fewest requests: search claim by claim, harvest, or list. Pure.

A search costs result pages for every claim, and a claim without a distinctive word cannot be searched for. A
harvest fetches a whole window of the categories by submission date, once for all claims. A listing (OAI-PMH)
fetches every changed record of the archive, so it also reports revisions and withdrawals, which otherwise
cost a check by id. Claims that reach far back can be searched while the others share a harvest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil

from agent.core.window import first_day_after
from agent.ports.sources import CitedPapers, Wanted

PAGE = 2000
MOST_RESULTS = 30_000
IDS = 150
"""Ids per request: keeps the URL under 2,000 characters."""
FIRST_DAY = "1991-08-14"
PER_DAY, ALL_PER_DAY = 150, 1000
"""New papers per day, per category and in all of arXiv; rather high, so as not to underrate a harvest."""
CHANGED_PER_DAY, LISTING = 1000, 1000
"""Records of one archive that change per day, and records per listing page."""


@dataclass(frozen=True)
class Window:
    """Days from `first` to `last`, both included; "YYYY-MM-DD"."""

    first: str
    last: str

    @property
    def days(self) -> int:
        """The number of days."""
        return (date.fromisoformat(self.last) - date.fromisoformat(self.first)).days + 1

    def halves(self) -> tuple[Window, Window]:
        """Split the window in two; it must have at least two days."""
        return self.parts(2)[0], self.parts(2)[1]

    def parts(self, number: int) -> list[Window]:
        """Split the window into at most `number` parts of similar length."""
        begin, size = date.fromisoformat(self.first), ceil(self.days / number)
        starts = [begin + timedelta(days=n) for n in range(0, self.days, size)]
        ends = [*(s - timedelta(days=1) for s in starts[1:]), date.fromisoformat(self.last)]
        return [Window(s.isoformat(), e.isoformat()) for s, e in zip(starts, ends, strict=True)]


@dataclass(frozen=True)
class Plan:
    """What to request. `ways` gives the requests that each way would cost; `requests` is the lowest.

    `check` lists the cited papers that have to be fetched by id.
    """

    way: str
    requests: int
    ways: dict[str, int]
    searches: tuple[Wanted, ...] = ()
    windows: tuple[Window, ...] = ()
    listing: Window | None = None
    check: tuple[str, ...] = ()


def choose(
    wanted: Sequence[Wanted], cited: CitedPapers, categories: Sequence[str], share: Callable[[Wanted], float]
) -> Plan:
    """The cheapest plan for these claims; `share` estimates which share of a window a search returns.

    A claim whose share is 0 cannot be searched for. A listing replaces the check of the cited papers in the
    archives it lists, provided that it reaches back to when they were last seen.
    """
    ordered = sorted(wanted, key=lambda w: w.after or "")
    shares = [share(w) for w in ordered]
    archives, cited_ids = archives_of(categories), cited.ids
    others = tuple(i for i, names in cited.categories.items() if not is_listed(names, archives))
    plans = []
    last = max((w.until for w in ordered), default="")
    for turn in [*_turns(ordered), len(ordered)]:
        sought = [(w, fraction) for w, fraction in zip(ordered[:turn], shares, strict=False) if fraction]
        searches = tuple(w for w, _ in sought)
        rest = [w for n, w in enumerate(ordered) if n >= turn or not shares[n]]
        cost = sum(_search_pages(w, categories, fraction) for w, fraction in sought)
        if not rest:
            plans.append(Plan("search", cost + _checks(cited_ids), {}, searches, check=cited_ids))
            continue
        begin = first_day(rest[0].after)
        window = Window(begin, max(last, begin))
        windows = tuple(split(window, categories))
        pages = cost + sum(_pages(w, categories) for w in windows) + _checks(cited_ids)
        plans.append(Plan("harvest", pages, {}, searches, windows, check=cited_ids))
        if cited.since or not cited_ids:
            listed = Window(min(window.first, cited.since or window.first), window.last)
            pages = cost + len(archives) * ceil(listed.days * CHANGED_PER_DAY / LISTING) + _checks(others)
            plans.append(Plan("listing", pages, {}, searches, listing=listed, check=others))
    return _cheapest(plans)


def _cheapest(plans: Sequence[Plan]) -> Plan:
    """The plan with the fewest requests, with what each way would have cost."""
    best_of = {p.way: p for p in sorted(plans, key=lambda p: -p.requests)}
    order = {"harvest": 0, "search": 1, "listing": 2}
    best = min(best_of.values(), key=lambda p: (p.requests, order[p.way]))
    return replace(best, ways={way: plan.requests for way, plan in sorted(best_of.items())})


def _search_pages(want: Wanted, categories: Sequence[str], share: float) -> int:
    window = Window(first_day(want.after), want.until)
    return max(1, ceil(expected(window, categories) * share / PAGE))


def _turns(ordered: Sequence[Wanted]) -> list[int]:
    """Indices where the bound changes: splitting up claims that share a bound saves no days."""
    return [n for n, w in enumerate(ordered) if n == 0 or w.after != ordered[n - 1].after]


def first_day(after: str | None) -> str:
    """The first day a bound admits: "2024-11-32" is the end of a month, None the start of arXiv."""
    return FIRST_DAY if after is None else first_day_after(after)


def split(window: Window, categories: Sequence[str]) -> list[Window]:
    """Split the window into parts small enough for arXiv to return in full."""
    return window.parts(max(1, ceil(expected(window, categories) / MOST_RESULTS)))


def expected(window: Window, categories: Sequence[str]) -> int:
    """How many papers a window of the categories may hold."""
    return window.days * (PER_DAY * len(categories) if categories else ALL_PER_DAY)


def archives_of(categories: Sequence[str]) -> list[str]:
    """The OAI-PMH sets that hold the categories; [""] is all of arXiv."""
    return sorted({_set_of(c) for c in categories}) or [""]


def is_listed(categories: Sequence[str], archives: Sequence[str]) -> bool:
    """Whether a paper of these categories is in one of the archives' listings."""
    return archives == [""] or any(_set_of(c) in archives for c in categories)


def _checks(ids: Sequence[str]) -> int:
    return ceil(len(ids) / IDS)


def _set_of(category: str) -> str:
    archive = category.partition(".")[0]
    alone = ("cs", "math", "stat", "econ", "eess", "q-bio", "q-fin")
    return archive if archive in alone else f"physics:{archive}"


def _pages(window: Window, categories: Sequence[str]) -> int:
    return ceil(expected(window, categories) / PAGE)
