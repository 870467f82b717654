"""How to collect from arXiv with the fewest requests: search claim by claim, harvest, or list. Pure.

A search costs its pages for every claim, and a claim without a telling word cannot be searched for. A
harvest takes a whole window of the categories once for all claims, by submission date. A listing (OAI-PMH)
takes every record of the archive that changed, so that it also tells of revisions and withdrawals, which
otherwise cost a check by id. Claims that reach far back can be searched while the others share a harvest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from math import ceil

from agent.ports.sources import CitedPapers, Wanted

PAGE = 2000
MOST_RESULTS = 30_000
IDS = 150
"""Ids asked for in one request: the address stays under 2,000 characters."""
FIRST_DAY = "1991-08-14"
PER_DAY, ALL_PER_DAY = 150, 1000
"""New papers a day, by category and in all of arXiv: on the high side, so that a harvest is not flattered."""
CHANGED_PER_DAY, LISTING = 1000, 1000
"""Records of one archive that change in a day, and records on one page of a listing."""


@dataclass(frozen=True)
class Window:
    """Days from `first` to `last`, both of them in it; "YYYY-MM-DD"."""

    first: str
    last: str

    @property
    def days(self) -> int:
        """How many days it has."""
        return (date.fromisoformat(self.last) - date.fromisoformat(self.first)).days + 1

    def halves(self) -> tuple[Window, Window]:
        """Two windows that meet in the middle."""
        return self.parts(2)[0], self.parts(2)[1]

    def parts(self, number: int) -> list[Window]:
        """The window in at most `number` parts of like length."""
        begin, size = date.fromisoformat(self.first), ceil(self.days / number)
        starts = [begin + timedelta(days=n) for n in range(0, self.days, size)]
        ends = [*(s - timedelta(days=1) for s in starts[1:]), date.fromisoformat(self.last)]
        return [Window(s.isoformat(), e.isoformat()) for s, e in zip(starts, ends, strict=True)]


@dataclass(frozen=True)
class Plan:
    """What to ask for. `ways` gives the requests each way would have cost; `requests` is the least.

    `check` are the cited papers that have to be asked for by id.
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
    """The cheapest plan for these claims; `share` of its window's papers is what a claim's search brings.

    A claim whose share is 0 cannot be searched for. A listing stands for the check of those cited papers
    that are in the archives it lists, where it reaches back to the last time they were seen.
    """
    ordered = sorted(wanted, key=lambda w: w.after or "")
    shares = [share(w) for w in ordered]
    archives, every = archives_of(categories), cited.ids
    others = tuple(i for i, said in cited.categories.items() if not is_listed(said, archives))
    plans = []
    last = max((w.until for w in ordered), default="")
    for turn in [*_turns(ordered), len(ordered)]:
        sought = [(w, some) for w, some in zip(ordered[:turn], shares, strict=False) if some]
        searches = tuple(w for w, _ in sought)
        rest = [w for n, w in enumerate(ordered) if n >= turn or not shares[n]]
        cost = sum(_search_pages(w, categories, some) for w, some in sought)
        if not rest:
            plans.append(Plan("search", cost + _checks(every), {}, searches, check=every))
            continue
        begin = first_day(rest[0].after)
        window = Window(begin, max(last, begin))
        windows = tuple(split(window, categories))
        pages = cost + sum(_pages(w, categories) for w in windows) + _checks(every)
        plans.append(Plan("harvest", pages, {}, searches, windows, check=every))
        if cited.since or not every:
            listed = Window(min(window.first, cited.since or window.first), window.last)
            pages = cost + len(archives) * ceil(listed.days * CHANGED_PER_DAY / LISTING) + _checks(others)
            plans.append(Plan("listing", pages, {}, searches, listing=listed, check=others))
    return _cheapest(plans)


def _cheapest(plans: Sequence[Plan]) -> Plan:
    """The plan with the fewest requests, and what each of the ways would have cost."""
    best_of = {p.way: p for p in sorted(plans, key=lambda p: -p.requests)}
    order = {"harvest": 0, "search": 1, "listing": 2}
    best = min(best_of.values(), key=lambda p: (p.requests, order[p.way]))
    return replace(best, ways={way: plan.requests for way, plan in sorted(best_of.items())})


def _search_pages(want: Wanted, categories: Sequence[str], share: float) -> int:
    window = Window(first_day(want.after), want.until)
    return max(1, ceil(expected(window, categories) * share / PAGE))


def _turns(ordered: Sequence[Wanted]) -> list[int]:
    """Where a later bound begins: searching for fewer of those with one bound spares no day."""
    return [n for n, w in enumerate(ordered) if n == 0 or w.after != ordered[n - 1].after]


def first_day(after: str | None) -> str:
    """The first day a bound lets in: "2024-11-32" is the end of a month, None the beginning of arXiv."""
    if after is None:
        return FIRST_DAY
    if after.endswith("-32"):
        return (date.fromisoformat(f"{after[:7]}-28") + timedelta(days=4)).replace(day=1).isoformat()
    return after


def split(window: Window, categories: Sequence[str]) -> list[Window]:
    """The window in parts that arXiv can be expected to answer whole."""
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
