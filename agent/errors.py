"""Every error a person can meet. Each says what is wrong and the way out, in one line.

RetestError                 exit 2 unless a subclass says otherwise
├── UsageError          2   wrong usage, bad input, unknown id
├── SettingsError       2   a setting that cannot be used
├── HomeError           2   RETEST_HOME cannot be read, written or understood
├── PackError           2   a claim pack that does not parse
├── SnapshotError       2   a snapshot that cannot be read at all
├── PromptError         2   a prompt file that does not load or render
├── ModelError          2   a packaged or named model that cannot be used
├── LockedError         2   another process holds the lock
├── SourceError         3   a paper source is out of reach
└── JudgeError          3   a judge gave no usable answer
    ├── JudgeUnreachable    refused, timed out, 5xx after the last try
    ├── JudgeRefused        the endpoint rejects the key or the model: trying again is no use
    └── JudgeNonsense       an answer that does not follow the schema, or a refusal
"""

from __future__ import annotations


class RetestError(Exception):
    """Base: `message` names the thing and the place, `way_out` says what to do."""

    exit_code = 2

    def __init__(self, message: str, way_out: str = "") -> None:
        super().__init__(message, way_out)
        self.message = message
        self.way_out = way_out

    def __str__(self) -> str:
        return f"{self.message}; {self.way_out}" if self.way_out else self.message


class UsageError(RetestError):
    """Wrong usage, bad input or an unknown id."""


class SettingsError(RetestError):
    """A setting whose value cannot be used."""


class HomeError(RetestError):
    """The home folder cannot be read, written or understood."""


class PackError(RetestError):
    """A claim pack that does not parse."""


class SnapshotError(RetestError):
    """A snapshot that cannot be read at all."""


class PromptError(RetestError):
    """A prompt file that does not load or render."""


class ModelError(RetestError):
    """A packaged or named model that cannot be used."""


class LockedError(RetestError):
    """Another process holds the lock."""


class SourceError(RetestError):
    """A paper source is out of reach."""

    exit_code = 3


class JudgeError(RetestError):
    """A judge gave no usable answer."""

    exit_code = 3


class JudgeUnreachable(JudgeError):
    """Refused, timed out, or failing after the last try."""


class JudgeRefused(JudgeError):
    """The endpoint rejects the key or the model; trying again is no use."""


class JudgeNonsense(JudgeError):
    """An answer that does not follow the schema, or a refusal."""
