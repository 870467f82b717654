"""Threads of questions and answers, stored in a separate file next to the ledger."""

from __future__ import annotations

import json
import sqlite3
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.errors import UsageError

_SCHEMA = """
CREATE TABLE IF NOT EXISTS threads (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, started_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    summary TEXT NOT NULL DEFAULT 'null');
CREATE TABLE IF NOT EXISTS turns (
    thread_id TEXT NOT NULL REFERENCES threads(id), number INTEGER NOT NULL, question TEXT NOT NULL,
    asked_at TEXT NOT NULL, answer TEXT, PRIMARY KEY (thread_id, number));
"""
LONGEST_TITLE = 80


@dataclass(frozen=True)
class Thread:
    """A thread as shown in lists."""

    id: str
    title: str
    started_at: str
    updated_at: str
    turns: int


@dataclass(frozen=True)
class Turn:
    """A question and its answer, which is None until there is one."""

    number: int
    question: str
    asked_at: str
    answer: dict[str, Any] | None


class Threads:
    """The chat threads of a home. Safe to use from several operating-system threads of a process."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._connection = sqlite3.connect(path, check_same_thread=False, timeout=30)
        self._lock = threading.Lock()
        with self._lock, self._connection:
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.executescript(_SCHEMA)

    def begin(self, title: str, now: str) -> str:
        """Begin a thread; return its id."""
        thread_id = uuid.uuid4().hex[:12]
        self._write("INSERT INTO threads (id, title, started_at, updated_at) VALUES (?, ?, ?, ?)",
                    thread_id, title[:LONGEST_TITLE], now, now)  # fmt: skip
        return thread_id

    def every(self) -> list[Thread]:
        """All threads, newest first."""
        rows = self._read(
            "SELECT t.id, t.title, t.started_at, t.updated_at, COUNT(n.number) FROM threads t "
            "LEFT JOIN turns n ON n.thread_id = t.id GROUP BY t.id ORDER BY t.updated_at DESC, t.id"
        )
        return [Thread(*row) for row in rows]

    def turns(self, thread_id: str) -> list[Turn]:
        """A thread's turns, oldest first. Raises UsageError if there is no such thread."""
        self._check(thread_id)
        rows = self._read(
            "SELECT number, question, asked_at, answer FROM turns WHERE thread_id = ? ORDER BY number",
            thread_id,
        )
        return [
            Turn(n, question, at, json.loads(answer) if answer else None) for n, question, at, answer in rows
        ]

    def ask(self, thread_id: str, question: str, now: str) -> int:
        """Store a question; return its number."""
        self._check(thread_id)
        with self._lock, self._connection:
            number = self._connection.execute(
                "SELECT COALESCE(MAX(number), 0) + 1 FROM turns WHERE thread_id = ?", (thread_id,)
            ).fetchone()[0]
            self._connection.execute(
                "INSERT INTO turns (thread_id, number, question, asked_at) VALUES (?, ?, ?, ?)",
                (thread_id, number, question, now),
            )
        return int(number)

    def answer(self, thread_id: str, number: int, answer: dict[str, Any], now: str) -> None:
        """Store an answer."""
        with self._lock, self._connection:
            self._connection.execute(
                "UPDATE turns SET answer = ? WHERE thread_id = ? AND number = ?",
                (json.dumps(answer, ensure_ascii=False), thread_id, number),
            )
            self._connection.execute("UPDATE threads SET updated_at = ? WHERE id = ?", (now, thread_id))

    def summary(self, thread_id: str) -> dict[str, Any] | None:
        """The summary of a thread's older turns, up to its `number`, or None if there is none."""
        self._check(thread_id)
        rows = self._read("SELECT summary FROM threads WHERE id = ?", thread_id)
        found: dict[str, Any] | None = json.loads(rows[0][0])
        return found

    def summarise(self, thread_id: str, summary: dict[str, Any]) -> None:
        """Store the summary of a thread's older turns."""
        self._write("UPDATE threads SET summary = ? WHERE id = ?",
                    json.dumps(summary, ensure_ascii=False), thread_id)  # fmt: skip

    def forget(self, thread_id: str) -> None:
        """Delete a thread and its turns."""
        self._check(thread_id)
        self._write("DELETE FROM turns WHERE thread_id = ?", thread_id)
        self._write("DELETE FROM threads WHERE id = ?", thread_id)

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _check(self, thread_id: str) -> None:
        if not self._read("SELECT 1 FROM threads WHERE id = ?", thread_id):
            raise UsageError(f"no thread {thread_id!r}", "retest chat --list names them")

    def _read(self, query: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _write(self, query: str, *values: object) -> None:
        with self._lock, self._connection:
            self._connection.execute(query, values)
