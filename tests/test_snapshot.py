"""Snapshots: plain or compressed; a bad line is named and skipped, a broken file is an error."""

from __future__ import annotations

import gzip
import json
import lzma
from pathlib import Path
from typing import Any

import pytest

from agent.adapters.arxiv.snapshot import SnapshotSource
from agent.errors import SnapshotError
from agent.ports.sources import Wanted
from tests.conftest import make_claim

RECORD = {
    "id": "2506.00001", "title": "A  title", "abstract": "An abstract.", "published": "2025-06-15",
    "version": 2, "authors": ["Ann Bee"], "comment": "9 pages", "unknown": 1,
}  # fmt: skip
WANTED = [Wanted(make_claim(), "2024-11-32", "2026-09-01")]


@pytest.mark.parametrize(
    ("name", "opener"), [("a.jsonl", open), ("a.jsonl.gz", gzip.open), ("a.jsonl.xz", lzma.open)]
)
def test_a_snapshot_is_read_plain_or_compressed(tmp_path: Path, name: str, opener: Any) -> None:
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


def test_a_record_cannot_control_the_terminal(tmp_path: Path) -> None:
    record = RECORD | {
        "title": "A \x1b[31mred title",
        "authors": ["Ann\x07 Bee"],
        "abstract": "An\u202e abstract.",
    }
    (tmp_path / "s.jsonl").write_text(json.dumps(record))
    (paper,) = SnapshotSource(tmp_path / "s.jsonl").everything()
    assert (paper.title, paper.authors, paper.abstract) == ("A [31mred title", ("Ann  Bee",), "An  abstract.")


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("not json", "Expecting value"),
        ("[]", "not a JSON object"),
        (json.dumps(RECORD | {"id": "../../etc"}), "not an arXiv id"),
        (json.dumps(RECORD | {"abstract": ""}), "abstract"),
        (json.dumps(RECORD | {"published": "June 2025"}), "published"),
        (json.dumps(RECORD | {"authors": 5}), "authors"),
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
