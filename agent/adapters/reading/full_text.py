"""The reader for a paper's record, followed by its full text if there is a file."""

from __future__ import annotations

from agent.adapters.reading.abstract import AbstractReader
from agent.adapters.reading.sandbox import Sandbox
from agent.core.findings import Reading, Section
from agent.errors import ReadError
from agent.ports.sources import PaperFile
from store.records import Paper

LEAST_LETTERS = 500


class WholeReader:
    """Title and abstract come from the record, where they are clean; the rest comes from the file."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox, self._record = sandbox, AbstractReader()

    def read(self, paper: Paper, file: PaperFile | None = None) -> Reading:
        """Return the record's text, followed by the file's; see `agent.ports.sources.Reader`."""
        record = self._record.read(paper)
        if file is None:
            return record
        parsed = self._sandbox.parse(file.path, file.kind)
        if sum(c.isalpha() for c in parsed["text"]) < LEAST_LETTERS:
            raise ReadError(f"{file.path.name} holds no text", "")
        start = len(record.text) + 2
        sections = [Section(name, page, start + a, start + b) for name, page, a, b in parsed["parts"]]
        return Reading(
            "full", f"{record.text}\n\n{parsed['text']}", (*record.sections, *sections),
            file_sha256=file.sha256, hidden=parsed["hidden"], note=parsed["note"],
        )  # fmt: skip
