"""The reader for what is in the record: title and abstract."""

from __future__ import annotations

from agent.core.findings import Reading, Section
from agent.ports.sources import PaperFile
from store.records import Paper


class AbstractReader:
    """Title and abstract as two sections of one text, equal to `Paper.text`."""

    def read(self, paper: Paper, file: PaperFile | None = None) -> Reading:  # noqa: ARG002  it reads none
        """Return the record's own text; any file is ignored."""
        title_end = len(paper.title)
        sections = (
            Section("title", None, 0, title_end),
            Section("abstract", None, title_end, len(paper.text)),
        )
        return Reading("abstract", paper.text, sections)
