"""arXiv's query API on loopback: Atom pages over given records, recorded answers, faults on demand."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape

from tests.standins.http import Quiet, served

_FEED = (
    '<?xml version="1.0" encoding="UTF-8"?><feed xmlns="http://www.w3.org/2005/Atom" '
    'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom">'
    "<id>http://arxiv.org/api/standin</id><title>arXiv Query</title><updated>2026-01-01T00:00:00Z</updated>"
    "<opensearch:totalResults>{total}</opensearch:totalResults><opensearch:startIndex>{start}</opensearch:startIndex>"
    "<opensearch:itemsPerPage>{size}</opensearch:itemsPerPage>{entries}</feed>"
)


class ArxivServer:
    """`faults` are consumed one a request: (status, headers). `replay` maps a query to a recorded body."""

    def __init__(self, records: list[dict[str, Any]]) -> None:
        self.records = records
        self.replay: tuple[int, str] | None = None
        self.faults: list[tuple[int, dict[str, str]]] = []
        self.asked: list[dict[str, str]] = []
        self.agents: list[str] = []
        self.url = ""


@contextmanager
def arxiv_server(records: list[dict[str, Any]]) -> Iterator[ArxivServer]:
    """Serve records as arXiv would; `url` is the query address."""
    server = ArxivServer(records)

    class Handler(Quiet):
        def do_GET(self) -> None:
            query = {k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()}
            server.asked.append(query)
            server.agents.append(self.headers["User-Agent"])
            if server.faults:
                status, headers = server.faults.pop(0)
                self.answer(status, b"no", "text/plain", headers)
            elif server.replay:
                self.answer(server.replay[0], server.replay[1].encode(), "application/atom+xml")
            else:
                self.answer(200, page(server.records, query).encode(), "application/atom+xml")

    with served(Handler) as address:
        server.url = address + "/api/query"
        yield server


def page(records: list[dict[str, Any]], query: dict[str, str]) -> str:
    """One page of the feed."""
    start, size = int(query.get("start", 0)), int(query.get("max_results", 10))
    entries = "".join(entry(r) for r in records[start : start + size])
    return _FEED.format(total=len(records), start=start, size=size, entries=entries)


def entry(record: dict[str, Any]) -> str:
    """One Atom entry."""
    authors = "".join(f"<author><name>{escape(a)}</name></author>" for a in record.get("authors", ["A"]))
    version = record.get("version", 1)
    comment = f"<arxiv:comment>{escape(record['comment'])}</arxiv:comment>" if record.get("comment") else ""
    return (
        f"<entry><id>http://arxiv.org/abs/{record['id']}v{version}</id><title>{escape(record['title'])}</title>"
        f"<published>{record['published']}T00:00:00Z</published><updated>{record['published']}T00:00:00Z</updated>"
        f"<summary>{escape(record['abstract'])}</summary>{authors}{comment}"
        '<category term="cs.CL" scheme="http://arxiv.org/schemas/atom"/>'
        '<arxiv:primary_category term="cs.CL"/></entry>'
    )
