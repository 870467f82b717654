"""How much memory a large snapshot needs: generated records in the layout of arXiv's public one, streamed.

    python -m bench.snapshots [--records 500000]

The reference is the same file with a tenth of the records, read the same way: reading ten times as many
should need no more memory.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from agent.adapters.arxiv.snapshot import SnapshotSource
from agent.ports.sources import Wanted
from tests.conftest import make_claim

DAY = "Sat, 1 Mar 2025 19:18:42 GMT"


def main() -> None:
    """Print one row per file; each child runs with `--read`."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=int, default=500_000)
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.read:
        print(json.dumps(read(args.read)))
        return
    with tempfile.TemporaryDirectory() as folder:
        for number in (args.records // 10, args.records):
            path = Path(folder) / "arxiv-metadata-oai-snapshot.json"
            path.write_text("\n".join(made(number)))
            size = path.stat().st_size / 1e6
            command = [sys.executable, "-m", "bench.snapshots", "--read", str(path)]
            measured = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
            print(json.dumps({"records": number, "file_mb": round(size)} | measured))


def made(number: int) -> Iterator[str]:
    """Records in the layout of arXiv's public snapshot."""
    abstract = "  We find that fine-tuning lowers the faithfulness of a chain of thought.\n" * 14
    for n in range(number):
        yield json.dumps({
            "id": f"25{1 + n // 90_000:02d}.{n % 90_000:05d}", "submitter": "A. Bee", "authors": "A. Bee",
            "title": f"Paper {n}", "comments": "9 pages", "categories": "cs.CL cs.LG", "abstract": abstract,
            "versions": [{"version": "v1", "created": DAY}], "update_date": "2025-03-02",
            "authors_parsed": [["Bee", "A.", ""]], "license": None, "doi": None, "report-no": None,
            "journal-ref": None,
        })  # fmt: skip


def read(path: Path) -> dict[str, float]:
    """Stream a snapshot as a run does; return the peak memory of the process in MB, and records a second."""
    before, started = _peak_mb(), time.perf_counter()
    source = SnapshotSource(path)
    papers = sum(1 for _ in source.collect([Wanted(make_claim(), "2024-11-32", "2026-09-01")]))
    seconds = time.perf_counter() - started
    return {
        "papers": papers,
        "peak_mb": _peak_mb(),
        "peak_mb_before": before,
        "a_second": round(papers / seconds),
    }


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()  # getrusage includes memory from before the program began
    return round(int(status.partition("VmHWM:")[2].split()[0]) / 1024, 1)


if __name__ == "__main__":
    main()
