"""Every error of the agent. Each says in one line what is wrong and how to fix it.

RetestError                 exit 2 unless a subclass says otherwise
├── UsageError          2   wrong usage, bad input, unknown id
│   └── NotFound            something that is not in the ledger
├── SettingsError       2   a setting that cannot be used
├── PackError           2   a claim pack that does not parse
├── SnapshotError       2   a snapshot that cannot be read at all
├── ModelError          2   a packaged or named model that cannot be used
├── SourceError         3   a paper source is unreachable
├── SandboxError        2   the process that reads papers does not start
├── ReadError           3   a paper's file cannot be read
├── DeliveryError       3   a message could not be delivered
├── BatchWaiting        5   a batch that has not been answered yet
├── Stopped           130   a person stopped an answer
└── JudgeError          3   a judge gave no usable answer
    ├── JudgeUnreachable    refused, timed out, 5xx after the last try
    ├── JudgeRefused        the endpoint rejects the key or the model: retrying does not help
    └── JudgeNonsense       an answer that does not follow the schema, or a refusal
        └── JudgeTooLong    a question longer than the model's context
"""

from __future__ import annotations

from store.errors import Failure


class RetestError(Failure):
    """Base of the agent's errors."""


class UsageError(RetestError):
    """Wrong usage, bad input or an unknown id."""


class NotFound(UsageError):
    """Something requested from a page or the API is not in the ledger."""


class SettingsError(RetestError):
    """A setting whose value cannot be used."""


class PackError(RetestError):
    """A claim pack that does not parse."""


class SnapshotError(RetestError):
    """A snapshot that cannot be read at all."""


class ModelError(RetestError):
    """A packaged or named model that cannot be used."""


class SourceError(RetestError):
    """A paper source is unreachable."""

    exit_code = 3


class SandboxError(RetestError):
    """The process that reads papers does not start."""


class ReadError(RetestError):
    """A paper's file cannot be read, or is of a kind we do not accept."""

    exit_code = 3


class DeliveryError(RetestError):
    """A message could not be delivered; delivery is retried."""

    exit_code = 3


class JudgeError(RetestError):
    """A judge gave no usable answer."""

    exit_code = 3


class JudgeUnreachable(JudgeError):
    """Refused, timed out, or failing after the last try."""


class JudgeRefused(JudgeError):
    """The endpoint rejects the key or the model; retrying does not help."""


class JudgeNonsense(JudgeError):
    """An answer that does not follow the schema, or a refusal.

    `answers` is how many were paid for, `spent` their tokens in and out, as far as they are known.
    """

    answers = 1
    spent = (0, 0)


class JudgeTooLong(JudgeNonsense):
    """The question is longer than the model's context. Nothing was paid for."""

    answers = 0


class BatchWaiting(RetestError):
    """The answers of a batch have not come yet; whoever resumes the run looks again."""

    exit_code = 5

    def __init__(self, batch_id: str, done: int, total: int) -> None:
        super().__init__(
            f"the judge's questions wait for their batch {batch_id} ({done} of {total} answered)",
            "the next scheduled run looks again; so does: retest run --resume",
        )


class Stopped(RetestError):
    """A person stopped an answer."""

    exit_code = 130
