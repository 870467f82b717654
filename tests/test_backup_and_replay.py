"""Results can be backed up, restored and replayed, byte for byte the same."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import store.claims
import store.papers
import store.runs
from agent.adapters.embedding.minilm import PackagedMiniLM
from agent.core.budget import Budget, Price
from agent.run import service
from bench.broken_runs import rows
from store.errors import LedgerError, VectorIndexError
from store.home.backup import backup, restore
from store.home.files import Home
from store.ledger import Ledger
from store.vectors import transfer
from store.vectors.index import open_index
from tests.conftest import make_claim, make_paper
from tests.standins.llm import llm_server
from tests.test_cli import one_line, retest
from tests.test_run import DAY, answer_by, parts_for, write_snapshot

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with two runs of the embedded judge, the second with more papers."""
    tmp_path = tmp_path_factory.mktemp("kept")
    home, snapshot = Home(tmp_path / "home"), tmp_path / "s.jsonl"
    retest("init", home=home.root)
    run = ("run", "--source", "snapshot", "--snapshot", str(snapshot))
    for count in (3, 6):
        write_snapshot(snapshot, [make_paper(n, published=f"2026-0{n}-10") for n in range(1, count)])
        done = retest(*run, home=home.root)
        assert done.returncode == 0, done.stderr
    return home


def test_every_run_replays_to_the_byte(kept: Home) -> None:
    ledger = Ledger.open(kept.ledger)
    with ledger.read() as db:
        ids = [r.id for r in store.runs.recent(db)]
    ledger.close()
    shutil.rmtree(kept.index)  # offline: from the ledger alone
    for run_id in ids:
        done = retest("replay", run_id, "--json", home=kept.root)
        told = json.loads(done.stdout)["verdicts"]
        assert (done.returncode, [r["claim"] for r in told if not r["same"]]) == (0, [])
        assert len(told) == 24
    assert retest("replay", ids[0], "--with-judge", "embedded", home=kept.root).returncode in (0, 3)
    one_line(retest("replay", ids[0], "--with-rule", "9", home=kept.root), 2, "known versions: 1")
    one_line(retest("replay", "run-x", home=kept.root), 2, "no finished run")


def test_a_run_of_a_paid_judge_replays_with_its_samples(home: Home, tmp_path: Path) -> None:
    snapshot = write_snapshot(tmp_path / "s.jsonl", [make_paper(n) for n in range(1, 5)])
    judge = answer_by(lambda i: "relaxes" if i.endswith("2") else "supports")
    with llm_server(judge) as server, parts_for(home, snapshot, server.url) as parts:
        parts = replace(parts, settings={"judge": "llm", "model": "m"})
        run = service.start(parts, DAY, [], [], lambda _: None, 2)
    done = retest("replay", run.id, "--json", home=home.root)
    (told,) = json.loads(done.stdout)["verdicts"]
    assert (told["same"], told["stored"]["name"], done.returncode) == (True, "relaxed", 0)
    with sqlite3.connect(home.ledger) as db:  # an altered journal is noticed
        text = db.execute("SELECT key, response FROM calls WHERE request LIKE '%.00002%' LIMIT 1").fetchone()
        db.execute(
            "UPDATE calls SET response = ? WHERE key = ?", (text[1].replace("relaxes", "supports"), text[0])
        )
    assert retest("replay", run.id, home=home.root).returncode == 3


def vectors_of(home: Home) -> dict[str, bytes]:
    """Every vector of a home's index, by id."""
    with open_index(home.index, PackagedMiniLM.name, holder="test") as index:
        ids = {name: index.ids(name) for name in ("papers", "passages")}
        return {
            f"{name} {paper_id}": vector.tobytes()
            for name, held in ids.items()
            for paper_id, vector in zip(held, index.vectors(name, held), strict=True)
        }


def ids_of(home: Home) -> list[str]:
    ledger = Ledger.open(home.ledger)
    with ledger.read() as db:
        ids = store.papers.all_ids(db)
    ledger.close()
    return ids


