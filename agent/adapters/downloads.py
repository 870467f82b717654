"""The files of papers, from arXiv into the home's `papers/`: its HTML where there is one, else the PDF.

They are fetched through the polite gate, from arXiv's own hosts only, and put in their place whole or
not at all. They are for reading here; nothing we export holds them (arXiv's terms of use).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import urljoin, urlsplit

from agent.adapters.arxiv_http import TRIES, Answer, ArxivHttp, TooMuch
from agent.errors import ReadError, SourceError
from agent.ports import PaperFile
from store.records import Paper

SITE = "https://export.arxiv.org"
HOSTS = frozenset(["arxiv.org", "www.arxiv.org", "export.arxiv.org"])
MOST_BYTES = 50 * 2**20
MOST_HOPS = 5
FIRST_HTML = "2312"
"""arXiv makes HTML of papers submitted since December 2023."""
_TYPES = {"html": "text/html", "pdf": "application/pdf"}
_GONE = (404, 410)
_MOVED = (301, 302, 303, 307, 308)


class ArxivFiles:
    """Fetches and keeps files by id and version. One thread at a time."""

    def __init__(self, http: ArxivHttp, folder: Path, site: str = SITE) -> None:
        self._http, self._folder, self._site = http, folder, site.rstrip("/")

    def fetch(self, paper: Paper) -> PaperFile | None:
        """The file of a paper version, from the folder or from arXiv; see `agent.ports.Downloads`."""
        if paper.version is None or paper.withdrawn:
            return None
        kinds = ("html", "pdf") if _has_html(paper.id) else ("pdf",)
        for kind in kinds:
            path = self._path(paper, kind)
            if path.exists() and not what_is_wrong(path, kind):
                return PaperFile(path, kind, _sha256(path))
        wrong: ReadError | None = None
        for kind in kinds:
            try:
                if file := self._download(paper, kind):
                    return file
            except ReadError as error:
                wrong = error
        if wrong:
            raise wrong
        return None

    def _path(self, paper: Paper, kind: str) -> Path:
        return self._folder / f"{paper.id.replace('/', '_')}v{paper.version}.{kind}"

    def _download(self, paper: Paper, kind: str) -> PaperFile | None:
        """One file, taken up again where it broke off; None where arXiv has none."""
        path, url = self._path(paper, kind), f"{self._site}/{kind}/{paper.id}v{paper.version}"
        part, tag = path.with_name(path.name + ".part"), path.with_name(path.name + ".etag")
        path.parent.mkdir(parents=True, exist_ok=True)
        wrong = ""
        for attempt in range(TRIES):
            try:
                answer = self._get(url, part, tag)
            except TooMuch as error:
                _remove(part, tag)
                raise ReadError(f"{url} is larger than we take: {error.message}", "") from error
            except SourceError:
                if attempt == TRIES - 1:
                    raise
                continue
            if answer.status in _GONE:
                _remove(part, tag)
                return None
            wrong = _wrong_answer(answer, kind) or what_is_wrong(part, kind)
            if not wrong:
                os.replace(part, path)
                _remove(tag)
                return PaperFile(path, kind, _sha256(path))
            _remove(part, tag)
            if answer.status not in (200, 206, 416):
                break
            self._http.gate.refused(None)
        raise ReadError(f"{url}: {wrong}", "")

    def _get(self, url: str, part: Path, tag: Path) -> Answer:
        """One try, with its redirects: each address is looked at before it is asked."""
        for _ in range(MOST_HOPS):
            self._check_host(url)
            headers = _resuming(part, tag)
            with part.open("ab") as file:
                answer = self._http.get(url, headers=headers, into=file, tries=1,
                                        most_bytes=MOST_BYTES, heard=lambda a: _note_tag(a, tag))  # fmt: skip
                file.flush()
                os.fsync(file.fileno())
            if answer.status not in _MOVED:
                return answer
            url = urljoin(url, answer.headers.get("Location", ""))
        raise ReadError(f"{url} redirects for ever", "")

    def _check_host(self, url: str) -> None:
        ours, asked = urlsplit(self._site), urlsplit(url)
        if (asked.scheme, asked.netloc) == (ours.scheme, ours.netloc):
            return
        if asked.scheme != "https" or asked.netloc not in HOSTS:
            raise ReadError(f"{url} is not at arXiv, and is not asked for", "")


def what_is_wrong(path: Path, kind: str) -> str:
    """Why a file is not a whole one of its kind; empty when it is."""
    with path.open("rb") as file:
        head = file.read(4096)
        file.seek(max(0, path.stat().st_size - 4096))
        tail = file.read()
    if kind == "pdf":
        if b"<html" in head.lower():
            return "a web page in place of the PDF"
        if b"%PDF-" not in head[:1024]:
            return "not a PDF"
        return "" if b"%%EOF" in tail else "a PDF that ends too early"
    if b"<html" not in head.lower():
        return "not a web page"
    if b"</html>" not in tail.lower():
        return "a web page that ends too early"
    return "" if b"ltx_" in path.read_bytes() else "a web page, but not a paper's"


def _wrong_answer(answer: Answer, kind: str) -> str:
    if answer.status not in (200, 206):
        return f"HTTP {answer.status}"
    given = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return "" if given in ("", "application/octet-stream", _TYPES[kind]) else f"sent as {given}"


def _has_html(paper_id: str) -> bool:
    return paper_id[:4].isdigit() and paper_id[:4] >= FIRST_HTML


def _resuming(part: Path, tag: Path) -> dict[str, str]:
    """Ask for the rest, and only of the same file; for all of it where we cannot tell whether it is."""
    headers = {"Accept-Encoding": "identity"}
    if tag.exists() and part.exists() and part.stat().st_size:
        headers |= {"Range": f"bytes={part.stat().st_size}-", "If-Range": tag.read_text()}
    return headers


def _note_tag(answer: Answer, tag: Path) -> None:
    name = answer.headers.get("ETag", "")
    if answer.status == 200 and name and not name.startswith("W/"):
        tag.write_text(name)
    elif answer.status == 200:
        tag.unlink(missing_ok=True)


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
