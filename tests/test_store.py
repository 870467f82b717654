"""The ledger: append-only by schema, consistent after every write, the same on PostgreSQL."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, select, text
from sqlalchemy.exc import DBAPIError

import store.claims
import store.evidence
import store.papers
import store.remarks.overrides
import store.remarks.source_checks
import store.remarks.writings
import store.runs
import store.tables.remark_tables
import store.verdicts
from store.errors import LedgerError, Locked
from store.home.files import Home, write_atomically
from store.home.lock import exclusive
from store.ledger import Ledger
from store.records import GateResult, Run, Verdict
from store.remarks import Override, Sentence, SourceCheck, Writing
from store.standing import STANDINGS
from store.tables.migrate import upgrade
from store.tables.schema import APPEND_ONLY, HEAD, metadata
from tests.conftest import make_claim, make_paper
from tests.test_rule import BASE


@pytest.fixture
def ledger(home: Home) -> Iterator[Ledger]:
    ledger = Ledger.open(home.ledger)
    yield ledger
    ledger.close()


def fill(ledger: Ledger) -> None:
    """One row in every append-only table."""
    with ledger.write() as db:
        store.runs.start(db, Run("run-1", "t", "2026-09-01", "snapshot", "j", {}))
        store.papers.save(db, [make_paper()], "snapshot", "run-1")
        text_id = store.papers.save_text(db, make_paper(), "abstract", make_paper().text)
        item = BASE.__dict__ | {"claim_id": "tuning-hurts", "text_id": text_id, "run_id": "run-1",
                                "gates": (GateResult("found", "passed", "here"),)}  # fmt: skip
        store.evidence.save(db, [type(BASE)(**item)])
        verdict = Verdict("relaxed", "narrowed", evidence_ids=("e",), claim_id="tuning-hurts", run_id="run-1")
        store.verdicts.save(db, verdict)
        store.remarks.source_checks.save(db, SourceCheck("tuning-hurts", 1, "states it", "", (), "j"), "t")
        store.remarks.overrides.save(db, Override("tuning-hurts", 1, "relaxed", "", "read it", "Ada"), "t")
        told = (Sentence("Why?", ("e",), "question"),)
        store.remarks.writings.save(db, Writing("questions", "faith", "faith", told, 0, "m", "run-1"), "t")
        store.evidence.lapse(db, "e", "run-1", "the paper was withdrawn", "t")


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize("change", ["DELETE FROM {0}", "UPDATE {0} SET {1} = {1}"])
def test_history_cannot_be_changed(ledger: Ledger, table: str, change: str) -> None:
    fill(ledger)
    column = next(iter(metadata.tables[table].columns)).name
    with pytest.raises(DBAPIError, match="append-only"), ledger.write() as db:
        db.execute(text(change.format(table, column)))


def test_the_migrations_make_exactly_the_schema(ledger: Ledger) -> None:
    with ledger.read() as db:
        assert compare_metadata(MigrationContext.configure(db), metadata) == []
        assert db.execute(text("SELECT version_num FROM alembic_version")).scalar() == HEAD


def test_sqlite_is_set_to_survive_a_power_cut(ledger: Ledger) -> None:
    with ledger.read() as db:
        asked = ("journal_mode", "synchronous", "foreign_keys")
        assert [db.execute(text(f"PRAGMA {p}")).scalar() for p in asked] == ["wal", 2, 1]


def test_a_changed_claim_is_a_new_revision_and_the_old_one_stays(ledger: Ledger) -> None:
    with ledger.write() as db:
        assert store.claims.save(db, make_claim(), "t") == "unchanged"
        assert store.claims.save(db, make_claim(text="Another wording of it."), "t") == "revised"
        claim = store.claims.get(db, "tuning-hurts")
        count = db.execute(text("SELECT count(*) FROM claim_revisions")).scalar()
    assert claim
    assert (claim.revision, claim.text, count) == (2, "Another wording of it.", 2)


def test_saving_twice_changes_nothing(ledger: Ledger) -> None:
    fill(ledger)
    with ledger.write() as db:
        assert store.papers.save(db, [make_paper()], "snapshot", "run-1").new == 0
        found = store.evidence.of_claim(db, "tuning-hurts", 1)
        assert store.evidence.save(db, found) == 0
        store.verdicts.save(db, Verdict(None, "untested", claim_id="tuning-hurts", run_id="run-1"))
        assert [v.name for v in store.verdicts.history(db, "tuning-hurts")] == ["relaxed"]


def test_a_newer_version_replaces_the_record_and_keeps_the_stored_text(ledger: Ledger) -> None:
    fill(ledger)
    with ledger.write() as db:
        store.papers.save(db, [make_paper(version=2, title="Second")], "snapshot", "run-1")
        store.papers.save(db, [make_paper(version=1, title="First again")], "snapshot", "run-1")
        paper = store.papers.get_many(db, [make_paper().id])[make_paper().id]
        assert (paper.version, paper.title) == (2, "Second")
        assert store.papers.text_of(db, 1) == make_paper().text


def test_a_home_that_is_not_a_ledger_is_named(tmp_path: Path) -> None:
    (tmp_path / "ledger.sqlite").write_text(
        "this is no database, and it is long enough to be read as one" * 20
    )
    with pytest.raises(LedgerError, match=r"ledger\.sqlite"):
        Ledger.open(tmp_path / "ledger.sqlite")


def test_a_ledger_of_a_newer_program_is_refused_untouched(home: Home) -> None:
    ledger = Ledger.open(home.ledger)
    with ledger.write() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    ledger.close()
    with pytest.raises(LedgerError, match="newer"):
        Ledger.open(home.ledger)


def test_a_second_process_is_told_who_holds_the_lock(tmp_path: Path) -> None:
    path = tmp_path / "run.lock"
    with exclusive(path, "process 7"), pytest.raises(Locked, match="process 7"):
        exclusive(path, "process 8").__enter__()


def test_a_file_is_replaced_completely_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "report.md"
    write_atomically(target, "first")
    with pytest.raises(UnicodeEncodeError):
        write_atomically(target, "second \ud800")
    assert target.read_text() == "first"
    assert [p.name for p in tmp_path.iterdir()] == ["report.md"]


@pytest.fixture
def postgres() -> Iterator[str]:
    """A PostgreSQL server of our own on a socket, if PostgreSQL is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb")) or [Path(shutil.which("initdb") or "")]
    if not found[-1].name:
        pytest.skip("PostgreSQL's initdb is not installed")
    programs, folder = found[-1].parent, Path(tempfile.mkdtemp(prefix="retest-pg"))
    as_user = _unprivileged(folder)
    data = str(folder / "data")
    _quietly([*as_user, str(programs / "initdb"), "-D", data, "-A", "trust", "-U", "retest"])
    options = f"-k {folder} -c listen_addresses="
    _quietly(
        [*as_user, str(programs / "pg_ctl"), "-D", data, "-w", "-o", options, "-l", f"{folder}/log", "start"]
    )
    try:
        yield f"postgresql+psycopg://retest@/postgres?host={folder}"
    finally:
        _quietly([*as_user, str(programs / "pg_ctl"), "-D", data, "-m", "immediate", "stop"])
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged(folder: Path) -> list[str]:
    """PostgreSQL refuses to run as root."""
    import os

    if os.geteuid():
        return []
    shutil.chown(folder, "nobody")
    return ["setpriv", "--reuid=nobody", "--clear-groups"]


