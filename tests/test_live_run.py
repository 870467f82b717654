"""Whole runs against arXiv's stand-in: papers read whole, versions followed, faults never a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import store.claims
import store.evidence
import store.papers
import store.verdicts
from agent.adapters.reading.sandbox import Limits as ReadingLimits
from agent.adapters.reading.sandbox import Sandbox
from bench.faults import STARS, trial
from store.home.files import Home
from store.ledger import Ledger
from store.records import Evidence, Verdict
from tests.conftest import make_claim
from tests.standins.arxiv import ArxivServer, Fault, arxiv_server
from tests.standins.world import World, paper

pytestmark = pytest.mark.slow

QUIET = [STARS[-1], *(paper(n) for n in range(1, 7))]


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    held = Sandbox(ReadingLimits(cpu_s=5, wall_s=30))
    yield held
    held.close()


@pytest.fixture
def world(tmp_path: Path, sandbox: Sandbox) -> World:
    return World(tmp_path / "gate", sandbox)


@pytest.fixture
def server() -> Iterator[ArxivServer]:
    with arxiv_server([]) as server:
        yield server


def stored(home: Home) -> tuple[list[Verdict], list[Evidence], set[str], dict[str, str]]:
    """The claim's verdicts and evidence, and the papers known and read whole."""
    ledger = Ledger.open(home.ledger)
    with ledger.read() as db:
        known = store.papers.get_many(db, store.papers.all_ids(db))
        whole = store.papers.read_whole(db, known.values())
        found = (
            store.verdicts.history(db, "tuning-hurts"), store.evidence.of_claim(db, "tuning-hurts", 1),
            set(known), {i: known[i].title for i in whole},
        )  # fmt: skip
    ledger.close()
    return found


def test_what_only_the_body_says_is_found_and_cited_with_its_section(
    home: Home, world: World, server: ArxivServer
) -> None:
    server.records = [*QUIET, paper(7, body="raises"), paper(8, body="raises", html=False)]
    run = world.run(home, server)
    verdicts, found, _, whole = stored(home)
    assert (run.health, run.reasons) == ("complete", ())
    assert verdicts[-1].name == "contradicted"
    assert {(e.paper_id, e.section, e.version) for e in found} == {
        ("2506.00007", "results", 1), ("2506.00008", "results", 1)
    }  # fmt: skip
    assert len(whole) == 8
    assert (home.papers / "2506.00007v1.html").exists()
    assert (home.papers / "2506.00008v1.pdf").exists()
    report = (home.root / run.id / "report.md").read_text()
    assert "results" in report
    assert not [t for t in world.judge.shown if "Ann Bee" in t or "worked on stars" in t]


def test_only_the_best_papers_are_downloaded(home: Home, world: World, server: ArxivServer) -> None:
    server.records = [*QUIET, paper(7, "lowers")]
    world.limits = world.limits._replace(whole=5, downloads=3)
    run = world.run(home, server)
    assert run.counts["notices"] == ["2 papers were read by their abstracts alone: a run downloads 3 at most"]
    assert len([path for _, path in server.log if path.startswith("/html")]) == 3
    assert len(stored(home)[3]) == 3


def test_an_unchanged_week_requests_nothing_twice(home: Home, world: World, server: ArxivServer) -> None:
    server.records = [*QUIET, paper(7, "lowers")]
    world.run(home, server)
    asked = len(server.log)
    run = world.run(home, server)
    assert len(server.log) == asked + 2  # the search, and the paper the verdict rests on
    assert run.counts["judged"] == run.counts["verdicts_appended"] == 0
    assert run.counts["papers_embedded"] <= run.counts["papers_new"] <= 1


def test_a_withdrawn_paper_ends_its_verdict_at_once(home: Home, world: World, server: ArxivServer) -> None:
    server.records = [*QUIET, paper(7, "raises"), paper(8, "raises")]
    world.run(home, server)
    assert stored(home)[0][-1].name == "contradicted"
    server.records[-1] |= {"version": 2, "comment": "This paper has been withdrawn by the authors"}
    run = world.run(home, server)
    verdicts, found, _, _ = stored(home)
    assert run.health == "complete"
    assert verdicts[-1].name == "relaxed"
    assert verdicts[-1].reason.startswith("arXiv:2506.00008 was withdrawn in v2")
    assert {e.paper_id: e.status for e in found} == {"2506.00007": "counted", "2506.00008": "rejected"}
    assert "was withdrawn" in (home.root / run.id / "report.md").read_text()


@pytest.mark.parametrize(
    ("said", "name"), [("raises", "contradicted"), ("", "relaxed"), ("lowers", "relaxed")]
)
def test_a_replaced_paper_is_checked_again(
    home: Home, world: World, server: ArxivServer, said: str, name: str
) -> None:
    server.records = [*QUIET, paper(7, "raises"), paper(8, "raises")]
    world.run(home, server)
    server.records[-1] = paper(8, said, version=2, updated="2026-08-30")
    world.run(home, server)
    verdicts, found, _, _ = stored(home)
    assert verdicts[-1].name == name
    if said != "raises":
        assert "2506.00008v2, which replaced v1, no longer has the quote" in verdicts[-1].reason
    if said == "lowers":
        assert {(e.version, e.stance) for e in found if e.status == "counted"} == {
            (1, "contradicts"),
            (2, "supports"),
        }