def test_a_backup_carries_the_vectors_of_its_model(kept: Home, tmp_path: Path) -> None:
    file, mine, other = tmp_path / "kept.tar.gz", Home(tmp_path / "mine"), Home(tmp_path / "other")
    shutil.copytree(kept.root, mine.root)
    with open_index(mine.index, PackagedMiniLM.name, holder="test") as index:
        index.add("papers", ids_of(mine)[:2], np.eye(2, 384, dtype=np.float32))
    assert retest("backup", str(file), home=mine.root).returncode == 0
    done = retest("restore", str(file), home=other.root)
    assert (done.returncode, "2 vectors" in done.stderr) == (0, True), done.stderr
    assert vectors_of(other) == vectors_of(mine)
    assert not (other.root / "vectors.npz").exists()
    done = retest("restore", str(file), home=tmp_path / "third", RETEST_EMBEDDER="another-model")
    assert (done.returncode, "the vectors were made with" in done.stderr) == (0, True), done.stderr


def test_a_ledger_is_backed_up_though_its_index_is_broken(kept: Home, tmp_path: Path) -> None:
    mine, file = Home(tmp_path / "mine"), tmp_path / "kept.tar.gz"
    shutil.copytree(kept.root, mine.root)
    mine.index.mkdir(exist_ok=True)
    (mine.index / "chroma.sqlite3").write_bytes(b"not a database" * 999)
    done = retest("backup", str(file), home=mine.root)
    assert (done.returncode, "the vectors are left out" in done.stderr) == (0, True), done.stderr
    assert retest("restore", str(file), home=tmp_path / "other").returncode == 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"papers-vectors": np.eye(2, 3, dtype=np.float32)}, "not 2 of 384"),
        ({"papers-vectors": np.full((2, 384), 9, dtype=np.float32)}, "not unit vectors"),
        ({"papers-ids": np.array(["a", "b"])}, "ids that the ledger does not have"),
        ({"papers-ids": np.array("ab")}, "not distinct texts"),
        ({"papers-ids": np.array([None, None])}, "holds no vectors"),
    ],
)
def test_vectors_are_checked_before_they_are_taken(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    file, none = tmp_path / "vectors.npz", np.zeros((0, 384), dtype=np.float32)
    good: dict[str, Any] = {
        "model": np.array("m"), "papers-ids": np.array(["x", "y"]), "passages-vectors": none,
        "papers-vectors": np.eye(2, 384, dtype=np.float32), "passages-ids": np.array([], dtype=np.str_),
    }  # fmt: skip
    known = {"papers": {"x", "y"}, "passages": set[str]()}
    with open_index(tmp_path / "index", "m", holder="test") as index:
        np.savez(file, **(good | changed))
        with pytest.raises(VectorIndexError, match=said):
            transfer.load(index, file, known, lambda: 384)
        np.savez_compressed(file, **good)
        with pytest.raises(VectorIndexError, match="compressed"):
            transfer.load(index, file, known, lambda: 384)
        assert index.count("papers") == 0
        np.savez(file, **good)
        assert transfer.load(index, file, known, lambda: 384) == 2


def test_a_backup_is_restored_completely(kept: Home, tmp_path: Path) -> None:
    file, other = tmp_path / "kept.tar.gz", Home(tmp_path / "other")
    (kept.root / "retest.toml").write_text('api_key = "sk-secret"\n')
    assert retest("backup", str(file), home=kept.root).returncode == 0
    assert b"sk-secret" not in file.read_bytes()
    with tarfile.open(file) as tar:
        assert not [n for n in tar.getnames() if "toml" in n or "index" in n]
    done = retest("restore", str(file), home=other.root)
    assert (done.returncode, "all checksums match" in done.stderr) == (0, True), done.stderr
    assert rows(other) == rows(kept)
    assert retest("index", "check", home=other.root).returncode == 0
    one_line(retest("restore", str(file), home=other.root), 2, "there is a ledger")
    assert retest("restore", str(file), "--force", "--no-index", home=other.root).returncode == 0
    (before,) = other.root.glob("ledger.sqlite.before-*")
    assert sqlite3.connect(before).execute("SELECT count(*) FROM claims").fetchone() == (24,)


def test_a_damaged_backup_changes_nothing(kept: Home, tmp_path: Path) -> None:
    file, bad = tmp_path / "kept.tar.gz", tmp_path / "bad.tar.gz"
    backup(kept, file, "t")
    whole = file.read_bytes()
    before = rows(kept)
    for broken in (whole[: len(whole) // 2], b"nonsense", whole[:-200] + b"x" * 200):
        bad.write_bytes(broken)
        with pytest.raises(LedgerError):
            restore(bad, kept, "t", force=True)
    assert rows(kept) == before


def test_the_write_ahead_log_is_set_aside_too(kept: Home, tmp_path: Path) -> None:
    file, other = tmp_path / "kept.tar.gz", Home(tmp_path / "other")
    backup(kept, file, "t")
    restore(file, other, "t")
    db = sqlite3.connect(other.ledger)  # as a killed process leaves it: committed but not checkpointed
    db.execute("PRAGMA wal_autocheckpoint=0")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("UPDATE lines SET title = 'said last'")
    db.commit()
    restore(file, other, "2026", force=True)
    db.close()
    aside = sqlite3.connect(other.root / "ledger.sqlite.before-2026")
    assert aside.execute("SELECT DISTINCT title FROM lines").fetchall() == [("said last",)]


def test_a_backup_cannot_change_settings(kept: Home, tmp_path: Path) -> None:
    file, planted = tmp_path / "kept.tar.gz", tmp_path / "planted.tar.gz"
    backup(kept, file, "t")
    folder = tmp_path / "in"
    with tarfile.open(file) as tar:
        tar.extractall(folder, filter="data")
    (folder / "retest.toml").write_text('base_url = "https://evil.example"\n')
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["sha256"]["retest.toml"] = hashlib.sha256((folder / "retest.toml").read_bytes()).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with tarfile.open(planted, "w:gz") as tar:
        tar.add(folder, ".")
    with pytest.raises(LedgerError, match="which no backup does"):
        restore(planted, Home(tmp_path / "other"), "t")


def hostile(tmp_path: Path, name: str) -> Path:
    """A backup with a file that points outside the folder."""
    inside, file = tmp_path / "inside", tmp_path / "hostile.tar.gz"
    inside.write_text("x")
    with tarfile.open(file, "w:gz") as tar:
        tar.add(inside, name)
    return file


@pytest.mark.parametrize("name", ["../../evil", "/tmp/evil-retest", "manifest.json"])
def test_a_hostile_backup_writes_nothing_outside(tmp_path: Path, name: str) -> None:
    with pytest.raises(LedgerError):
        restore(hostile(tmp_path, name), Home(tmp_path / "deep/home"), "t")
    assert not (tmp_path.parent / "evil").exists()
    assert not Path("/tmp/evil-retest").exists()


def test_after_kill_9_a_resumed_run_leaves_the_ledger_of_an_uninterrupted_one() -> None:
    command = [
        sys.executable,
        "-m",
        "bench.crashes",
        "--points",
        "12",
        "--seed",
        "7",
    ]  # it forks, so it gets a process of its own
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=200)
    told = json.loads(done.stdout)
    assert (done.returncode, told["wrong"], told["points"]) == (0, [], 12)
    assert len(told["by_kind"]) >= 4


def test_a_run_leaves_a_log_without_keys(home: Home, tmp_path: Path) -> None:
    snapshot = write_snapshot(tmp_path / "s.jsonl", [make_paper(n) for n in range(1, 3)])
    with (
        llm_server(answer_by(lambda _: "supports")) as server,
        parts_for(home, snapshot, server.url) as parts,
    ):
        told = replace(parts, secrets=("sk-very-secret",), settings={"note": "key sk-very-secret"})
        run = service.start(told, DAY, [], [], lambda _: None, 2)
    text = (home.run_folder(run.id) / "log.jsonl").read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    assert [lines[0]["what"], lines[-1]["what"], lines[-1]["health"]] == ["begins", "ends", "complete"]
    assert sum(line["what"] == "llm" for line in lines) == 2
    assert "sk-very-secret" not in text


def test_spans_name_the_nodes_and_contain_no_text(home: Home, tmp_path: Path) -> None:
    from opentelemetry import trace
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    kept, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    trace.set_tracer_provider(provider)
    snapshot = write_snapshot(tmp_path / "s.jsonl", [make_paper(1)])
    with (
        llm_server(answer_by(lambda _: "supports")) as server,
        parts_for(home, snapshot, server.url) as parts,
    ):
        service.start(parts, DAY, [], [], lambda _: None, 2)
    spans = kept.get_finished_spans()
    assert {s.name for s in spans} >= {"retest.run", "retest.collect", "retest.judge", "retest.llm"}
    assert not [v for s in spans for v in (s.attributes or {}).values() if "faithful" in str(v)]


def test_doctor_distinguishes_errors_from_warnings(kept: Home, tmp_path: Path) -> None:
    told = json.loads(retest("doctor", "--offline", "--json", home=kept.root).stdout)["checks"]
    assert {name: c["level"] for name, c in told.items() if c["level"] != "ok"} == {}
    with llm_server(answer_by(lambda _: "supports")) as server:
        env = {
            "RETEST_JUDGE": "llm",
            "RETEST_BASE_URL": server.url,
            "RETEST_ARXIV_URL": "http://127.0.0.1:9/q",
        }
        done = retest("doctor", "--json", home=kept.root, RETEST_GATE_DIR=str(tmp_path), **env)
    checks = json.loads(done.stdout)["checks"]
    assert (checks["arxiv"]["level"], checks["llm"]["level"], done.returncode) == ("warn", "warn", 0)
    broken = Home(tmp_path / "broken")
    shutil.copytree(kept.root, broken.root)
    broken.ledger.write_bytes(broken.ledger.read_bytes()[:5000] + b"x" * 9000)
    done = retest("doctor", "--offline", "--json", home=broken.root)
    assert (done.returncode, json.loads(done.stdout)["checks"]["ledger"]["ok"]) == (2, False)


def test_a_claims_cap_stops_only_that_claim(home: Home, tmp_path: Path) -> None:
    ledger = Ledger.open(home.ledger)
    with ledger.write() as db:
        store.claims.save(db, make_claim("other-claim", text="Fine-tuning harms faithfulness."), "t")
    ledger.close()
    snapshot = write_snapshot(tmp_path / "s.jsonl", [make_paper(n) for n in range(1, 4)])
    # An answer may cost up to $2.00 and costs $0.02; an unusable one may have cost the maximum.
    budget = Budget(claim_cap=2.03, price=Price(tokens_out=1000.0))
    with (
        llm_server(answer_by(lambda _: "neutral")) as server,
        parts_for(home, snapshot, server.url, budget) as parts,
    ):
        run = service.start(parts, DAY, [], [], lambda _: None, 2)
        asked = [json.dumps(a["messages"]) for a in server.asked]
    assert run.health == "degraded"
    assert sorted(r.split(":")[0] for r in run.reasons if "budget" in r) == [
        "budget reached for other-claim", "budget reached for tuning-hurts",
    ]  # fmt: skip
    texts = (make_claim().text, "Fine-tuning harms faithfulness.")
    assert [sum(f"part 1: {text}" in a for a in asked) for text in texts] == [2, 2]


def test_a_dry_run_shows_calls_tokens_and_money(home: Home) -> None:
    args = ("run", "--dry-run", "--json", "--judge", "llm", "--source", "snapshot", "--snapshot", __file__)
    plan = json.loads(retest(*args, home=home.root, OPENAI_API_KEY="k").stdout)
    assert (plan["calls_at_most"], plan["tokens_in_at_most"]) == (64, 160000)
    assert plan["usd_at_most"] > 0
    plan = json.loads(retest(*args, home=home.root, OPENAI_API_KEY="k", RETEST_MODEL="of-my-own").stdout)
    assert plan["usd_at_most"] is None
