"""The LLM judge through a provider's batch API: many questions sent as one file, answered within a day.

OpenAI's API (https://platform.openai.com/docs/guides/batch), which others offer too: a JSON Lines file is
uploaded and a batch is made of it; once the batch has ended, its output file holds a reply for each line.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import openai

from agent.adapters.judges.llm import LlmJudge
from agent.adapters.llm.failures import address_of, failure_of, said_by
from agent.core.findings import Answer
from agent.errors import JudgeRefused, JudgeUnreachable
from agent.logs import tell
from agent.ports.models import Asked, BatchState
from store.records import Claim, Paper

_ENDED = ("completed", "failed", "expired", "cancelled")
_RUN = "retest_run"
"""The key under which a batch carries the run it belongs to."""


class LlmBatch:
    """Sends a judge's questions, and reads the answers; see `agent.ports.models.BatchJudge`."""

    def __init__(self, judge: LlmJudge) -> None:
        self._judge, self._client = judge, judge.llm.client

    def find(self, run_id: str) -> str | None:
        """The id of the batch sent for a run; None if there is none."""
        try:
            batches = self._client.batches.list(limit=100).data
        except openai.OpenAIError as error:
            self._fail(error)
        return next((b.id for b in batches or () if (b.metadata or {}).get(_RUN) == run_id), None)

    def send(self, run_id: str, questions: Mapping[str, Asked]) -> str:
        """Send questions by key; return the batch's id."""
        lines = "".join(json.dumps(self._line(key, asked)) + "\n" for key, asked in questions.items())
        try:
            file = self._client.files.create(file=("retest.jsonl", lines.encode()), purpose="batch")
            batch = self._client.batches.create(
                input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h",
                metadata={_RUN: run_id},
            )  # fmt: skip
        except openai.OpenAIError as error:
            self._fail(error)
        tell("batch sent", id=batch.id, questions=len(questions))
        return batch.id

    def look(self, batch_id: str) -> BatchState:
        """How far a batch is, with the replies if it has ended."""
        try:
            batch = self._client.batches.retrieve(batch_id)
            counts = batch.request_counts
            done, total = (counts.completed + counts.failed, counts.total) if counts else (0, 0)
            if batch.status not in _ENDED:
                return BatchState(done, total, None)
            replies = dict[str, str]()
            for file in filter(None, (batch.output_file_id, batch.error_file_id)):
                replies |= _replies(self._client.files.content(file).text)
        except openai.OpenAIError as error:
            self._fail(error)
        wrong = "; ".join(
            said_by(e.model_dump()) for e in (batch.errors.data if batch.errors else None) or ()
        )
        tell("batch ended", id=batch_id, status=batch.status, replies=len(replies), wrong=wrong)
        return BatchState(done, total, replies, wrong)

    def read(self, reply: str, claim: Claim, paper: Paper) -> Answer:
        """The answer in a reply. Raises JudgeNonsense for one that is unusable."""
        return self._judge.read(reply, claim, paper)

    def _line(self, key: str, asked: Asked) -> dict[str, Any]:
        body = self._judge.body(asked.claim, asked.paper, asked.passages)
        return {"custom_id": key, "method": "POST", "url": "/v1/chat/completions", "body": body}

    def _fail(self, error: openai.OpenAIError) -> NoReturn:
        failure = failure_of(error, (self._client.api_key,))
        kind = JudgeUnreachable if failure.kind == "again" else JudgeRefused
        at = address_of(self._client.base_url)
        raise kind(
            f"the batch API at {at} fails ({failure})",
            "resume the run, or use --no-batch",
        ) from error


def _replies(text: str) -> dict[str, str]:
    """The body of each reply by key; an error body where a question failed. Broken lines are skipped."""
    found = dict[str, str]()
    for line in text.splitlines():
        try:
            entry: dict[str, Any] = json.loads(line)
            response = entry.get("response") or {}
            body = response.get("body") if response.get("status_code") == 200 else None
            error = entry.get("error") or response.get("body") or "no reply"
            found[str(entry["custom_id"])] = json.dumps(body if body is not None else {"error": error})
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
    return found
