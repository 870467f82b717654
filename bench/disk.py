"""A disk that is full or fails at each write of a run: the ledger stays intact and the run can be resumed.

    python -m bench.disk [--every 1]

Needs a C compiler: a small library loaded ahead of the C library (bench/failing_disk.c) makes writes below
the home fail. For each write of an uninterrupted run: ENOSPC from then on, and EIO once. Afterwards the disk
works again, the ledger's integrity is checked, and the run is resumed.
"""

from __future__ import annotations

import argparse
import ctypes
import errno
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import store.vectors.index
from bench.broken_runs import answers, in_child, integrity, make_home, rows, start_or_go_on
from store.home.files import Home
from tests.standins.llm import llm_server

SIZE = (1, 3)
"""Number of claims and papers: just enough to have every kind of write."""
FAULTS = (("ENOSPC", errno.ENOSPC, True), ("EIO", errno.EIO, False))


def main() -> None:
    """Print the figures as one JSON document; exit 1 if any required property fails."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--every", type=int, default=1, help="fail only every Nth write")
    args = parser.parse_args()
    if "failing_disk" not in os.environ.get("LD_PRELOAD", ""):
        raise SystemExit(_again_with_the_library())
    figures = campaign(args.every)
    print(json.dumps(figures, indent=1))
    raise SystemExit(1 if figures["wrong"] else 0)


def _again_with_the_library() -> int:
    """Build the library and restart with it loaded."""
    compiler = shutil.which("cc")
    if compiler is None:
        print("no C compiler: cannot simulate a failing disk", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        library, source = Path(folder) / "failing_disk.so", Path(__file__).with_name("failing_disk.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
        command = [sys.executable, "-m", "bench.disk", *sys.argv[1:]]
        return subprocess.run(command, env=os.environ | {"LD_PRELOAD": str(library)}, check=False).returncode


def campaign(every: int) -> dict[str, Any]:
    """Fail at each write, or at every Nth of them, in each way."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, llm_server(answers()) as server:
        root = Path(folder)
        home = make_home(root / "whole", *SIZE)
        writes, expected = _writes(home, server.url), rows(home)
        wrong, ends, tried = [], Counter[str](), 0
        for name, number, sticky in FAULTS:
            for at in range(0, writes, every):
                home, tried = make_home(root / f"{name}-{at}", *SIZE), tried + 1
                end, problems = _broken(home, server.url, (at, number, sticky), expected)
                ends[end] += 1
                wrong += [f"{name} at write {at}: {problem}" for problem in problems]
    return {
        "writes_of_a_run": writes, "faults": tried, "ends": dict(ends), "wrong": wrong,
        "seconds": round(time.monotonic() - started),
    }  # fmt: skip


def _writes(home: Home, url: str) -> int:
    """How many writes an uninterrupted run makes."""
    count = home.root.parent / "count"

    def run() -> None:
        _arm(home, -1, 0, sticky=False)
        start_or_go_on(home, url)
        count.write_text(str(_library().failing_disk_seen()))

    if in_child(run, home.root.parent / "log"):
        raise SystemExit((home.root.parent / "log").read_text())
    return int(count.read_text())


def _broken(
    home: Home, url: str, fault: tuple[int, int, bool], expected: dict[str, list[str]]
) -> tuple[str, list[str]]:
    """How a run ends on a failing disk, and what is wrong afterwards."""
    log, (at, number, sticky) = home.root.parent / "log", fault

    def run() -> None:
        store.vectors.index.SECONDS = 5.0
        _arm(home, at, number, sticky=sticky)
        start_or_go_on(home, url)

    code = in_child(run, log)
    if (result := integrity(home)) != "ok":
        return "damaged", [result]
    again = in_child(lambda: start_or_go_on(home, url), log)
    if again:
        return "stuck", [f"was not resumed: {log.read_text()[-400:]}"]
    found = rows(home)
    differ = [table for table in expected if found[table] != expected[table]]
    end = "went on as if nothing was" if code == 0 else "ended with an error"
    return end, [f"{table} differs after resuming" for table in differ]


def _library() -> Any:
    return ctypes.CDLL(None)


def _arm(home: Home, at: int, number: int, *, sticky: bool) -> None:
    arm = _library().failing_disk_arm
    arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int]
    arm(str(home.root).encode(), at, number, int(sticky))


if __name__ == "__main__":
    main()
