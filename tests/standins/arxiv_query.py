"""arXiv's query language over records, and Atom responses like the recorded real ones."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

Record = dict[str, Any]
PAGE, MOST = 2000, 30_000
_ID = re.compile(r"(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v(?P<version>\d+))?")
_TOKEN = re.compile(r'\(|\)|ANDNOT|AND|OR|\w+:\[[^\]]*\]|\w+:"[^"]*"|[^\s()]+')
_FIELDS = {"ti": ("title",), "abs": ("abstract",), "co": ("comment",), "au": ("authors",)}


class Malformed(Exception):
    """A request that arXiv answers with HTTP 400 and an error entry."""


def answer(records: list[Record], by_id: dict[str, Record], query: dict[str, str]) -> str:
    """One page of the feed. Raises Malformed."""
    start, size = _number(query, "start", 0), _number(query, "max_results", 10)
    if size > MOST or start > MOST:
        raise Malformed(f"max_results must not exceed {MOST}")
    found = select(records, by_id, query)
    shown = found[start : start + min(size, PAGE)]
    return feed(query, len(found), start, size, "".join(entry(r) for r in shown))


def select(records: list[Record], by_id: dict[str, Record], query: dict[str, str]) -> list[Record]:
    """The records a query finds, in the order asked for."""
    ids = [i for i in query.get("id_list", "").split(",") if i]
    found = [r for i in ids if (r := _by_id(by_id, i))] if ids else records
    wanted = query.get("search_query", "")
    if wanted:
        index = Index(found) if ids else index_of(records)
        rows, terms = Parser(wanted, index).parsed()
        order = sorted(rows)
        if query.get("sortBy", "relevance") == "relevance":
            order.sort(key=lambda row: -sum(row in t for t in terms))
        found = [found[row] for row in order]
    key = {"submittedDate": "published", "lastUpdatedDate": "updated"}.get(query.get("sortBy", ""))
    if key:
        found = sorted(found, key=lambda r: stamp(r, key), reverse=query.get("sortOrder") != "ascending")
    return found


class Index:
    """Which records match a word, a phrase, a category or a date."""

    def __init__(self, records: list[Record]) -> None:
        self.records = list(records)
        self.every = frozenset(range(len(records)))
        self._words: dict[tuple[str, ...], dict[str, set[int]]] = {}
        self._known: dict[str, frozenset[int]] = {}

    def field(self, token: str) -> frozenset[int]:
        """The rows that match one `field:value`."""
        if token not in self._known:
            self._known[token] = self._met(token)
        return self._known[token]

    def _met(self, token: str) -> frozenset[int]:
        field, _, value = token.partition(":") if ":" in token else ("all", "", token)
        if field == "cat":
            return self._where(lambda r: value in r.get("categories", ["cs.CL"]))
        if field == "submittedDate":
            first, _, last = value.strip("[]").partition(" TO ")
            return self._where(lambda r: first <= stamp(r, "published") <= last)
        words = re.findall(r"[^\W_]+", value.lower())
        names = _FIELDS.get(field, ("title", "abstract", "comment", "authors"))
        held = self._postings(names)
        rows = frozenset.intersection(self.every, *(held.get(w, set()) for w in words))
        phrase = f" {' '.join(words)} "
        return rows if len(words) == 1 else frozenset(r for r in rows if phrase in self._text(r, names))

    def _where(self, test: Callable[[Record], bool]) -> frozenset[int]:
        return frozenset(n for n, r in enumerate(self.records) if test(r))

    def _postings(self, names: tuple[str, ...]) -> dict[str, set[int]]:
        if names not in self._words:
            held: dict[str, set[int]] = {}
            for row in range(len(self.records)):
                for word in set(self._text(row, names).split()):
                    held.setdefault(word, set()).add(row)
            self._words[names] = held
        return self._words[names]

    def _text(self, row: int, names: tuple[str, ...]) -> str:
        said = " ".join(str(self.records[row].get(n) or "") for n in names).lower()
        return " " + " ".join(re.findall(r"[^\W_]+", said)) + " "


_indexes: list[Index] = []


def index_of(records: list[Record]) -> Index:
    """The index of a list of records, cached while the list holds the same ones."""
    for index in _indexes:
        if len(index.records) == len(records) and all(map(operator.is_, index.records, records)):
            return index
    _indexes[:] = [Index(records), *_indexes[:1]]
    return _indexes[0]


def _by_id(by_id: dict[str, Record], text: str) -> Record | None:
    parsed = _ID.fullmatch(text)
    if not parsed:
        raise Malformed(f"incorrect id format for {text}")
    held = by_id.get(parsed["id"])
    version = int(parsed["version"] or 0)
    if held is None or version > held.get("version", 1):
        return None
    return held | {"version": version} if version else held


def _number(query: dict[str, str], name: str, default: int) -> int:
    text = query.get(name, str(default))
    if not text.isdigit():
        raise Malformed(f"{name} must be an integer")
    return int(text)


class Parser:
    """Boolean expressions of field tests; terms side by side mean OR, as in arXiv's search."""

    def __init__(self, text: str, index: Index) -> None:
        self._tokens = _TOKEN.findall(text.replace("+", " "))
        self._index = index
        self._terms: list[frozenset[int]] = []

    def parsed(self) -> tuple[frozenset[int], list[frozenset[int]]]:
        """The rows matching the whole expression, and those matching each term, for relevance."""
        return self._either(), self._terms

    def _either(self) -> frozenset[int]:
        rows = self._both()
        while self._tokens and self._tokens[0] != ")":
            if self._tokens[0] == "OR":
                self._tokens.pop(0)
            rows |= self._both()
        return rows

    def _both(self) -> frozenset[int]:
        rows = self._one()
        while self._tokens and self._tokens[0] in ("AND", "ANDNOT"):
            negated = self._tokens.pop(0) == "ANDNOT"
            rows = rows - self._one() if negated else rows & self._one()
        return rows

    def _one(self) -> frozenset[int]:
        if not self._tokens:
            raise Malformed("unexpected end of the query")
        token = self._tokens.pop(0)
        if token != "(":
            rows = self._index.field(token)
            self._terms.append(rows)
            return rows
        rows = self._either()
        if self._tokens:
            self._tokens.pop(0)
        return rows


