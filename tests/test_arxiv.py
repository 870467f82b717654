"""Live arXiv through its stand-in over HTTP: polite requests, complete results, no blind trust."""

from __future__ import annotations

import gzip
import json
import os
import random
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from agent.adapters.arxiv.api import ArxivApi
from agent.adapters.arxiv.authors import split_authors
from agent.adapters.arxiv.fetch_plan import Window, choose
from agent.adapters.arxiv.http import ArxivHttp, retry_after
from agent.adapters.arxiv.oai import ArxivListing
from agent.adapters.arxiv.oai import paper_of as paper_of_listing
from agent.adapters.arxiv.query import query_of
from agent.adapters.arxiv.rate_limiter import PATIENCE_S, SPACING_S, RateLimiter, Turn
from agent.adapters.arxiv.snapshot import NOTHING, SnapshotSource
from agent.adapters.arxiv.source import ArxivSource
from agent.arxiv_ids import parse_id
from agent.errors import SourceError
from agent.ports.sources import CitedPapers, Wanted
from tests.conftest import StillClock, make_claim
from tests.standins import arxiv_query
from tests.standins.arxiv import ArxivServer, Fault, arxiv_server
from tests.standins.world import Time

RECORD: dict[str, Any] = {
    "id": "2506.00001", "title": "On fine-tuning", "abstract": "An abstract on fine-tuning and faithfulness.",
    "published": "2025-06-15", "updated": "2025-06-15", "version": 2, "authors": ["Ann Bee"],
    "comment": "9 pages", "categories": ["cs.CL"],
}  # fmt: skip
WANTED = [Wanted(make_claim(), "2024-11-32", "2026-09-01")]
WEEK = Window("2025-06-01", "2025-06-30")


def way_to(folder: Path, time: Time | None = None) -> ArxivHttp:
    time = time or Time()
    gate = RateLimiter(folder, time.now, time.sleep)
    return ArxivHttp(gate, StillClock(), "mail@example.org", monotonic=time.now)


def live(server: ArxivServer | str, folder: Path, time: Time | None = None, **more: Any) -> ArxivSource:
    way = way_to(folder, time)
    url, oai = (server, server) if isinstance(server, str) else (server.url, server.oai_url)
    if isinstance(server, ArxivServer) and time:
        server.now, server.tick = time.now, time.sleep
    return ArxivSource(way, ArxivApi(way, url), ArxivListing(way, oai), **more)


def many(number: int, **changes: Any) -> list[dict[str, Any]]:
    return [RECORD | {"id": f"2506.{n:05d}"} | changes for n in range(1, number + 1)]


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    with arxiv_server([dict(RECORD)]) as server:
        yield server


def test_both_sources_give_the_same_paper(server: ArxivServer, tmp_path: Path) -> None:
    (tmp_path / "s.jsonl").write_text(json.dumps(RECORD))
    assert list(live(server, tmp_path).collect(WANTED, NOTHING)) == list(
        SnapshotSource(tmp_path / "s.jsonl").collect(WANTED)
    )


def test_requests_are_spaced_signed_and_never_concurrent(server: ArxivServer, tmp_path: Path) -> None:
    time = Time()
    server.records = many(5)
    for _ in range(2):  # two processes, one gate
        source = live(server, tmp_path, time)
        assert len(list(source.collect([*WANTED, *WANTED], NOTHING))) == 5
    began = [at for at, _ in server.log]
    assert len(began) == 4
    assert all(later - earlier >= 3 for earlier, later in pairwise(began))
    assert all("mail@example.org" in agent for agent in server.agents)


def cut_off(turn: Turn) -> None:
    turn.refused(25.0)
    raise KeyboardInterrupt


def test_a_killed_request_counts_and_a_cooldown_outlives_the_process(tmp_path: Path) -> None:
    time = Time()
    with pytest.raises(KeyboardInterrupt), RateLimiter(tmp_path, time.now, time.sleep).turn() as turn:
        cut_off(turn)
    gate = RateLimiter(tmp_path, time.now, time.sleep)
    with gate.turn() as turn:
        assert time.waits == [25.0]
        turn.refused(None)
    for backoff in (20.0, 40.0, 40.0):
        with gate.turn() as turn:
            assert time.waits[-1] == backoff
            turn.refused(None)
    with gate.turn() as turn:
        turn.answered()
        turn.refused(None)
    with gate.turn() as turn:
        assert time.waits[-1] == 10.0
        turn.refused(PATIENCE_S + 1)
    with pytest.raises(SourceError, match="left alone until"), gate.turn():
        pass
    (tmp_path / "gate").write_bytes(b"not a time" * 99)  # damaged: as if a request had just been made
    with gate.turn():
        assert time.waits[-1] == SPACING_S
    time.at -= 10**6  # the clock was wrong and has been corrected
    with gate.turn():
        assert time.waits[-1] == SPACING_S


