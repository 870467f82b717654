"""What installing a schedule writes: systemd units or a crontab line. Pure.

Both only start the program once an hour; it decides itself whether the weekly run is due, in its own time
zone. So a machine that was asleep catches up, and a degraded week is retried.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Sequence
from pathlib import Path

from agent.schedule.due import Weekly


def name_of(home: Path) -> str:
    """The name of a home's units; each home has its own."""
    return f"retest-{hashlib.sha256(str(home).encode()).hexdigest()[:8]}"


def command(python: str, home: Path) -> list[str]:
    """The command that runs every hour."""
    return [python, "-m", "agent", "--home", str(home), "run", "--if-due"]


def service_unit(python: str, home: Path) -> str:
    """The systemd service: starts the weekly run if it is due."""
    words = " ".join(_systemd(word) for word in command(python, home))
    return (
        "[Unit]\nDescription=Retest the claims that are due\n\n[Service]\nType=oneshot\n"
        f"WorkingDirectory={_systemd(str(home.parent))}\nExecStart={words}\n"
        # A degraded run or a reached budget is shown in the report; the service has not failed.
        "SuccessExitStatus=3 4\nNice=10\n"
    )


def timer_unit(schedule: Weekly) -> str:
    """The systemd timer: once an hour, and immediately after the machine slept through it."""
    return (
        f"[Unit]\nDescription=Retest weekly, {schedule}\n\n"
        f"[Timer]\nOnCalendar=*-*-* *:{schedule.minute:02}:00\n"
        "Persistent=true\nRandomizedDelaySec=60\n\n[Install]\nWantedBy=timers.target\n"
    )


def cron_line(schedule: Weekly, python: str, home: Path) -> str:
    """The crontab entry; a comment at its end marks it as ours for this home."""
    shell_command = " ".join(shlex.quote(word) for word in command(python, home)).replace("%", r"\%")
    log = shlex.quote(str(home / "schedule.log")).replace("%", r"\%")
    folder = shlex.quote(str(home.parent)).replace("%", r"\%")
    return f"{schedule.minute} * * * * cd {folder} && {shell_command} >> {log} 2>&1 {mark(home)}"


def mark(home: Path) -> str:
    """The comment that identifies our crontab entry."""
    return f"# retest {home}"


def without(crontab: str, home: Path) -> str:
    """A crontab without our entry for this home."""
    kept = [line for line in crontab.splitlines() if not line.endswith(mark(home))]
    return "".join(line + "\n" for line in kept)


def with_line(crontab: str, line: str, home: Path) -> str:
    """A crontab with our entry in place of any before it."""
    return without(crontab, home) + line + "\n"


def _systemd(word: str) -> str:
    """A word as systemd's unit files quote it (systemd.service, "Command lines")."""
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{safe}"' if safe != word or " " in word or "'" in word else word


def shown(files: Sequence[tuple[str, str]]) -> str:
    """Files and their contents, formatted for people to check before they are written."""
    return "\n".join(f"--- {name}\n{content.rstrip()}" for name, content in files)
