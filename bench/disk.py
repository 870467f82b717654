"""A disk that is full, or breaks, at each write of a run: the ledger stays whole, and the run can go on.

    python -m bench.disk [--every 1]

Needs a C compiler: writes below the home are made to fail by a small library put before the C library's own
(bench/failing_disk.c). For each write of an unbroken run: ENOSPC from then on, and EIO once. Afterwards
the disk is well, the ledger's integrity is checked, and the run is gone on with.
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
"""Claims and papers: every kind of write there is, and no more of each than it takes."""
FAULTS = (("ENOSPC", errno.ENOSPC, True), ("EIO", errno.EIO, False))


def main() -> None:
    """Print the figures as one JSON document; exit 1 where anything that must hold does not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--every", type=int, default=1, help="try every so many writes")
    args = parser.parse_args()
    if "failing_disk" not in os.environ.get("LD_PRELOAD", ""):
        raise SystemExit(_again_with_the_library())
    told = campaign(args.every)
    print(json.dumps(told, indent=1))
    raise SystemExit(1 if told["wrong"] else 0)


def _again_with_the_library() -> int:
    """Build the library and start over with it in place."""
    compiler = shutil.which("cc")
    if compiler is None:
        print("no C compiler: the disk cannot be made to fail here", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        library, source = Path(folder) / "failing_disk.so", Path(__file__).with_name("failing_disk.c")
        subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], check=True)
        command = [sys.executable, "-m", "bench.disk", *sys.argv[1:]]
        return subprocess.run(command, env=os.environ | {"LD_PRELOAD": str(library)}, check=False).returncode


def campaign(every: int) -> dict[str, Any]:
    """Fail at each write, or every so many of them, in each way."""
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
    """How many writes an unbroken run makes."""
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
    """How a run ends on a disk that fails, and what is wrong afterwards."""
    log, (at, number, sticky) = home.root.parent / "log", fault

    def run() -> None:
        store.vectors.index.SECONDS = 5.0
        _arm(home, at, number, sticky=sticky)
        start_or_go_on(home, url)

    code = in_child(run, log)
    if (said := integrity(home)) != "ok":
        return "damaged", [said]
    again = in_child(lambda: start_or_go_on(home, url), log)
    if again:
        return "stuck", [f"did not go on: {log.read_text()[-400:]}"]
    found = rows(home)
    differ = [table for table in expected if found[table] != expected[table]]
    end = "went on as if nothing was" if code == 0 else "ended with an error"
    return end, [f"{table} differs after going on" for table in differ]


def _library() -> Any:
    return ctypes.CDLL(None)


def _arm(home: Home, at: int, number: int, *, sticky: bool) -> None:
    arm = _library().failing_disk_arm
    arm.argtypes = [ctypes.c_char_p, ctypes.c_long, ctypes.c_int, ctypes.c_int]
    arm(str(home.root).encode(), at, number, int(sticky))


if __name__ == "__main__":
    main()
