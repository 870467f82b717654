"""arXiv on loopback: the query API, OAI-PMH, HTML and PDF over given records, with faults on demand.

    python -m tests.standins.arxiv --records FILE [--port 8765] [--faults SEED]

serves a snapshot, and prints the settings that point `retest run --source arxiv` at it.
"""

from __future__ import annotations

import argparse
import random
import re
import socket
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from agent.adapters.arxiv.snapshot import SnapshotSource
from store.records import Paper
from tests.standins import arxiv_oai, arxiv_papers, arxiv_query
from tests.standins.http import Quiet, served

Record = dict[str, Any]


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request.

    Kinds: status (with `headers`), reset, cut (half a body, by length), short (half a body declared
    complete), drip (complete, but far too slow), html, empty, hollow (a total, no entries), twice (entries
    doubled), thin (a short page).
    """

    kind: str
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)


PATIENCE_S = 180
"""How long the client waits for a whole response before it hangs up."""
KINDS = ("status", "status", "reset", "cut", "short", "drip", "html", "empty", "hollow", "twice", "thin")
Schedule = Callable[[int, str], Fault | None]


def seeded(seed: int, share: float = 0.3) -> Schedule:
    """A schedule of faults, the same for the same seed; some seeds have a long outage."""
    rng = random.Random(seed)
    outage = range(start := rng.randrange(12), start + rng.choice((0, 0, 3, 8)))

    def schedule(number: int, _path: str) -> Fault | None:
        kind = rng.choice(KINDS)
        wait = rng.choice(({}, {"Retry-After": "1"}, {"Retry-After": "25"}))
        status = rng.choice((429, 503, 500))
        hit = rng.random() < share
        if number in outage:
            return Fault("status", 503)
        return Fault(kind, status, wait) if hit else None

    return schedule


class ArxivServer:
    """`faults` are consumed one per request, then `schedule` is asked. `log` has (instant, path and query).

    `now` is the clock for the log; `tick` passes time while a response drips.
    """

    def __init__(self, records: list[Record]) -> None:
        self.records = records
        self.oai = arxiv_oai.Repository()
        self.faults: list[Fault] = []
        self.schedule: Schedule = lambda _number, _path: None
        self.replay: tuple[int, str] | None = None
        self.now: Callable[[], float] = time.time
        self.tick: Callable[[float], None] = time.sleep
        self.log: list[tuple[float, str]] = []
        self.asked: list[dict[str, str]] = []
        self.agents: list[str] = []
        self.heard: list[dict[str, str]] = []
        self.given: set[str] = set()
        self.url = self.site = self.oai_url = ""

    def fault(self, path: str) -> Fault | None:
        """What goes wrong with the latest request."""
        return self.faults.pop(0) if self.faults else self.schedule(len(self.log) - 1, path)

    def page(self, query: dict[str, str], fault: Fault | None) -> tuple[int, str]:
        """A response of the query API."""
        if self.replay:
            return self.replay
        by_id = {r["id"]: r for r in self.records}
        try:
            if fault and fault.kind == "empty":
                return 200, arxiv_query.feed(query, 0, 0, 10, "")
            start, size = int(query.get("start", 0)), int(query.get("max_results", 10))
            found = arxiv_query.select(self.records, by_id, query)
            shown = found[start : start + min(size, arxiv_query.PAGE)]
            if fault and fault.kind in ("hollow", "thin"):
                shown = shown[: len(shown) // 2] if fault.kind == "thin" else []
            if fault and fault.kind == "twice":
                shown = [r for r in shown for _ in range(2)]
            if size > 1 and (fault is None or fault.kind in ("thin", "twice")):  # size 1 is the canary query
                self.given |= {r["id"] for r in shown}
            entries = "".join(arxiv_query.entry(r) for r in shown)
            return 200, arxiv_query.feed(query, len(found), start, size, entries)
        except (arxiv_query.Malformed, ValueError) as error:
            return 400, arxiv_query.error(str(error))

    def listing(self, query: dict[str, str], fault: Fault | None) -> str:
        """A response of the OAI-PMH repository."""
        wrong = fault.kind if fault else ""
        if wrong == "empty":
            return arxiv_oai.failure("noRecordsMatch")
        if wrong == "hollow":
            return arxiv_oai.document("")
        told = self.oai.answer(self.records, query, 3 if wrong == "thin" else self.oai.page)
        if wrong == "twice":
            told = re.sub(r"(<record>.*?</record>)", r"\1\1", told, flags=re.DOTALL)
        if wrong in ("", "twice", "thin"):
            self.given |= set(re.findall(r"<id>(.*?)</id>", told))
        return told

    def file(self, kind: str, name: str) -> bytes | None:
        """A paper's file by id and version, or None."""
        held = next((r for r in self.records if name in (r["id"], f"{r['id']}v{r.get('version', 1)}")), None)
        if held is None or not held.get(kind, True):
            return None
        if isinstance(held.get(kind), bytes):
            return bytes(held[kind])
        return arxiv_papers.page_of(held) if kind == "html" else arxiv_papers.pdf_of(held)


