"""Parse files in resource-limited child processes, kept warm and replaced after a while or a fault."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from agent.errors import ReadError, SandboxError

MOST_ANSWER, STARTING_S = 64 * 2**20, 60.0
MODULE = "agent.adapters.reading.child"


@dataclass(frozen=True)
class Limits:
    """Limits for one file, and `files`, the number that one child reads before it is replaced."""

    memory_mb: int = 768
    cpu_s: int = 15
    wall_s: float = 60.0
    pages: int = 400
    files: int = 40
    pdf_reader: str = "pdfminer"


class Sandbox:
    """A pool of children. `parse` may be called from several threads; each call has a child of its own.

    `first_on_path` is a folder put first on the children's module path, such as another parser.
    """

    def __init__(self, limits: Limits | None = None, first_on_path: Path | None = None) -> None:
        self._limits, self._first = limits or Limits(), first_on_path
        self._idle: list[_Child] = []
        self._lock = threading.Lock()
        self.started = 0

    def parse(self, path: Path, kind: str) -> dict[str, Any]:
        """Return a file's text, parts, number of hidden characters and note.

        Raises ReadError naming the limit that it exceeded, or what is wrong with it.
        """
        with self._child() as child:
            answer = child.ask({"path": str(path.resolve()), "kind": kind})
        if "error" in answer:
            raise ReadError(f"{path.name} cannot be read: {answer['error']}", "")
        return answer

    def close(self) -> None:
        """End every child."""
        with self._lock:
            children, self._idle = self._idle, []
        for child in children:
            child.end()

    @contextmanager
    def _child(self) -> Iterator[_Child]:
        with self._lock:
            child = self._idle.pop() if self._idle else None
            self.started += child is None
        child = child or _Child(self._limits, self._first)
        try:
            yield child
        except BaseException:
            child.end()
            raise
        if child.is_worn():
            child.end()
            return
        with self._lock:
            self._idle.append(child)


class _Child:
    """One process: it answers one request at a time, and is killed if it takes too long."""

    def __init__(self, limits: Limits, first_on_path: Path | None) -> None:
        self._limits, self._asked, self._failed = limits, 0, False
        path = [*([str(first_on_path)] if first_on_path else []), *filter(None, sys.path)]
        environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": os.pathsep.join(path)}
        self._process = subprocess.Popen(  # noqa: S603  our own program, and no shell
            [sys.executable, "-P", "-m", MODULE, json.dumps(asdict(limits))],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=environment, cwd="/", start_new_session=True,
        )  # fmt: skip
        self._ready()

    def _ready(self) -> None:
        """Wait until the child is ready; raise SandboxError if it does not start."""
        try:
            line = self._line(time.monotonic() + STARTING_S)
        except TimeoutError:
            line = b""
        if not line.endswith(b"\n"):
            self.end()
            raise SandboxError(
                f"the process that reads papers with {self._limits.pdf_reader} does not start",
                f"try: python -m {MODULE} '{{}}'",
            )

    def ask(self, question: dict[str, str]) -> dict[str, Any]:
        """The child's answer, or an error that names what stopped it."""
        self._asked += 1
        try:
            assert self._process.stdin
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            line = self._line(time.monotonic() + self._limits.wall_s)
        except (BrokenPipeError, TimeoutError):
            line = b""
        if line.endswith(b"\n"):
            try:
                answer: dict[str, Any] = json.loads(line)
            except (ValueError, RecursionError):
                answer = {"error": "its reader returned invalid output", "worn": True}
            self._failed = answer.get("worn", False)
            return answer
        self._failed = True
        return {"error": self._why()}

    def is_worn(self) -> bool:
        """Whether it should be replaced: it has read enough, or something went wrong in it."""
        return self._failed or self._asked >= self._limits.files

    def end(self) -> None:
        """Kill the process and reap it."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe:
                pipe.close()
        self._process.wait()

    def _line(self, deadline: float) -> bytes:
        assert self._process.stdout
        out, buffer = self._process.stdout.fileno(), bytearray()
        while not buffer.endswith(b"\n"):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([out], [], [], left)[0]:
                raise TimeoutError
            chunk = os.read(out, 2**20)
            buffer += chunk
            if not chunk or len(buffer) > MOST_ANSWER:
                break
        return bytes(buffer)

    def _why(self) -> str:
        """Why there was no answer."""
        limits = self._limits
        try:
            code = self._process.wait(0.5)
        except subprocess.TimeoutExpired:
            return f"it takes more than {limits.wall_s:.0f} s"
        if code == -signal.SIGXCPU:
            return f"it takes more than {limits.cpu_s} s of CPU time"
        return f"it needs more than {limits.memory_mb} MB, or crashes the parser (exit {code})"
