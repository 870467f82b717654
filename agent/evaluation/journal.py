"""A journal of an evaluation's paid answers, so that a stopped evaluation continues where it was.

JSON Lines in the home, one file a judge: an answer is appended as soon as it has come, and used again
whenever the same question is asked of the same judge.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import store.calls
from agent.core.findings import Answer, Finding
from agent.ports.models import Judge
from store.records import Claim, Paper, Passage, Stance


class JournalledJudge:
    """A judge that is asked each question once. `reused` and `asked` count answers, `spent` sums tokens."""

    def __init__(self, judge: Judge, folder: Path) -> None:
        self.name, self.kind = judge.name, judge.kind
        self.calibration, self.open_from = judge.calibration, judge.open_from
        self.reused = self.asked = 0
        self.spent = [0, 0, 0]
        self.file = folder / f"{re.sub(r'[^A-Za-z0-9.@-]+', '_', judge.name)}.jsonl"
        self._judge, self._lock = judge, threading.Lock()
        self._known = _read(self.file)

    def threshold_of(self, stance: Stance, section: str) -> float:
        """See `agent.ports.models.Judge`."""
        return self._judge.threshold_of(stance, section)

    def request(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> dict[str, Any]:
        """See `agent.ports.models.Judge`."""
        return self._judge.request(claim, paper, passages)

    def judge(self, claim: Claim, paper: Paper, passages: Sequence[Passage]) -> Answer:
        """The journalled answer, else the judge's; see `agent.ports.models.Judge`."""
        request = self._judge.request(claim, paper, passages)
        key = store.calls.key_of(judge=self.name, request=request)
        if key in self._known:
            with self._lock:
                self.reused += 1
            return self._known[key]
        answer = self._judge.judge(claim, paper, passages)
        with self._lock:
            self.asked += 1
            spent = (answer.tokens_in, answer.tokens_out, answer.tokens_cached)
            self.spent = [a + b for a, b in zip(self.spent, spent, strict=True)]
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with self.file.open("a", encoding="utf-8") as journal:
                # The line break comes first: what follows a line that was cut off is still whole.
                journal.write("\n" + json.dumps({"key": key, "answer": asdict(answer)}, ensure_ascii=False))
        return answer


def _read(file: Path) -> dict[str, Answer]:
    """The answers in a journal. A line that was cut off when the program was killed is skipped."""
    found: dict[str, Answer] = {}
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except OSError:
        return found
    for line in lines:
        try:
            entry = json.loads(line)
            fields = entry["answer"]
            findings = tuple(Finding(**f) for f in fields.pop("findings"))
            found[entry["key"]] = Answer(findings, **fields)
        except (ValueError, KeyError, TypeError):
            continue
    return found
