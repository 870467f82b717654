"""The log of a run, as JSON lines in its folder, for machines and for later inspection. It holds no key."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

log = logging.getLogger("retest")
"""The logger of the whole program; `extra={"fields": {...}}` carries machine-readable fields."""
MASK, SHORTEST = "****", 6


class JsonLines(logging.Formatter):
    """One JSON object per record: time, level, what, and its fields. Secrets are masked everywhere."""

    def __init__(self, secrets: Sequence[str] = ()) -> None:
        super().__init__()
        self._secrets = sorted({s for s in secrets if len(s) >= SHORTEST}, key=len, reverse=True)

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = getattr(record, "fields", {})
        entry = {"at": at, "level": record.levelname.lower(), "what": record.getMessage(), **fields}
        if record.exc_info and record.exc_info[0]:
            entry["error"] = f"{record.exc_info[0].__name__}: {record.exc_info[1]}"
        line = json.dumps(entry, ensure_ascii=False, default=str)
        for secret in self._secrets:
            line = line.replace(json.dumps(secret, ensure_ascii=False)[1:-1], MASK)
        return line


@contextmanager
def run_log(file: Path, secrets: Sequence[str] = ()) -> Iterator[None]:
    """Append what is logged in the block to a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(JsonLines(secrets))
    level, log.propagate = log.level, False
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield
    except BaseException as error:
        log.error("the run ended with an error", exc_info=error)
        raise
    finally:
        log.removeHandler(handler)
        log.setLevel(level)
        handler.close()


def tell(what: str, **fields: Any) -> None:
    """Log one line."""
    log.info(what, extra={"fields": fields})