def stamp(record: Record, name: str) -> str:
    """A date in the format of submittedDate, YYYYMMDDHHMM; a bare month is its first day."""
    day = record.get(name) or record["published"]
    if "T" in day:
        return re.sub(r"\D", "", day)[:12]
    return (day if len(day) == 10 else f"{day}-01").replace("-", "") + "0000"


def instant(record: Record, name: str) -> str:
    """A date in the format of an entry."""
    day = record.get(name) or record["published"]
    return (
        str(day)
        if "T" in day
        else datetime.strptime(stamp(record, name), "%Y%m%d%H%M").strftime("%Y-%m-%dT%H:%M:%SZ")
    )


def feed(query: dict[str, str], total: int, start: int, size: int, entries: str) -> str:
    """The feed around entries."""
    asked = f"search_query={query.get('search_query', '')}&id_list={query.get('id_list', '')}"
    where = f"{asked}&start={start}&max_results={size}"
    link = escape(f"https://arxiv.org/api/query?{where}", {chr(34): "&quot;"})
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">\n'
        f"  <id>https://arxiv.org/api/standin</id>\n  <title>arXiv Query: {escape(where)}</title>\n"
        "  <updated>2026-04-12T22:09:26Z</updated>\n"
        f'  <link href="{link}" type="application/atom+xml"/>\n'
        f"  <opensearch:itemsPerPage>{size}</opensearch:itemsPerPage>\n"
        f"  <opensearch:totalResults>{total}</opensearch:totalResults>\n"
        f"  <opensearch:startIndex>{start}</opensearch:startIndex>\n{entries}</feed>\n"
    )


def entry(record: Record) -> str:
    """One entry."""
    name = f"{record['id']}v{record.get('version', 1)}"
    categories = record.get("categories") or ["cs.CL"]
    told = [
        f"<id>http://arxiv.org/abs/{name}</id>",
        f"<title>{escape(record['title'])}</title>",
        f"<updated>{instant(record, 'updated')}</updated>",
        f'<link href="https://arxiv.org/abs/{name}" rel="alternate" type="text/html"/>',
        f'<link href="https://arxiv.org/pdf/{name}" rel="related" type="application/pdf" title="pdf"/>',
        f"<summary>{escape(record['abstract'])}</summary>",
        *(f'<category term="{c}" scheme="http://arxiv.org/schemas/atom"/>' for c in categories),
        f"<published>{instant(record, 'published')}</published>",
        *([f"<arxiv:comment>{escape(record['comment'])}</arxiv:comment>"] if record.get("comment") else []),
        f'<arxiv:primary_category term="{categories[0]}"/>',
        *(f"<author><name>{escape(a)}</name></author>" for a in record.get("authors", ["A"])),
    ]
    return f"  <entry>\n    {''.join(told)}\n  </entry>\n"


def error(message: str) -> str:
    """The feed for a refused request: one entry that says why."""
    place = f"https://arxiv.org/api/errors#{message.replace(' ', '_')}"
    return (
        "<?xml version='1.0' encoding='UTF-8'?>\n"
        '<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" '
        'xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns="http://www.w3.org/2005/Atom">\n'
        "  <id>https://arxiv.org/</id>\n  <title>arXiv Search Results</title>\n"
        "  <updated>2026-04-12T22:59:06Z</updated>\n"
        "  <opensearch:itemsPerPage>1</opensearch:itemsPerPage>\n"
        "  <opensearch:totalResults>1</opensearch:totalResults>\n"
        "  <opensearch:startIndex>0</opensearch:startIndex>\n  <entry>\n"
        f"    <id>{place}</id>\n    <title>Error</title>\n    <updated>2026-04-12T22:59:06Z</updated>\n"
        f'    <link href="{place}" rel="alternate" type="text/html"/>\n'
        f"    <summary>{escape(message)}</summary>\n    <author>\n      <name>arXiv api core</name>\n"
        "    </author>\n  </entry>\n</feed>\n"
    )
