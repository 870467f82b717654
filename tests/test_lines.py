"""Lines by hand: added, reworded, archived; and searched for in categories of their own."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

import store.claims
import store.lines
from agent.adapters.arxiv.api import ArxivApi
from agent.adapters.arxiv.http import ArxivHttp
from agent.adapters.arxiv.oai import ArxivListing
from agent.adapters.arxiv.rate_limiter import RateLimiter
from agent.adapters.arxiv.source import ArxivSource
from agent.claims import categories, editing, lines
from agent.cli import cli
from agent.cli.running.progress import Progress
from agent.errors import UsageError
from agent.ports.sources import CitedPapers, Wanted
from agent.run.collecting import wanted_for
from store.home.files import Home
from store.ledger import Ledger
from store.records import Line
from tests.conftest import StillClock, make_claim
from tests.standins.arxiv import arxiv_server
from tests.standins.world import Time, paper

NOW = "2026-09-01T00:00:00+00:00"


@pytest.fixture
def db(home: Home) -> Iterator[Connection]:
    ledger = Ledger.open(home.ledger)
    with ledger.write() as db:
        yield db
    ledger.close()


def test_a_line_is_added_reworded_and_found_by_its_id(db: Connection) -> None:
    line = lines.added(db, "Folding  proteins", "Is structure solved?", "q-bio.bm, cs.lg")
    assert line == Line("folding-proteins", "Folding proteins", "Is structure solved?", ("q-bio.BM", "cs.LG"))
    lines.changed(db, line.id, "Folding", None, None)
    changed = lines.line_of(db, line.id)
    assert (changed.title, changed.question, changed.categories) == (
        "Folding", "Is structure solved?", ("q-bio.BM", "cs.LG")
    )  # fmt: skip
    assert lines.changed(db, line.id, None, None, "").categories == ()
    assert lines.line_of(db, line.id).categories == ()


def test_a_line_is_not_renamed_to_another_or_to_nothing(db: Connection) -> None:
    lines.added(db, "Folding")
    other = lines.added(db, "Learning")
    assert lines.changed(db, other.id, "learning", None, None).title == "learning"
    for title, said in (("FOLDING", "there is a line titled"), ("\ufeff ", "needs a title")):
        with pytest.raises(UsageError, match=said):
            lines.changed(db, other.id, title, None, None)


@pytest.mark.parametrize(
    ("title", "chosen", "said"),
    [
        (" ", "", "needs a title"), ("Faithfulness", "", "use it by its id, faith"),
        ("New", "q-bio.XX", "q-bio.TO"),
        ("New", "biomolecules", r"did you mean q-bio\.BM \(Biomolecules\)"),
        ("New", "cs", "no category 'cs'"),
    ],
)  # fmt: skip
def test_a_bad_title_or_category_is_named(db: Connection, title: str, chosen: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        lines.added(db, title, "", chosen)


def test_archiving_stops_only_the_claims_that_no_other_line_has(db: Connection) -> None:
    other = lines.added(db, "Another")
    store.claims.save(db, make_claim("shared", text="It is so.", lines=("faith", other.id)), NOW)
    store.claims.save(db, make_claim("gone", text="It was so."), NOW)
    store.claims.retire(db, "gone")
    assert lines.archived(db, "faith") == 1
    assert [c.id for c in store.claims.active(db)] == ["shared"]
    assert [line.id for line in store.lines.active(db)] == [other.id]
    with pytest.raises(UsageError, match="archived already"):
        lines.archived(db, "faith")
    with pytest.raises(UsageError, match="line restore faith"):
        lines.added(db, "Faithfulness")
    assert lines.restored(db, "faith") == 1
    assert [c.id for c in store.claims.active(db)] == ["tuning-hurts", "shared"], "what was retired stays so"


def test_a_claim_can_bring_its_line(db: Connection) -> None:
    given_ = dict(editing.FIELDS) | {"text": "Folding is solved.", "new_line": "Folding"}
    claim = store.claims.get(db, editing.added(db, given_, NOW))
    assert claim
    assert claim.lines == ("folding",)


def test_seeding_again_keeps_what_was_set_by_hand(db: Connection) -> None:
    line = lines.added(db, "Folding", "", "q-bio.BM")
    lines.archived(db, line.id)
    store.lines.save_all(db, [Line(line.id, "Folding proteins", "Is it solved?")])
    assert lines.line_of(db, line.id) == Line(
        line.id, "Folding proteins", "Is it solved?", ("q-bio.BM",), archived=True
    )


def test_a_claim_is_searched_for_where_its_lines_say(tmp_path: Path) -> None:
    own = {"folding": ("q-bio.BM",), "learning": ("cs.LG", "q-bio.BM")}
    claim = make_claim(lines=("folding", "learning", "faith"))
    mixed = wanted_for(claim, "2025-05-31", "2025-06-30", own)
    assert (mixed.categories, mixed.and_usual) == (("q-bio.BM", "cs.LG"), True)
    assert not wanted_for(make_claim(lines=("folding",)), None, "2025-06-30", own).and_usual
    assert wanted_for(make_claim(), None, "2025-06-30", own).categories == ()
    biology = paper(1, "lowers", categories=["q-bio.BM"])
    with arxiv_server([biology, paper(2, "lowers")]) as server:
        time = Time()
        way = ArxivHttp(RateLimiter(tmp_path / "gate", time.now, time.sleep), StillClock(), "test")
        api, listing = ArxivApi(way, server.url), ArxivListing(way, server.oai_url)
        source = ArxivSource(way, api, listing, categories=["cs.CL"])
        wanted = [Wanted(make_claim(), "2025-06-01", "2025-06-30", ("q-bio.BM",))]
        assert [p.id for p in source.collect(wanted, CitedPapers())] == [biology["id"]]
        both = [*wanted, Wanted(make_claim("other"), "2025-06-01", "2025-06-30")]
        assert len({p.id for p in source.collect(both, CitedPapers())}) == 2
        assert len({p.id for p in source.collect([mixed], CitedPapers())}) == 2


def test_every_category_of_the_shared_records_has_a_name(shared_data: Path) -> None:
    with gzip.open(shared_data / "arxiv" / "sample-7k.jsonl.gz", "rt") as records:
        seen = {c for record in records for c in json.loads(record).get("categories", ())}
    # Some records give classes of other schemes there, such as 68T07.
    named = {c for c in seen if re.fullmatch(r"[a-z-]+\.[A-Z]{2}|[a-z]+-[a-z]+", c)}
    assert len(named) > 50
    assert named <= set(categories.names())


@given(st.lists(st.sampled_from(sorted(categories.names())), unique=True))
def test_categories_are_read_however_they_are_written(chosen: list[str]) -> None:
    assert categories.read(", ".join(chosen).upper()) == tuple(chosen)
    for code in chosen:
        assert code in categories.about(categories.names()[code])


def test_retired_claims_can_be_listed(home: Home) -> None:
    runner, base = CliRunner(), ["--home", str(home.root), "claim"]
    runner.invoke(cli, [*base, "retire", "tuning-hurts"], standalone_mode=False)
    assert runner.invoke(cli, [*base, "list"], standalone_mode=False).stdout == ""
    listed = runner.invoke(cli, [*base, "list", "--retired"], standalone_mode=False)
    assert listed.exception is None, listed.exception
    assert "retired" in listed.stdout
    assert "Fine-tuning lowers the faithfulness" in listed.stdout


def test_without_a_terminal_progress_is_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    at = [0.0]
    with Progress(lambda: at[0]) as progress:
        for second in range(40):
            at[0] = float(second)
            progress({"stage": "judge", "step": 1})
        progress({"stage": "screen", "done": 3, "total": 9})
    assert capsys.readouterr().err.splitlines() == [
        "judging pairs: 1", "judging pairs: 16", "judging pairs: 31", "screening claims: 3 of 9"
    ]  # fmt: skip
