"""Reference lists: ids from wherever they stand, titles looked up, the rest named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from agent.adapters.arxiv.api import ArxivApi
from agent.adapters.arxiv.http import ArxivHttp
from agent.adapters.arxiv.oai import ArxivListing
from agent.adapters.arxiv.rate_limiter import RateLimiter
from agent.adapters.arxiv.source import ArxivSource
from agent.claims.reading.references import Reference, read
from agent.cli import cli
from agent.errors import UsageError
from store.home.files import Home
from tests.conftest import StillClock, make_paper
from tests.standins.arxiv import arxiv_server
from tests.standins.world import Time, paper
from tests.test_run import write_snapshot

BIB = """@article{a, title={On {Chains} of Thought}, eprint={2506.00001}, archivePrefix={arXiv},
  abstract={We follow arXiv:2401.00009.}}
@misc{b, title={Other}, doi={10.48550/arXiv.2502.07266}}
@article{c, title={Fine-tuning and the faithfulness of chain of thought, part 2}, journal={Stars}}
@article{d, title={On stars}}
@article{a2, title={On {Chains} of Thought}, eprint={2506.00001}, archivePrefix={arXiv}}
@misc{d, title={Under a key used before}, eprint={2506.00002}, eprinttype={arxiv}}
@broken{"""
RIS = """TY  - JOUR
T1  - On Chains
UR  - https://arxiv.org/abs/2506.00001v2
ER  -
"""


def test_ids_are_found_in_every_format() -> None:
    assert read(BIB, "a.bib") == [
        Reference("On Chains of Thought", "2506.00001"), Reference("Other", "2502.07266"),
        Reference("Fine-tuning and the faithfulness of chain of thought, part 2"), Reference("On stars"),
        Reference("Under a key used before", "2506.00002"),
        Reference("", unreadable="the entry on line 8: not valid BibTeX"),
    ]  # fmt: skip
    assert read(RIS, "a.ris") == [Reference("On Chains", "2506.00001")]
    items = [
        {"title": "On Chains", "DOI": "10.48550/arXiv.2506.00001"},
        {"title": "X", "number": "arXiv:2502.07266"},
    ]
    assert [r.arxiv_id for r in read(json.dumps(items), "a.json")] == ["2506.00001", "2502.07266"]
    assert read(json.dumps({"items": items}), "a.json") == read(json.dumps(items), "a.json")


@pytest.mark.parametrize(("text", "name"), [("", "a.bib"), ("[]", "a.json"), ("{", "a.json"), ("", "a.ris")])
def test_a_list_without_references_is_an_error(text: str, name: str) -> None:
    with pytest.raises(UsageError, match=r"no reference found|not JSON"):
        read(text, name)


def test_the_papers_of_a_list_become_claims_and_the_missing_are_named(home: Home, tmp_path: Path) -> None:
    snapshot = write_snapshot(
        tmp_path / "s.jsonl", [make_paper(1), make_paper(2), make_paper(3, id="2502.07266")]
    )
    refs = tmp_path / "refs.bib"
    refs.write_text(BIB)
    args = ["--home", str(home.root), "claim", "import", str(refs), "--line", "faith", "--preview", "--json",
            "--snapshot", str(snapshot), "--source", "snapshot"]  # fmt: skip
    done = CliRunner().invoke(cli, args, standalone_mode=False)
    assert done.exception is None, done.exception
    claims = json.loads(done.stdout)["claims"]
    assert {tuple(c["sources"]) for c in claims} == {("2506.00001",), ("2506.00002",), ("2502.07266",)}
    assert "not found on arXiv: On stars" in done.stderr
    assert "not found on arXiv: the entry on line 8" in done.stderr


def test_arxiv_is_asked_for_a_title(tmp_path: Path) -> None:
    with arxiv_server([paper(1), paper(2)]) as server:
        time = Time()
        way = ArxivHttp(RateLimiter(tmp_path / "gate", time.now, time.sleep), StillClock(), "test")
        source = ArxivSource(way, ArxivApi(way, server.url), ArxivListing(way, server.oai_url))
        found = [p.id for p in source.titled("Fine-tuning and faithfulness, part 2")]
    assert "2506.00002" in found