@pytest.mark.parametrize("plant", [Path.symlink_to, Path.hardlink_to])
def test_a_planted_link_is_not_followed(tmp_path: Path, plant: Callable[[Path, Path], None]) -> None:
    secret, folder = tmp_path / "secret.sqlite", tmp_path / "gate"
    secret.write_bytes(b"mine alone")
    secret.chmod(0o600)
    folder.mkdir()
    plant(folder / "gate", secret)
    with pytest.raises(SourceError, match="cannot be used"), RateLimiter(folder).turn():
        pass
    assert (secret.read_bytes(), secret.stat().st_mode & 0o777) == (b"mine alone", 0o600)


def test_the_gate_is_shared_by_all_users_and_owned_by_none(tmp_path: Path) -> None:
    folder = tmp_path / "gate"
    with RateLimiter(folder).turn():
        assert stat.filemode(folder.stat().st_mode) == "drwxrwxrwt"
        assert stat.filemode((folder / "gate").stat().st_mode) == "-rw-rw-rw-"
    (tmp_path / "elsewhere").symlink_to(folder)
    with pytest.raises(SourceError, match="cannot be used"), RateLimiter(tmp_path / "elsewhere").turn():
        pass
    folder.chmod(0o777)  # as an earlier version left it
    (folder / "gate").write_text("nan -5")  # anybody may write there
    with RateLimiter(folder, lambda: 0.0, lambda _: None).turn() as turn:
        turn.refused(None)
    assert stat.filemode(folder.stat().st_mode) == "drwxrwxrwt"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_another_users_folder_has_to_be_sticky(tmp_path: Path) -> None:
    folder = tmp_path / "gate"
    folder.mkdir()
    os.chown(folder, 4242, 4242)
    folder.chmod(0o777)
    with pytest.raises(SourceError, match="cannot be used"), RateLimiter(folder).turn():
        pass
    folder.chmod(0o1777)
    with RateLimiter(folder).turn():
        assert (folder / "gate").exists()


TURNS = """
import sys, time
from agent.adapters.arxiv import rate_limiter as polite
polite.SPACING_S = 0.1
gate = polite.RateLimiter(polite.Path(sys.argv[1]))
for _ in range(4):
    with gate.turn():
        print(time.time())
        time.sleep(0.01)
        print(time.time())
"""