def test_a_quote_from_the_body_is_searched_for_in_the_new_body(
    home: Home, world: World, server: ArxivServer
) -> None:
    server.records = [*QUIET, paper(7, body="raises"), paper(8, body="raises")]
    world.run(home, server)
    server.records[-1] = paper(8, body="raises", version=2)
    world.run(home, server)
    assert stored(home)[0][-1].name == "contradicted"
    server.records[-1] = paper(8, body="leaves", version=3)
    world.run(home, server)
    assert stored(home)[0][-1].name == "relaxed"


def test_a_claim_that_is_not_due_is_decided_again_when_its_evidence_lapses(
    home: Home, world: World, server: ArxivServer
) -> None:
    another_claim(home)
    server.records = [*QUIET, paper(7, "raises"), paper(8, "raises")]
    world.run(home, server)
    server.records[-1] |= {"version": 2, "comment": "This paper has been withdrawn"}
    world.run(home, server, claims=["another"])
    assert stored(home)[0][-1].name == "relaxed"


def another_claim(home: Home) -> None:
    ledger = Ledger.open(home.ledger)
    with ledger.write() as db:
        store.claims.save(db, make_claim("another", text="Stars are far."), "2026-08-01T00:00:00+00:00")
    ledger.close()


def test_a_claim_not_searched_for_is_never_confirmed(home: Home, world: World, server: ArxivServer) -> None:
    another_claim(home)
    server.records = [*QUIET, paper(7, "raises"), paper(8, "raises")]
    world.run(home, server)
    server.records[-2:] = [paper(7, version=2), paper(8, version=2)]
    world.run(home, server, claims=["another"])
    assert stored(home)[0][-1].name is None


def test_evidence_not_cited_yet_is_checked_again_too(home: Home, world: World, server: ArxivServer) -> None:
    server.records = [*QUIET, paper(7, "lowers")]
    server.schedule = lambda _, path: Fault("status") if path.startswith(("/html", "/pdf")) else None
    assert world.run(home, server).health == "degraded"
    assert stored(home)[0][-1].name is None
    server.schedule = lambda *_: None
    server.records[-1] |= {"version": 2, "comment": "This paper has been withdrawn"}
    world.run(home, server)
    assert stored(home)[0][-1].basis == "unchallenged"


def test_a_lapse_recorded_by_a_killed_run_takes_effect(home: Home, world: World, server: ArxivServer) -> None:
    another_claim(home)
    server.records = [*QUIET, paper(7, "raises"), paper(8, "raises")]
    world.run(home, server)
    ledger = Ledger.open(home.ledger)
    with ledger.write() as db:
        first = store.evidence.of_claim(db, "tuning-hurts", 1)[0]
        store.evidence.lapse(db, first.id, first.run_id, "it was withdrawn", "2026-09-01T06:00:00+00:00")
    ledger.close()
    world.run(home, server, claims=["another"])
    assert stored(home)[0][-1].name == "relaxed"


def test_an_unreadable_paper_is_named_and_the_run_continues(
    home: Home, world: World, server: ArxivServer
) -> None:
    broken = b"%PDF-1.7\n" + b"<< /Type /Catalog >> " * 9 + b"\n%%EOF"
    server.records = [*QUIET, paper(7, "lowers", html=False, pdf=broken), paper(8, html=False, pdf=False)]
    run = world.run(home, server)
    assert run.health == "complete"
    assert "arXiv:2506.00007 was read by its abstract alone" in " ".join(run.counts["notices"])
    assert "arXiv:2506.00008 was read by its abstract alone: there is no file of it" in run.counts["notices"]
    assert stored(home)[0][-1].basis == "reconfirmed"


@pytest.mark.parametrize("kind", ["503", "403", "html"])
def test_an_outage_among_the_downloads_confirms_nothing(
    home: Home, world: World, server: ArxivServer, kind: str
) -> None:
    server.records = [*QUIET, paper(7, body="raises"), paper(8, body="raises")]
    wrong = Fault("html") if kind == "html" else Fault("status", int(kind))
    server.schedule = lambda _, path: wrong if path.startswith(("/html", "/pdf")) else None
    run = world.run(home, server)
    assert run.health == "degraded"
    assert sum("could not be fetched" in reason for reason in run.reasons) == 2
    assert run.reasons[-1] == "6 further papers were not asked for"
    assert stored(home)[0][-1].name is None
    server.schedule = lambda *_: None
    world.run(home, server)
    assert stored(home)[0][-1].name == "contradicted"


@pytest.mark.parametrize("seed", range(24))
def test_no_schedule_of_faults_causes_a_wrong_verdict(tmp_path: Path, sandbox: Sandbox, seed: int) -> None:
    wrong, _ = trial(seed, tmp_path, sandbox)
    assert wrong == []
