"""Snapshots and live arXiv: the same papers from both, every gap named."""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.arxiv_api import ArxivSource, query_of, retry_after
from agent.adapters.arxiv_ids import is_withdrawal, parse_id
from agent.adapters.polite_gate import PoliteGate
from agent.adapters.snapshot import SnapshotSource
from agent.errors import SnapshotError, SourceError
from agent.ports import Wanted
from tests.conftest import StillClock, make_claim
from tests.standins.arxiv import ArxivServer, arxiv_server

RECORD = {
    "id": "2506.00001", "title": "A  title", "abstract": "An abstract.", "published": "2025-06-15",
    "version": 2, "authors": ["Ann Bee"], "comment": "9 pages", "unknown": 1,
}  # fmt: skip
WANTED = [Wanted(make_claim(), "2024-11-32", "2026-09-01")]


class Time:
    """A clock that sleeping moves, and the waits it was asked for."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.at += seconds


def live(server: ArxivServer | str, folder: Path, time: Time | None = None, most: int = 200) -> ArxivSource:
    time = time or Time()
    gate = PoliteGate(folder, time.now, time.sleep)
    url = server if isinstance(server, str) else server.url
    return ArxivSource(gate, StillClock(), url=url, contact="mail@example.org", most=most)


@pytest.mark.parametrize(
    ("name", "opener"), [("a.jsonl", open), ("a.jsonl.gz", gzip.open), ("a.jsonl.xz", lzma.open)]
)
def test_a_snapshot_is_read_plain_or_packed(tmp_path: Path, name: str, opener: Any) -> None:
    with opener(tmp_path / name, "wt", encoding="utf-8") as file:
        file.write(json.dumps(RECORD) + "\n\n")
    for path in (tmp_path / name, tmp_path):
        (paper,) = SnapshotSource(path).collect(WANTED)
        assert (paper.id, paper.version, paper.title, paper.authors) == (
            "2506.00001",
            2,
            "A title",
            ("Ann Bee",),
        )


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("not json", "Expecting value"),
        ("[]", "not a JSON object"),
        (json.dumps(RECORD | {"id": "../../etc"}), "not an arXiv id"),
        (json.dumps(RECORD | {"abstract": ""}), "abstract"),
        (json.dumps(RECORD | {"published": "June 2025"}), "published"),
        (json.dumps(RECORD | {"authors": "Ann"}), "authors"),
    ],
)
def test_a_bad_line_is_named_by_number_and_skipped(tmp_path: Path, line: str, named: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text(
        json.dumps(RECORD) + "\n" + line + "\n" + json.dumps(RECORD | {"id": "2506.00002"}) + "\n"
    )
    source = SnapshotSource(path)
    assert [p.id for p in source.collect(WANTED)] == ["2506.00001", "2506.00002"]
    assert "line 2 of s.jsonl" in source.problems[0]
    assert named in source.problems[0]


def test_a_snapshot_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="no snapshot"):
        SnapshotSource(tmp_path / "none.jsonl")
    (tmp_path / "torn.jsonl.gz").write_bytes(gzip.compress(b"x" * 99999)[:60])
    with pytest.raises(SnapshotError, match=r"torn\.jsonl\.gz"):
        list(SnapshotSource(tmp_path / "torn.jsonl.gz").collect(WANTED))


def test_both_sources_give_the_same_paper(tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text(json.dumps(RECORD | {"categories": ["cs.CL"], "updated": "2025-06-15"}))
    with arxiv_server([RECORD]) as server:
        assert list(live(server, tmp_path).collect(WANTED)) == list(
            SnapshotSource(tmp_path / "s.jsonl").collect(WANTED)
        )


def test_live_pages_are_followed_three_seconds_apart_and_politely_signed(tmp_path: Path) -> None:
    records = [RECORD | {"id": f"2506.{n:05d}"} for n in range(1, 251)]
    time = Time()
    with arxiv_server(records) as server:
        source = live(server, tmp_path, time, most=250)
        assert len(list(source.collect(WANTED))) == 250
        assert [q["start"] for q in server.asked] == ["0", "100", "200"]
        assert all("mail@example.org" in agent for agent in server.agents)
    assert time.waits == [3.0, 3.0]


def test_two_processes_share_one_gate(tmp_path: Path) -> None:
    time = Time()
    for _ in range(2):
        with PoliteGate(tmp_path, time.now, time.sleep).turn():
            pass
    assert time.waits == [3.0]


def test_a_refusal_is_waited_out_as_asked_and_no_shorter(tmp_path: Path) -> None:
    time = Time()
    with arxiv_server([RECORD]) as server:
        server.faults = [(429, {"Retry-After": "1"}), (503, {"Retry-After": "25"}), (503, {})]
        assert len(list(live(server, tmp_path, time).collect(WANTED))) == 1
    assert time.waits == [3.0, 25.0, 40.0]


def test_arxiv_out_of_reach_is_one_clear_error(tmp_path: Path) -> None:
    with arxiv_server([RECORD]) as server:
        server.faults = [(503, {})] * 4
        with pytest.raises(SourceError, match="HTTP 503"):
            list(live(server, tmp_path).collect(WANTED))
    with pytest.raises(SourceError, match="refused"):
        list(live("http://127.0.0.1:9", tmp_path).collect(WANTED))


def test_silence_from_every_query_is_doubted(tmp_path: Path) -> None:
    with arxiv_server([]) as server:
        source = live(server, tmp_path)
        assert list(source.collect(WANTED)) == []
    assert "failing" in source.problems[0]


def test_recorded_answers_of_the_real_api_are_understood(tmp_path: Path, shared_data: Path) -> None:
    seen = 0
    for path in sorted((shared_data / "arxiv-api/recorded").glob("*.json")):
        recorded = json.loads(path.read_text())
        with arxiv_server([]) as server:
            server.replay = (recorded["status_code"], recorded["body"])
            source = live(server, tmp_path, most=1)
            if recorded["status_code"] == 400:
                with pytest.raises(SourceError, match="HTTP 400"):
                    list(source.search("q", 1))
                continue
            for paper in source.search("q", 1):
                assert parse_id(paper.id)
                assert paper.title
                assert paper.version
                seen += 1
    assert seen >= 10


def test_a_query_names_the_claims_words_and_its_window() -> None:
    assert query_of(WANTED[0]) == (
        '(all:"fine-tuning" OR all:"fine-tun") AND submittedDate:[202411280000 TO 202609012359]'
    )
    assert "AND (cat:cs.CL OR cat:cs.AI) AND" in query_of(WANTED[0], ["cs.CL", "cs.AI"])
    bare = query_of(Wanted(make_claim(scope={}), None, "2026-09-01"))
    assert "faithfulness" in bare
    assert "submittedDate:[199108010000" in bare


def test_ids_versions_withdrawals_and_retry_after() -> None:
    assert parse_id("2411.15382v3") == ("2411.15382", 3)
    assert parse_id("math.GT/0309136") == ("math.GT/0309136", None)
    assert parse_id("2411.15382/../x") is None
    assert is_withdrawal("This paper has been withdrawn by the author")
    assert not is_withdrawal("12 pages; the earlier results were kept")
    clock = StillClock()
    assert retry_after("Tue, 01 Sep 2026 06:00:30 GMT", clock) == 30
    assert retry_after("soon", clock) is None
