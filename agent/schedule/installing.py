"""Install the schedule on this machine: in the user's systemd, else in the crontab."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from agent.errors import UsageError
from agent.schedule import units
from agent.schedule.due import Weekly
from store.home.files import write_atomically

SECONDS = 20


def kind() -> str:
    """The available scheduler: "systemd" or "cron". Raises UsageError if there is neither."""
    if shutil.which("systemctl") and _ran("systemctl", "--user", "show-environment").returncode == 0:
        return "systemd"
    if shutil.which("crontab"):
        return "cron"
    raise UsageError(
        "neither a systemd user instance nor crontab is available",
        "run retest serve in a container or a terminal, or retest schedule workflow",
    )


def planned(chosen: str, schedule: Weekly, home: Path) -> list[tuple[str, str]]:
    """The files that would be written, by name, with their contents."""
    if chosen == "systemd":
        folder = _unit_folder()
        return [
            (str(folder / f"{units.name_of(home)}.service"), units.service_unit(sys.executable, home)),
            (str(folder / f"{units.name_of(home)}.timer"), units.timer_unit(schedule)),
        ]
    line = units.cron_line(schedule, sys.executable, home)
    return [("crontab", units.with_line(_crontab(), line, home))]


def install(chosen: str, schedule: Weekly, home: Path) -> None:
    """Install and start the schedule. Raises UsageError with the system's message if that fails."""
    files = planned(chosen, schedule, home)
    if chosen == "systemd":
        for name, content in files:
            write_atomically(Path(name), content)
        _done("systemctl", "--user", "daemon-reload")
        _done("systemctl", "--user", "enable", "--now", f"{units.name_of(home)}.timer")
        return
    _write_crontab(files[0][1])


def remove(chosen: str, home: Path) -> None:
    """Remove the schedule; do nothing if there is none."""
    if chosen == "systemd":
        _ran("systemctl", "--user", "disable", "--now", f"{units.name_of(home)}.timer")
        for suffix in ("timer", "service"):
            (_unit_folder() / f"{units.name_of(home)}.{suffix}").unlink(missing_ok=True)
        _done("systemctl", "--user", "daemon-reload")
    elif units.mark(home) in (before := _crontab()):
        _write_crontab(units.without(before, home))


def _unit_folder(environ: Mapping[str, str] = os.environ) -> Path:
    base = environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "systemd" / "user"


def _crontab() -> str:
    """The current crontab; empty if the user has none."""
    found = _ran("crontab", "-l")
    if found.returncode and "no crontab" not in found.stderr.lower():
        raise UsageError(f"crontab -l: {found.stderr.strip()}", "nothing was written")
    return found.stdout if found.returncode == 0 else ""


def _write_crontab(content: str) -> None:
    done = _ran("crontab", "-", stdin=content)
    if done.returncode:
        raise UsageError(f"crontab failed: {done.stderr.strip()}", "the crontab is unchanged")


def _done(*command: str) -> None:
    done = _ran(*command)
    if done.returncode:
        raise UsageError(f"{' '.join(command)}: {done.stderr.strip()}", "see systemctl --user status")


def _ran(*command: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  fixed commands, no shell
        command, input=stdin, capture_output=True, text=True, check=False, timeout=SECONDS
    )