def _quietly(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


def test_the_same_schema_and_triggers_work_on_postgresql(postgres: str) -> None:
    engine = create_engine(postgres)
    with engine.begin() as db:
        upgrade(db)
        assert set(metadata.tables) <= set(inspect(db).get_table_names())
        store.claims.save(db, make_claim(lines=()), "t")
    with pytest.raises(DBAPIError, match="append-only"), engine.begin() as db:
        db.execute(text("UPDATE claim_revisions SET text = 'x'"))
    engine.dispose()


def test_the_standing_in_sql_matches_the_record(ledger: Ledger) -> None:
    told = [
        Verdict(None, "untested"), Verdict(None, "untested", open_leads=2),
        Verdict("still-holds", "unchallenged"), Verdict("still-holds", "reconfirmed"),
        Verdict("relaxed", "narrowed"), Verdict("contradicted", "refuted"),
    ]  # fmt: skip
    with ledger.write() as db:
        for n, verdict in enumerate(told):
            store.claims.save(db, make_claim(f"c{n}"), "t")
            store.runs.start(db, Run(f"run-{n}", "t", "2026-09-01", "snapshot", "j", {}))
            store.verdicts.save(db, replace(verdict, claim_id=f"c{n}", run_id=f"run-{n}"))
        held = store.verdicts.shown()
        found = {r.claim_id: r.standing for r in db.execute(select(held.c.claim_id, held.c.standing))}
    assert found == {"tuning-hurts": "none yet"} | {f"c{n}": v.standing for n, v in enumerate(told)}
    assert set(found.values()) == set(STANDINGS)


def test_a_withdrawal_is_the_newest_record_of_its_version() -> None:
    gone, back = make_paper(version=2, withdrawn=True), make_paper(version=2, updated="2026-01-01")
    assert store.papers.is_older(back, gone)
    assert not store.papers.is_older(gone, back)
    assert store.papers.is_older(gone, make_paper(version=3))
