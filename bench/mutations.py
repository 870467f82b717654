"""Would the tests notice? Change what decides, one place at a time, and run the fast tests on each change.

    pip install -e ".[mutations]"
    python -m bench.mutations [--only agent.core.rule] [--children 2] [--keep FOLDER]

mutmut (https://mutmut.readthedocs.io) mutates `agent/core` and `agent/retrieval` in a copy of the checkout,
and runs for each mutant those fast tests that reach its function. A mutant is caught if a test fails, or the
program breaks or hangs; what no fast test reaches counts as not caught. Prints a row for each module, and the
functions whose mutants survive. `retrieval/finder.py` is left out: it reads the ledger, and its tests are
those of the chat. Ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
TESTS = ("core", "rule", "gates", "screen", "quotes", "window", "source_check")
"""Tests of what decides, seconds in all: a mutant runs every one of them that reaches it."""
COPIED = ("agent", "store", "prompts", "bench", "tests", "pyproject.toml", "README.md", "LICENSE")
CAUGHT = {"killed", "timeout", "suspicious", "segfault", "caught by type check"}
CONFIG = """

[tool.mutmut]
paths_to_mutate = ["agent/core/", "agent/retrieval/"]
do_not_mutate = ["agent/retrieval/finder.py"]
tests_dir = {tests}
also_copy = ["agent", "store", "prompts", "bench", "tests"]
pytest_add_cli_args = ["-m", "not slow and not browser", "-p", "no:cacheprovider", "-p", "no:randomly"]
"""
_RESULT = re.compile(r"^\s*(?P<name>[\w.ǁ]+__mutmut_\d+): (?P<status>[\w ]+)$")


def main() -> None:
    """Print the figures as one JSON document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="mutants whose names begin so")
    parser.add_argument("--children", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="folder to work in, and to look at afterwards")
    args = parser.parse_args()
    folder = args.keep or Path(tempfile.mkdtemp())
    prepare(folder / "main")
    mutmut(
        folder / "main",
        "run",
        "--max-children",
        str(args.children),
        *([f"{args.only}*"] if args.only else []),
    )
    found = mutmut(folder / "main", "results", "--all", "true")
    print(json.dumps(figures(found), indent=1, ensure_ascii=False))
    if not args.keep:
        shutil.rmtree(folder)


def prepare(folder: Path) -> None:
    """A copy of the checkout with mutmut's settings."""
    folder.mkdir(parents=True)
    for name in COPIED:
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    shared = Path(os.environ.get("RETEST_SHARED", ROOT.parent / "shared"))
    (folder.parent / "shared").symlink_to(shared)
    tests = [f"tests/test_{name}.py" for name in TESTS]
    with (folder / "pyproject.toml").open("a") as file:
        file.write(CONFIG.format(tests=json.dumps(tests)))


def mutmut(folder: Path, *args: str) -> str:
    """What mutmut prints."""
    command = [sys.executable, "-m", "mutmut", *args]
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode and args[0] != "run":
        raise SystemExit(f"bench: mutmut {args[0]} failed: {done.stdout[-500:]}")
    return done.stdout


def figures(results: str) -> dict[str, object]:
    """Caught and all by module, and what survived by function."""
    caught: Counter[str] = Counter()
    every: Counter[str] = Counter()
    survivors: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for line in results.splitlines():
        if not (found := _RESULT.match(line)):
            continue
        module, _, rest = found["name"].rpartition(".")
        function = rest.rpartition("__mutmut_")[0].removeprefix("x").replace("ǁ", ".").strip("._")
        every[module] += 1
        if found["status"].strip() in CAUGHT:
            caught[module] += 1
        else:
            survivors[module][f"{function} ({found['status'].strip()})"] += 1
    total = sum(every.values())
    return {
        "mutants": total, "caught": sum(caught.values()),
        "share": round(sum(caught.values()) / total, 3) if total else None,
        "modules": {m: f"{caught[m]} of {n}" for m, n in sorted(every.items())},
        "survivors": {m: dict(c.most_common()) for m, c in sorted(survivors.items())},
    }  # fmt: skip


if __name__ == "__main__":
    main()
