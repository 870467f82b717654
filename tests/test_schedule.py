"""The weekly run starts by itself: due once a week, caught up once, installed if the machine allows it."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import store.runs
from agent.errors import UsageError
from agent.schedule import units
from agent.schedule.due import MOST_TRIES, Weekly, is_due, last_due, next_due, parse
from store.home.files import Home
from store.home.lock import exclusive
from store.ledger import Ledger
from store.records import Run
from tests.conftest import make_paper
from tests.test_cli import one_line, retest
from tests.test_run import write_snapshot

pytestmark = pytest.mark.slow

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kathmandu")
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2029, 12, 31)).map(lambda t: t.replace(tzinfo=UTC))
WEEKLY = st.builds(Weekly, st.integers(0, 6), st.integers(0, 23), st.integers(0, 59), st.sampled_from(ZONES))


def ran(at: datetime, health: str = "complete", minutes: int = 5) -> Run:
    ended = (at + timedelta(minutes=minutes)).isoformat()
    return Run("run-x", at.isoformat(), at.date().isoformat(), "arxiv", "j", {}, health, finished_at=ended)


@given(WEEKLY, INSTANTS)
def test_due_instants_follow_each_other_by_local_weeks(schedule: Weekly, now: datetime) -> None:
    last, after = last_due(schedule, now), next_due(schedule, now)
    assert last <= now < after
    local = after.astimezone(ZoneInfo(schedule.tz))
    assert timedelta(days=6) < after - last < timedelta(days=8)
    shown = local.replace(tzinfo=None) - timedelta(hours=local.hour, minutes=local.minute)
    skipped = local.hour * 60 + local.minute - schedule.hour * 60 - schedule.minute
    assert 0 <= skipped <= 60 or shown.weekday() != schedule.day  # an hour may be skipped, none is early
    assert last_due(schedule, after) == after


@given(WEEKLY, INSTANTS, st.integers(0, 400))
def test_missed_weeks_are_caught_up_once(schedule: Weekly, now: datetime, days: int) -> None:
    before = ran(now - timedelta(days=days))
    if is_due(schedule, now, [before]):
        assert not is_due(schedule, now + timedelta(minutes=10), [before, ran(now)])
    assert is_due(schedule, next_due(schedule, now), [ran(now)])


@pytest.mark.parametrize(
    ("now", "local"),
    [
        ("2026-03-30T12:00+00:00", "2026-03-29T03:30+02:00"),  # 02:30 does not exist that day
        ("2026-10-26T12:00+00:00", "2026-10-25T02:30+02:00"),  # 02:30 comes twice: the first one
    ],
)
def test_summer_time_neither_skips_nor_doubles_a_week(now: str, local: str) -> None:
    assert last_due(Weekly(6, 2, 30, "Europe/Berlin"), datetime.fromisoformat(now)) == datetime.fromisoformat(
        local
    )


def test_a_degraded_week_is_retried_but_not_forever() -> None:
    schedule, start = Weekly(0, 6, 0), datetime(2026, 9, 7, 6, tzinfo=UTC)
    tries = [ran(start, "degraded")]
    assert not is_due(schedule, start + timedelta(hours=1), tries)
    assert is_due(schedule, start + timedelta(hours=7), tries)
    many = [ran(start + timedelta(hours=7 * n), "degraded") for n in range(MOST_TRIES)]
    assert not is_due(schedule, start + timedelta(days=3), many)
    assert not is_due(schedule, start + timedelta(days=3), [*many[:2], ran(start + timedelta(hours=20))])


@pytest.mark.parametrize("text", ["monday 6", "xyz 06:00", "mon 24:00", "mon 06:60", "", "mon 06:00 pm"])
def test_an_invalid_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a valid day and time"):
        parse(text)
    with pytest.raises(UsageError, match="not a valid time zone"):
        parse("mon 06:00", "Mars/Olympus")


def test_units_quote_any_path() -> None:
    home = Path("/tmp/a home/50% $x 'q'")
    line = units.cron_line(Weekly(0, 6, 5), "/usr/bin/python3", home)
    assert line.startswith("5 * * * * cd ")
    assert "%" not in line.replace(r"\%", "").removesuffix(units.mark(home).replace("%", r"\%")).split("#")[0]
    unit = units.service_unit("/usr/bin/python3", home)
    assert "\"/tmp/a home/50%% $$x 'q'\"" in unit
    table = units.with_line("# mine\n1 2 * * * other\n", line, home)
    assert units.with_line(table, line, home) == table
    assert units.without(table, home) == "# mine\n1 2 * * * other\n"


def commands(folder: Path, **scripts: str) -> str:
    """A PATH with stand-ins for the machine's commands, and otherwise only the shell's."""
    folder.mkdir(exist_ok=True)
    for name, body in scripts.items():
        file = folder / name
        file.write_text(f"#!/bin/sh\n{body}\n")
        file.chmod(file.stat().st_mode | stat.S_IEXEC)
    return str(folder)


COPY = 'while IFS= read -r l; do printf "%s\\n" "$l"; done'
CRONTAB = f"""F="$CRON_FILE"
if [ "$1" = "-l" ]; then [ -f "$F" ] || {{ echo "no crontab for x" >&2; exit 1; }}; {COPY} < "$F"
else {COPY} > "$F"; fi"""


def test_the_crontab_entry_is_shown_written_once_and_removed(home: Home, tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.write_text("1 2 * * * other\n")
    env = {"PATH": commands(tmp_path / "bin", crontab=CRONTAB), "CRON_FILE": str(table)}
    asked = retest("schedule", "install", "--weekly", "fri 17:30", home=home.root, **env)
    assert asked.returncode != 0  # nobody was there to say yes
    assert table.read_text() == "1 2 * * * other\n"
    for _ in range(2):
        done = retest("schedule", "install", "--weekly", "fri 17:30", "--tz", "Europe/Berlin", "--yes",
                      home=home.root, **env)  # fmt: skip
        assert (done.returncode, "run --if-due" in done.stdout) == (0, True), done.stderr
    assert table.read_text().count("# retest") == 1
    shown = json.loads(retest("schedule", "show", "--json", home=home.root).stdout)
    assert shown["schedule"] == "fri 17:30 Europe/Berlin"
    assert retest("schedule", "remove", home=home.root, **env).returncode == 0
    assert table.read_text() == "1 2 * * * other\n"
    one_line(retest("schedule", "due", home=home.root), 2, "no schedule")


def test_systemd_gets_a_service_and_a_timer(home: Home, tmp_path: Path) -> None:
    log = tmp_path / "log"
    env = {"PATH": commands(tmp_path / "bin", systemctl=f'echo "$@" >> {log}'),
           "XDG_CONFIG_HOME": str(tmp_path / "config")}  # fmt: skip
    assert retest("schedule", "install", "--yes", home=home.root, **env).returncode == 0
    folder, name = tmp_path / "config/systemd/user", units.name_of(home.root)
    assert "Persistent=true" in (folder / f"{name}.timer").read_text()
    assert "run --if-due" in (folder / f"{name}.service").read_text()
    assert f"--user enable --now {name}.timer" in log.read_text()
    assert retest("schedule", "remove", home=home.root, **env).returncode == 0
    assert list(folder.iterdir()) == []
    nothing = {"PATH": commands(tmp_path / "none")}
    one_line(retest("schedule", "install", "--yes", home=home.root, **nothing), 2, "retest serve")


def test_the_workflow_is_valid_yaml_and_runs_every_week() -> None:
    command = [sys.executable, "-m", "agent", "schedule", "workflow"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    read = yaml.safe_load(text)
    assert read[True]["schedule"] == [{"cron": "0 6 * * 1"}]
    steps = " ".join(str(s) for s in read["jobs"]["retest"]["steps"])
    for wanted in ("actions/cache/restore", "actions/cache/save", "upload-artifact", "retest run"):
        assert wanted in steps


def snapshot_env(tmp_path: Path) -> dict[str, str]:
    snapshot = write_snapshot(tmp_path / "s.jsonl", [make_paper(n) for n in range(1, 4)])
    return {"RETEST_SOURCE": "snapshot", "RETEST_SNAPSHOT": str(snapshot)}


def schedule_at(home: Home, when: datetime) -> None:
    home.schedule.write_text(json.dumps(Weekly(when.weekday(), when.hour, when.minute)._asdict()))


def test_a_due_run_happens_once_and_other_starts_are_silent(home: Home, tmp_path: Path) -> None:
    env = snapshot_env(tmp_path)
    one_line(retest("run", "--if-due", home=home.root, **env), 2, "no schedule")
    schedule_at(home, datetime.now(UTC) - timedelta(hours=2))
    assert retest("schedule", "due", home=home.root).returncode == 0
    assert retest("run", "--if-due", home=home.root, **env).returncode == 0
    again = retest("run", "--if-due", home=home.root, **env)
    assert (again.returncode, "not due until" in again.stderr) == (0, True)
    assert retest("schedule", "due", home=home.root).returncode == 1
    ledger = Ledger.open(home.ledger)
    with ledger.read() as db:
        assert len(store.runs.recent(db)) == 1
    ledger.close()


def test_a_killed_run_is_finished_by_the_next_start(home: Home, tmp_path: Path) -> None:
    env = snapshot_env(tmp_path)
    schedule_at(home, datetime.now(UTC) - timedelta(hours=2))
    command = [sys.executable, "-m", "agent", "--home", str(home.root), "run", "--if-due"]
    with subprocess.Popen(command, env=os.environ | env, stderr=subprocess.PIPE) as run:
        while not list(home.root.glob("run-*/checkpoints.sqlite")):
            assert run.poll() is None
            time.sleep(0.02)
        time.sleep(0.3)
        run.send_signal(signal.SIGKILL)
    done = retest("run", "--if-due", home=home.root, **env)
    assert (done.returncode, "was interrupted; resuming it" in done.stderr) == (0, True), done.stderr
    assert len(list(home.root.glob("run-*"))) == 1


def test_a_run_that_cannot_be_finished_does_not_block_the_weekly_run(home: Home, tmp_path: Path) -> None:
    env = snapshot_env(tmp_path)
    schedule_at(home, datetime.now(UTC) - timedelta(hours=2))
    run_id = f"run-{datetime.now(UTC):%Y%m%d}-000001"
    ledger, now = Ledger.open(home.ledger), datetime.now(UTC)
    gone = {"source": "snapshot", "snapshot": str(tmp_path / "gone.jsonl")}
    with ledger.write() as db:
        store.runs.start(db, Run(run_id, now.isoformat(), now.date().isoformat(), "snapshot", "j", gone))
    ledger.close()
    home.run_folder(run_id).mkdir()
    home.checkpoints(run_id).touch()
    done = retest("run", "--if-due", home=home.root, **env)
    assert (done.returncode, "cannot be resumed" in done.stderr) == (0, True), done.stderr


def test_a_second_run_says_who_holds_the_home_or_waits(home: Home, tmp_path: Path) -> None:
    env = snapshot_env(tmp_path)
    with exclusive(home.run_lock, "a retest run (process 77)"):
        one_line(retest("run", home=home.root, **env), 2, "process 77")
        command = [sys.executable, "-m", "agent", "--home", str(home.root), "run", "--wait"]
        waiting = subprocess.Popen(command, env=os.environ | env, stderr=subprocess.PIPE)
        with pytest.raises(subprocess.TimeoutExpired):
            waiting.wait(3)
    assert waiting.wait(60) == 0
    assert waiting.stderr
    waiting.stderr.close()


def test_serve_runs_what_is_due_and_stops_on_request(home: Home, tmp_path: Path) -> None:
    when = datetime.now(UTC) - timedelta(hours=2)
    weekly = f"{('mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun')[when.weekday()]} {when:%H:%M}"
    command = [sys.executable, "-m", "agent", "--home", str(home.root), "serve", "--weekly", weekly]
    with subprocess.Popen(
        command, env=os.environ | snapshot_env(tmp_path), stderr=subprocess.PIPE, text=True
    ) as it:
        assert it.stderr
        for line in it.stderr:
            if "ended with exit code 0" in line:
                break
        it.send_signal(signal.SIGTERM)
        assert it.wait(20) == 0
    one_line(retest("serve", "--no-web", home=tmp_path / "none"), 2, "no schedule")