@contextmanager
def arxiv_server(records: list[Record], port: int = 0) -> Iterator[ArxivServer]:
    """Serve records as arXiv would; `url` is the query address, `site` that of files."""
    server = ArxivServer(records)

    class Handler(Quiet):
        def do_GET(self) -> None:
            server.log.append((server.now(), self.path))
            parts = urlsplit(self.path)
            query = {k: v[0] for k, v in parse_qs(parts.query).items()}
            server.asked.append(query)
            server.agents.append(self.headers["User-Agent"])
            server.heard.append(dict(self.headers))
            _reply(self, server, unquote(parts.path), query)

    with served(Handler, port) as address:
        server.site = address
        server.url, server.oai_url = address + "/api/query", address + "/oai"
        yield server


def _reply(handler: Quiet, server: ArxivServer, path: str, query: dict[str, str]) -> None:
    fault = server.fault(path)
    status, kind, body, headers = 404, "text/html", b"<html>no such page</html>", dict[str, str]()
    if path == "/api/query":
        status, text = server.page(query, fault)
        kind, body = "application/atom+xml; charset=utf-8", text.encode()
    elif path == "/oai":
        status, kind, body = 200, "text/xml", server.listing(query, fault).encode()
    elif path.startswith(("/html/", "/pdf/")):
        what, _, name = path[1:].partition("/")
        if (found := server.file(what, name)) is not None:
            kind = "text/html; charset=utf-8" if what == "html" else "application/pdf"
            asked = handler.headers.get("Range") if handler.headers.get("If-Range") == tag(found) else None
            status, body, headers = ranged(found, asked)
    if fault is None or fault.kind in ("empty", "hollow", "twice", "thin"):
        handler.answer(status, body, kind, headers)
    else:
        misbehave(handler, server, fault, (status, body, kind, headers))


def tag(found: bytes) -> str:
    """A file's entity tag."""
    return f'"{zlib.crc32(found)}"'


def ranged(found: bytes, asked: str | None) -> tuple[int, bytes, dict[str, str]]:
    """A file, or the rest of it from the offset in a Range header (RFC 9110, 14)."""
    headers = {"ETag": tag(found), "Accept-Ranges": "bytes"}
    if not asked:
        return 200, found, headers
    start = int(asked.removeprefix("bytes=").rstrip("-"))
    return 206, found[start:], headers | {"Content-Range": f"bytes {start}-{len(found) - 1}/{len(found)}"}


Reply = tuple[int, bytes, str, dict[str, str]]


def misbehave(handler: Quiet, server: ArxivServer, fault: Fault, reply: Reply) -> None:
    """Send the faulty response that the fault describes."""
    status, body, kind, headers = reply
    if fault.kind == "status":
        handler.answer(
            fault.status, b"<html><body><h1>Retry later</h1></body></html>", "text/html", fault.headers
        )
    elif fault.kind == "html":
        handler.answer(200, b"<html><body>arXiv is being worked on</body></html>", "text/html")
    elif fault.kind == "short":
        handler.answer(status, body[: len(body) // 2], kind, headers)
    elif fault.kind == "reset":
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
    else:
        _begin(handler, status, body, kind, headers)
        with suppress(ConnectionError):
            whole = len(body) if fault.kind == "drip" else len(body) // 2
            for part, n in enumerate(range(0, whole, 1 + len(body) // 16)):
                handler.wfile.write(body[n : n + 1 + len(body) // 16])
                handler.wfile.flush()
                # Once the client may have hung up, no time may pass beside its next request.
                if fault.kind == "drip" and part * 60 <= PATIENCE_S:
                    server.tick(60.0)
        handler.close_connection = True
        handler.connection.close()


def _begin(handler: Quiet, status: int, body: bytes, kind: str, headers: dict[str, str]) -> None:
    handler.send_response(status)
    for name, value in ({"Content-Type": kind, "Content-Length": str(len(body))} | headers).items():
        handler.send_header(name, value)
    handler.end_headers()


def record_of(paper: Paper) -> Record:
    """A paper as a record that the stand-in serves."""
    return asdict(paper) | {"version": paper.version or 1, "authors": paper.authors or ("Unknown",)}


def main() -> None:
    """Serve a snapshot until interrupted."""

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", required=True, type=Path, help="a snapshot: .jsonl, .gz or .xz")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument(
        "--faults", type=int, metavar="SEED", help="let things go wrong, by a seeded schedule"
    )
    args = parser.parse_args()
    records = [record_of(p) for p in SnapshotSource(args.records).everything()]
    with arxiv_server(records, args.port) as server:
        if args.faults is not None:
            server.schedule = seeded(args.faults)
        print(f"{len(records)} records. Talk to them with:\n  export RETEST_ARXIV_URL={server.url} "  # noqa: T201
              f"RETEST_OAI_URL={server.oai_url} RETEST_ARXIV_SITE={server.site}", flush=True)  # fmt: skip
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


if __name__ == "__main__":
    main()