def test_processes_take_turns(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TURNS, str(tmp_path)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [list(map(float, p.communicate(timeout=30)[0].split())) for p in running]
    turns = sorted((t[n], t[n + 1]) for t in told for n in range(0, 8, 2))
    assert len(turns) == 12
    assert all(b[0] - a[0] > 0.08 and b[0] > a[1] for a, b in pairwise(turns))


def test_a_contact_in_any_script_is_sent(server: ArxivServer, tmp_path: Path) -> None:
    way = way_to(tmp_path)
    way.contact = "Łukasz ‹l@example.org›"
    assert way.get(server.url).status == 200
    assert "l@example.org" in server.agents[0]


def test_a_refusal_is_waited_out_for_as_long_as_asked(server: ArxivServer, tmp_path: Path) -> None:
    time = Time()
    server.faults = [Fault("status", 429, {"Retry-After": "1"}), Fault("status", 503, {"Retry-After": "25"}),
                     Fault("status", 503)]  # fmt: skip
    assert len(list(live(server, tmp_path, time).collect(WANTED, NOTHING))) == 1
    assert time.waits == [SPACING_S, 25.0, 40.0]
    assert retry_after("Tue, 01 Sep 2026 06:00:30 GMT", StillClock()) == 30
    assert retry_after("soon", StillClock()) is None


@pytest.mark.parametrize("kind", ["reset", "cut", "short", "drip", "html", "hollow", "empty"])
def test_a_wrong_answer_is_requested_again(server: ArxivServer, tmp_path: Path, kind: str) -> None:
    server.faults = [Fault(kind)]
    source = live(server, tmp_path, Time())
    assert len(list(source.collect(WANTED, NOTHING))) == 1
    assert source.problems == []
    assert len(server.log) == 2


def test_short_pages_are_continued_and_duplicates_merged(server: ArxivServer, tmp_path: Path) -> None:
    server.records = many(40)
    server.faults = [Fault("thin"), Fault("twice")]
    source = live(server, tmp_path)
    assert len(list(source.collect(WANTED, NOTHING))) == 40
    assert source.problems == []


def test_unreachable_arxiv_is_one_clear_error(server: ArxivServer, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="refused"):
        list(live("http://127.0.0.1:9", tmp_path).collect(WANTED, NOTHING))
    server.schedule = lambda *_: Fault("status", 503)
    source = live(server, tmp_path)
    assert list(source.collect([*WANTED, *WANTED, *WANTED], NOTHING)) == []
    assert "the search for tuning-hurts failed" in source.problems[0]
    assert "HTTP 503" in source.problems[0]
    assert source.problems[-1] == "1 further arXiv queries were not made"
    assert len(server.log) == 8


def test_an_empty_result_is_believed_only_if_arxiv_is_up(server: ArxivServer, tmp_path: Path) -> None:
    server.records = [RECORD | {"title": "On stars", "abstract": "Nothing of the kind."}]
    source = live(server, tmp_path)
    assert list(source.collect(WANTED, NOTHING)) == []
    assert source.problems == []
    assert len(server.log) == 4  # the query, two retries, and the canary
    server.schedule = lambda *_: Fault("empty")
    assert list(source.collect(WANTED, NOTHING)) == []
    assert "seems to return nothing at all" in source.problems[0]
    with pytest.raises(SourceError, match="returns nothing"):
        source.ping()


def test_dates_are_checked_on_our_side(server: ArxivServer, tmp_path: Path) -> None:
    server.replay = (
        200,
        arxiv_query.feed({}, 1, 0, 10, arxiv_query.entry(RECORD | {"published": "2023-01-02"})),
    )
    source = live(server, tmp_path)
    assert list(source.collect(WANTED, NOTHING)) == []
    assert "outside its window" in source.problems[0]


def test_a_result_that_is_not_a_paper_is_named(server: ArxivServer, tmp_path: Path) -> None:
    server.records = [*many(2), RECORD | {"id": "not-an-id"}]
    source = live(server, tmp_path)
    assert len(list(source.collect(WANTED, NOTHING))) == 2
    assert source.problems[-1] == "1 of arXiv's results have no arXiv id"


def test_many_claims_are_harvested_at_once(server: ArxivServer, tmp_path: Path) -> None:
    server.records = many(30) + many(1, id="2505.00001", published="2025-05-01")
    claims = [Wanted(make_claim(f"c{n}"), "2025-06-01", "2025-06-20") for n in range(40)]
    source = live(server, tmp_path, categories=["cs.CL"])
    assert source.outlook(claims, NOTHING).way == "harvest"
    assert len(list(source.collect(claims, NOTHING))) == 30
    assert len(server.log) == 1
    assert server.asked[0]["sortOrder"] == "ascending"


def test_a_window_over_arxivs_limit_is_halved(
    server: ArxivServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.adapters.arxiv.source.MOST_RESULTS", 10)
    server.records = [RECORD | {"id": f"2506.{n:05d}", "published": f"2025-06-{n:02d}"} for n in range(1, 31)]
    claims = [Wanted(make_claim(f"c{n}"), "2025-06-01", "2025-06-30") for n in range(40)]
    source = live(server, tmp_path, categories=["cs.CL"])
    assert len(list(source.collect(claims, NOTHING))) == 30
    assert source.problems == []


def test_known_papers_are_requested_by_id_and_a_missing_one_is_named(
    server: ArxivServer, tmp_path: Path
) -> None:
    server.records[0] |= {"version": 3, "comment": "This paper has been withdrawn by the author"}
    source = live(server, tmp_path)
    (paper,) = source.collect([], CitedPapers({"2506.00001": ["cs.CL"], "2506.09999": ["cs.CL"]}))
    assert paper.withdrawn
    assert paper.version == 3
    assert "no record of 2506.09999" in source.problems[0]


def test_one_refused_id_does_not_spoil_the_others(server: ArxivServer, tmp_path: Path) -> None:
    server.records = [RECORD | {"id": f"2506.{n:05d}"} for n in range(20)]
    ids = [r["id"] for r in server.records]
    found = live(server, tmp_path).records([*ids[:7], "no id", *ids[7:]])
    assert sorted(found) == ids
    assert len(server.log) == 2 + 1  # the rest is asked for again, then the canary


def test_a_record_that_could_not_be_requested_is_not_a_missing_one(
    server: ArxivServer, tmp_path: Path
) -> None:
    server.faults = [Fault("empty")]
    assert set(live(server, tmp_path).records(["2506.00001", "2506.09999"])) == {"2506.00001"}
    server.schedule = lambda *_: Fault("empty")
    with pytest.raises(SourceError, match="returns nothing"):
        live(server, tmp_path).records(["2506.00001"])
    server.schedule = lambda *_: Fault("status", 503)
    with pytest.raises(SourceError, match="HTTP 503"):
        live(server, tmp_path).records(["2506.00001"])


def test_a_listing_has_versions_and_survives_an_expired_token(server: ArxivServer, tmp_path: Path) -> None:
    server.records = many(25)
    server.oai.page = 10
    server.oai.expired = {"arXivRaw|cs|2025-06-01|2025-06-30|20"}
    listing = ArxivListing(way_to(tmp_path), server.oai_url)
    found = {p.id: p for p in listing.changed("cs", WEEK)}
    assert len(found) == 25
    assert found["2506.00001"] == next(of_snapshot(tmp_path, RECORD))
    assert len(server.log) == 6
    assert list(listing.changed("math", WEEK)) == []
    for kind in ("short", "empty", "thin", "twice"):
        server.faults = [Fault(kind)]
        assert len({p.id for p in listing.changed("cs", WEEK)}) == 25


@pytest.mark.parametrize("kind", ["hollow", "empty"])
def test_a_listing_that_breaks_off_is_named(server: ArxivServer, tmp_path: Path, kind: str) -> None:
    server.records = many(25)
    server.oai.page = 10
    server.faults = [Fault("status", 503, {"Retry-After": "3"}), Fault("thin"), Fault(kind)]
    with pytest.raises(SourceError, match="breaks off after 3 records"):
        list(ArxivListing(way_to(tmp_path), server.oai_url).changed("cs", WEEK))


def test_duplicate_results_hide_no_others(server: ArxivServer, tmp_path: Path) -> None:
    server.records = many(60)
    server.faults = [Fault("twice")]
    api = ArxivApi(way_to(tmp_path), server.url)
    assert len({p.id for p in api.search("cat:cs.CL", None, 20)}) == 60


def test_papers_missing_from_a_listing_are_requested_by_id() -> None:
    claims = [Wanted(make_claim(f"c{n}"), "2026-08-25", "2026-09-01") for n in range(2000)]
    held = {f"2506.{n:05d}": ["cs.CL"] for n in range(3000)}
    known = CitedPapers(held | {"math/0309136": ["math.GT"]}, "2026-08-25")
    plan = choose(claims, known, ["cs.CL"], lambda _: 0.01)
    assert (plan.way, plan.check) == ("listing", ("math/0309136",))
    assert choose(claims, CitedPapers(held), ["cs.CL"], lambda _: 0.01).way == "harvest"


def of_snapshot(folder: Path, record: dict[str, Any]) -> Iterator[Any]:
    (folder / "one.jsonl").write_text(json.dumps(record))
    return SnapshotSource(folder / "one.jsonl").everything()


def test_recorded_answers_of_the_real_api_are_understood(tmp_path: Path, shared_data: Path) -> None:
    seen = 0
    for path in sorted((shared_data / "arxiv-api/recorded").glob("*.json")):
        recorded = json.loads(path.read_text())
        with arxiv_server([]) as server:
            server.replay = (recorded["status_code"], recorded["body"])
            api = ArxivApi(way_to(tmp_path), server.url)
            if recorded["status_code"] == 400:
                with pytest.raises(SourceError, match="incorrect id format for abc"):
                    list(api.search("q", 1, 1))
                continue
            entries = recorded["body"].count("<entry>")
            papers = list(api.search("q", entries or 1, entries or 1))
            assert len(papers) == entries
            assert all(parse_id(p.id) and p.title and p.version and p.authors for p in papers)
            seen += entries
    assert seen >= 200


def test_the_stand_in_answers_as_arxiv_did(tmp_path: Path, shared_data: Path) -> None:
    answers = [
        json.loads(p.read_text()) for p in sorted((shared_data / "arxiv-api/recorded").glob("id_*.json"))
    ]
    for recorded in answers:
        query = dict(re.findall(r"(\w+)=([^&]*)", recorded["url"].replace("%2C", ",").replace("%2F", "/")))
        records = [_record(e) for e in etree.fromstring(recorded["body"].encode()).findall("{*}entry")]
        with arxiv_server([r for r in records if "/api/errors" not in r["url"]]) as server:
            way = way_to(tmp_path)
            url = server.url + "?" + "&".join(f"{k}={v}" for k, v in query.items())
            answer = way.get(url)
        assert answer.status == recorded["status_code"]
        assert _canonical(answer.body) == _canonical(recorded["body"].encode())


def _record(entry: Any) -> dict[str, Any]:
    url = entry.findtext("{*}id")
    name, _, version = url.rpartition("/abs/")[2].rpartition("v")
    return {
        "url": url, "id": name, "version": int(version) if version.isdigit() else 1,
        "title": entry.findtext("{*}title"), "abstract": entry.findtext("{*}summary"),
        "updated": entry.findtext("{*}updated"), "published": entry.findtext("{*}published") or "2020-01-01",
        "comment": entry.findtext("{*}comment"),
        "authors": [a.text for a in entry.findall("{*}author/{*}name")],
        "categories": [c.get("term") for c in entry.findall("{*}category")],
    }  # fmt: skip


def _canonical(body: bytes) -> list[tuple[str, str, tuple[Any, ...]]]:
    """Tags, texts and attributes in order, except what identifies the request or the moment."""
    root = etree.fromstring(body)
    for name in ("id", "updated", "title", "link"):
        for element in root.findall(f"{{*}}{name}"):
            root.remove(element)
    for entry in root.findall("{*}entry"):
        etree.strip_elements(entry, "{*}journal_ref", "{*}doi", "{*}affiliation", "{*}link", with_tail=False)
        if "/api/errors" in (entry.findtext("{*}id") or ""):
            etree.strip_elements(entry, "{*}updated", with_tail=False)
    return [(e.tag, " ".join((e.text or "").split()), tuple(sorted(e.attrib.items()))) for e in root.iter()]


def test_recorded_listings_are_understood(shared_data: Path) -> None:
    root = etree.parse(shared_data / "arxiv-api/oai/ListRecords_data_2.xml")
    papers = [paper_of_listing(r) for r in root.findall(".//{*}record")]
    assert len(papers) == 265
    assert all(p and p.title and p.abstract and p.authors for p in papers)
    one = etree.parse(shared_data / "arxiv-api/oai/GetRecord_data.xml").find(".//{*}record")
    paper = paper_of_listing(one)
    assert paper
    assert (paper.id, paper.published, paper.updated) == ("2107.10460", "2021-07-22", "2022-06-15")
    assert paper.authors[0] == "Taichi Terashima"


def test_a_query_names_the_claims_words_and_its_window() -> None:
    query = query_of(replace(WANTED[0], after="2026-08-24"), ["cs.CL", "cs.AI"])
    assert "all:faithfulness" in query
    assert 'all:"fine tuning"' in query
    assert query.endswith("AND (cat:cs.CL OR cat:cs.AI) AND submittedDate:[202608240000 TO 202609012359]")
    assert "submittedDate:[199108140000" in query_of(Wanted(make_claim(scope={}), None, "2026-09-01"))


@pytest.mark.parametrize(("text", "asked"), [
    ("DPO beats PPO.", ["all:dpo", "all:ppo", "all:beats"]),
    ("LoRA ties full FT on GSM8K.", ["all:lora", "all:ft", "all:gsm8k"]),
    ("RAG beats long context on QA.", ["all:rag", "all:qa"]),
    ("GPT-4's o1 错误", ['all:"gpt 4"', "all:o1", "all:错误"]),
])  # fmt: skip
def test_short_words_digits_and_other_scripts_are_searched_for(text: str, asked: list[str]) -> None:
    query = query_of(Wanted(make_claim(text=text, scope={}, atoms=()), None, "2026-09-01"))
    assert [word for word in asked if word not in query] == []


def test_papers_for_tersely_worded_claims_are_found(shared_data: Path, tmp_path: Path) -> None:
    lines = (shared_data / "field/06-live.jsonl").read_text().splitlines()
    texts = ("DPO beats PPO.", "LoRA ties full FT on GSM8K.", "RAG beats long context on QA.")
    for number, text in enumerate(texts, 1):
        claim = make_claim(text=text, scope={}, atoms=())
        with arxiv_server([json.loads(line) | {"version": 1} for line in lines]) as server:
            found = live(server, tmp_path).collect([Wanted(claim, None, "2026-09-01")], NOTHING)
            assert f"2502.{number:05d}" in {p.id for p in found}


def test_a_claim_without_a_telling_word_is_harvested(server: ArxivServer, tmp_path: Path) -> None:
    claim = make_claim(text="These are what they are.", scope={}, atoms=())
    source = live(server, tmp_path, categories=["cs.CL"])
    assert source.outlook([Wanted(claim, "2025-06-01", "2025-06-20")], NOTHING).way == "harvest"
    assert len(list(source.collect([Wanted(claim, "2025-06-01", "2025-06-20")], NOTHING))) == 1


def test_a_claim_of_this_month_has_no_window_yet(server: ArxivServer, tmp_path: Path) -> None:
    want = Wanted(make_claim(as_of="2026-11"), "2026-11-32", "2026-11-30")
    source = live(server, tmp_path, categories=["cs.CL"])
    assert source.outlook([want], NOTHING).requests >= 1
    assert list(source.collect([want], NOTHING)) == []


def test_all_results_of_a_search_are_taken(
    server: ArxivServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent.adapters.arxiv.source.MOST_RESULTS", 100)
    monkeypatch.setattr("agent.adapters.arxiv.fetch_plan.PER_DAY", 10_000)
    server.records = [
        RECORD | {"id": f"2506.{n:05d}", "published": f"2025-06-{1 + n % 30:02d}"} for n in range(350)
    ]
    source = live(server, tmp_path, categories=["cs.CL"])
    wanted = [Wanted(make_claim(), "2025-06-01", "2025-06-30")]
    assert source.outlook(wanted, NOTHING).way == "search"
    assert len(list(source.collect(wanted, NOTHING))) == 350
    assert source.problems == []


@pytest.mark.slow
def test_the_paper_a_claim_was_written_from_is_found(shared_data: Path) -> None:
    """For 1,000 claims, over 23,000 records of their own field: about seven weeks of three categories."""
    records = {r["id"]: r for r in _lines(shared_data / "arxiv/sample-7k.jsonl.gz")}
    for r in _lines(shared_data / "stance/papers.jsonl.gz"):
        title, *rest = r["sentences"]
        records.setdefault(r["id"], r | {"title": title, "abstract": " ".join(rest)})
    crowd = [r | {"published": "2026-08-01", "categories": ["cs.CL"]} for r in records.values()]
    rows = _lines(shared_data / "stance/labels.jsonl.gz")
    asked = list({r["claim"]: r["paper"] for r in rows if r["kind"] in ("written", "challenged")}.items())
    missed, brought = list[str](), 0
    for text, paper in random.Random(5).sample(asked, 1000):
        want = Wanted(make_claim(text=text, scope={}, atoms=()), "2026-07-13", "2026-09-01")
        query = query_of(want, ["cs.CL", "cs.LG", "cs.AI"])
        found = arxiv_query.select(crowd, {}, {"search_query": query, "sortBy": "submittedDate"})
        missed += [text] if paper not in {r["id"] for r in found} else []
        brought += len(found)
    assert len(crowd) > 20_000
    assert len(missed) <= 80, missed[:5]
    assert brought / 1000 <= 0.07 * len(crowd)


def _lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def test_an_author_line_is_split_into_names() -> None:
    assert split_authors("Ann Bee (A Lab (B)), Carol Lee and Dan Wu") == ("Ann Bee", "Carol Lee", "Dan Wu")
