"""The command line as people and programs use it: errors, exit codes, JSON, speed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from store.home.files import Home
from store.ledger import Ledger
from tests.conftest import make_paper
from tests.standins.arxiv import Fault, arxiv_server
from tests.standins.llm import llm_server, says, slow
from tests.test_run import write_snapshot

pytestmark = pytest.mark.slow


def retest(*args: str, home: Path, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a user would."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("RETEST_", "OPENAI_"))}
    command = [sys.executable, "-m", "agent", "--home", str(home), *args]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=clean | env, timeout=120)


def one_line(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """A failure is one line that names the thing, with its exit code and no traceback."""
    assert done.returncode == code, done.stderr
    lines = [line for line in done.stderr.splitlines() if line.startswith("retest: ")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    for word in words:
        assert word in lines[0]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("cli") / "home"
    assert retest("init", home=home).returncode == 0
    return home


def test_init_seeds_the_claims_and_can_be_repeated(seeded: Path) -> None:
    assert "24 unchanged" in retest("init", home=seeded).stderr
    claims = json.loads(retest("status", "--json", home=seeded).stdout)["claims"]
    assert len(claims) == 24
    assert set(claims[0]) >= {
        "id", "line", "text", "as_of", "verdict", "basis", "confidence", "contested", "condition",
        "tested_at", "citations",
    }  # fmt: skip
    assert {c["as_of"] for c in claims if not c["sources"]} == {"unknown"}


@pytest.mark.parametrize(
    ("args", "code", "words"),
    [
        (("claim", "show", "conservative"), 2, ("'conservative'", "conservative-default")),
        (("run", "--claim", "nope", "--dry-run"), 2, ("'nope'",)),
        (("run", "--source", "snapshot"), 2, ("--snapshot",)),
        (("run", "--source", "snapshot", "--snapshot", "/none.jsonl"), 2, ("/none.jsonl",)),
        (("run", "--judge", "llm"), 2, ("OPENAI_API_KEY",)),
        (("run", "--as-of", "yesterday"), 2, ("yesterday", "YYYY-MM-DD")),
        (("run", "--as-of", "2999-01-01"), 2, ("future",)),
        (("run", "--resume", "run-0"), 2, ("run-0",)),
        (("run", "--source", "web"), 2, ("'web'",)),
        (("frobnicate",), 2, ("frobnicate",)),
        (("report", "--out", "/proc/x/report.md"), 2, ("/proc/x/report.md",)),
    ],
)
def test_bad_input_is_one_clear_line(
    seeded: Path, args: tuple[str, ...], code: int, words: tuple[str, ...]
) -> None:
    one_line(retest(*args, home=seeded), code, *words)


def test_bad_settings_name_where_they_came_from(seeded: Path) -> None:
    one_line(retest("status", home=seeded, RETEST_KEEP="many"), 2, "RETEST_KEEP", "'many'")
    one_line(retest("status", home=seeded, RETEST_JUDGE="oracle"), 2, "RETEST_JUDGE", "embedded or llm")


def test_a_home_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    one_line(retest("status", home=tmp_path / "none"), 2, "none/ledger.sqlite", "retest init")
    (tmp_path / "file").write_text("")
    one_line(retest("init", home=tmp_path / "file" / "home"), 2, "file/home")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "ledger.sqlite").write_text("not a database, by any means" * 99)
    one_line(retest("status", home=tmp_path / "bad"), 2, "bad/ledger.sqlite")


def test_unreachable_arxiv_degrades_the_run_and_seeded_claims_stay(seeded: Path, tmp_path: Path) -> None:
    env = {"RETEST_ARXIV_URL": "http://127.0.0.1:9/api/query", "RETEST_GATE_DIR": str(tmp_path)}
    one_line(retest("source", "ping", home=seeded, **env), 3, "127.0.0.1:9", "refused")
    done = retest("run", "--source", "arxiv", home=seeded, **env)
    one_line(done, 3, "out of reach")
    document = json.loads(retest("status", "--json", home=seeded).stdout)
    assert document["run"]["health"] == "degraded"
    assert all(c["verdict"] is None for c in document["claims"])
    assert (seeded / document["run"]["id"] / "report.md").exists()


def test_a_broken_snapshot_line_degrades_the_run_and_is_named_by_number(home: Home, tmp_path: Path) -> None:
    path = write_snapshot(tmp_path / "s.jsonl", [make_paper(1, published="2020-01-01")])
    path.write_text(path.read_text() + "{broken\n")
    done = retest("run", "--source", "snapshot", "--snapshot", str(path), home=home.root)
    one_line(done, 3, "line 2 of s.jsonl")


def test_an_llm_that_answers_nonsense_or_not_at_all_is_a_one_line_error(home: Home, tmp_path: Path) -> None:
    path = write_snapshot(tmp_path / "s.jsonl", [make_paper(1)])
    args = ("run", "--source", "snapshot", "--snapshot", str(path), "--judge", "llm")
    with llm_server(says(None, refusal="no")) as server:
        done = retest(*args, home=home.root, RETEST_BASE_URL=server.url, RETEST_FLOOR="0")
    assert done.returncode == 3
    assert "refusal" in done.stderr
    done = retest(*args, home=home.root, RETEST_BASE_URL="http://127.0.0.1:9/v1", RETEST_FLOOR="0")
    assert done.returncode == 3
    assert "connection refused" in done.stderr
    Ledger.open(home.ledger).close()


def test_settings_show_their_origin_and_never_a_key(seeded: Path) -> None:
    (seeded / "retest.toml").write_text("keep = 7\n")
    done = retest("doctor", "--json", home=seeded, OPENAI_API_KEY="sk-very-secret-1234", RETEST_FLOOR="0.4")
    (seeded / "retest.toml").unlink()
    rows = {r["name"]: r for r in json.loads(done.stdout)["settings"]}
    assert (rows["keep"]["value"], rows["keep"]["origin"]) == ("7", "retest.toml")
    assert (rows["floor"]["value"], rows["floor"]["origin"]) == ("0.4", "RETEST_FLOOR")
    assert (rows["api_key"]["value"], rows["api_key"]["origin"]) == ("****1234", "OPENAI_API_KEY")
    assert rows["judge"]["origin"] == "default"
    assert "very-secret" not in done.stdout + done.stderr


def test_unknown_things_are_named(seeded: Path, tmp_path: Path) -> None:
    refused = retest("status", "--line", "no-such", home=seeded)
    assert (refused.returncode, "no line 'no-such'" in refused.stderr) == (2, True)
    written = retest("report", "--out", str(tmp_path / "r.bib"), home=seeded)
    assert "(empty: no verdict cites a paper yet)" in written.stderr


def test_dry_run_writes_nothing(seeded: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in seeded.rglob("*") if not p.name.startswith("ledger")}
    plan = json.loads(retest("run", "--dry-run", "--json", home=seeded).stdout)
    assert len(plan["claims"]) == 24
    assert plan["way"] == "search"
    assert 24 <= plan["arxiv_requests"] < plan["ways"]["harvest"]
    assert plan["arxiv_requests_at_most"] == plan["arxiv_requests"] + 2 * 200
    assert before == {p: p.stat().st_mtime_ns for p in seeded.rglob("*") if not p.name.startswith("ledger")}


def test_claim_show_explains_in_json_and_in_words(seeded: Path) -> None:
    document: dict[str, Any] = json.loads(
        retest("claim", "show", "conservative-default", "--json", home=seeded).stdout
    )
    assert document["provenance"][0]["place"].startswith("note 4")
    assert set(document["why_not"]) == {"still-holds", "relaxed", "contradicted"}
    assert "why not another" in retest("claim", "show", "conservative-default", home=seeded).stdout


HEAVY = (
    "torch",
    "chromadb",
    "langgraph",
    "sentence_transformers",
    "transformers",
    "onnxruntime",
    "openai",
    "alembic",
)


@pytest.mark.parametrize("args", [("--help",), ("status",)])
def test_help_and_status_import_nothing_heavy(seeded: Path, args: tuple[str, ...]) -> None:
    code = (
        "import sys, agent.cli\n"
        f"sys.argv = ['retest', '--home', {str(seeded)!r}, *{args!r}]\n"
        "try: agent.cli.main()\n"
        f"finally: print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip().endswith("[]")


def test_ctrl_c_exits_at_once_although_arxivs_gate_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    retest("init", home=home)
    command = [sys.executable, "-m", "agent", "--home", str(home), "run", "--source", "arxiv"]
    with arxiv_server([]) as server:
        server.schedule = lambda *_: Fault("status", 503, {"Retry-After": "300"})
        env = os.environ | {"RETEST_ARXIV_URL": server.url, "RETEST_GATE_DIR": str(tmp_path / "gate")}
        run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env)
        deadline = time.monotonic() + 60
        while not server.log and time.monotonic() < deadline:
            run.poll()
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=20)
    assert run.returncode == 130
    assert "to resume: retest run --resume run-" in said
    assert "Traceback" not in said


def test_a_resumed_run_takes_the_endpoint_of_now_and_says_so(home: Home, tmp_path: Path) -> None:
    path = write_snapshot(tmp_path / "s.jsonl", [make_paper(1)])
    args = ("run", "--source", "snapshot", "--snapshot", str(path), "--judge", "llm")
    env = {"RETEST_FLOOR": "0", "RETEST_MODEL": "m"}
    with llm_server(slow(30, says("never"))) as silent, llm_server(says(None, refusal="no")) as server:
        command = [sys.executable, "-m", "agent", "--home", str(home.root), *args]
        env |= {"RETEST_BASE_URL": silent.url}
        run = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ | env)
        deadline = time.monotonic() + 60
        while not silent.asked and time.monotonic() < deadline:
            run.poll()
        run.send_signal(signal.SIGINT)
        _, said = run.communicate(timeout=20)
        resume = ("run", "--resume", said.split()[-1])
        done = retest(*resume, "--base-url", server.url, home=home.root, **env)
        assert f"base_url is now {server.url}; it was {silent.url}" in done.stderr
        assert "new run" not in done.stderr
        assert len(server.asked) == 1
        assert (done.returncode, "refusal" in done.stderr) == (3, True)


def test_a_defect_of_ours_has_an_exit_code_of_its_own(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    import agent.cli

    def fails(*_: object, **__: object) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(agent.cli.cli, "main", fails)
    with pytest.raises(SystemExit) as ended:
        agent.cli.main()
    assert ended.value.code == agent.cli.UNFORESEEN != 1
