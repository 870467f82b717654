"""Download papers from arXiv into the home's `papers/`: the HTML if there is one, else the PDF.

Files are fetched through the polite gate, from arXiv's own hosts only, and moved into place only when
complete. They are for local reading; no export contains them (arXiv's terms of use).
"""

from __future__ import annotations

import hashlib
import os
from functools import partial
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urljoin, urlsplit

from agent.adapters.arxiv.http import TRIES, Answer, ArxivHttp, TooMuch, Unfit
from agent.errors import ReadError, SourceError
from agent.ports.sources import PaperFile
from store.records import Paper

SITE = "https://export.arxiv.org"
HOSTS = frozenset(["arxiv.org", "www.arxiv.org", "export.arxiv.org"])
MOST_BYTES = 50 * 2**20
MOST_HOPS = 5
FIRST_HTML = "2312"
"""arXiv provides HTML for papers submitted since December 2023."""
_TYPES = {"html": "text/html", "pdf": "application/pdf"}
_GONE = (404, 410)
_ONCE_MORE = (200, 206, 416, 429, 500, 502, 503, 504)
"""Status codes worth another try; any other is a refusal."""
_MOVED = (301, 302, 303, 307, 308)


class ArxivFiles:
    """Fetches and stores files by id and version. Not thread-safe."""

    def __init__(self, http: ArxivHttp, folder: Path, site: str = SITE) -> None:
        self._http, self._folder, self._site = http, folder, site.rstrip("/")

    def fetch(self, paper: Paper, but: str = "") -> PaperFile | None:
        """Return a paper version's file, stored or downloaded; see `agent.ports.sources.Downloads`."""
        if paper.version is None or paper.withdrawn:
            return None
        kinds = [k for k in (("html", "pdf") if _has_html(paper.id) else ("pdf",)) if k != but]
        for kind in kinds:
            path = self._path(paper, kind)
            if path.exists() and not what_is_wrong(path, kind):
                return PaperFile(path, kind, _sha256(path))
        wrong: Unfit | None = None
        for kind in kinds:
            try:
                if file := self._download(paper, kind):
                    return file
            except Unfit as error:
                wrong = error
        if wrong:
            raise wrong
        return None

    def _path(self, paper: Paper, kind: str) -> Path:
        return self._folder / f"{paper.id.replace('/', '_')}v{paper.version}.{kind}"

    def _download(self, paper: Paper, kind: str) -> PaperFile | None:
        """Download one file, resuming a partial download; None if arXiv does not have it."""
        path, url = self._path(paper, kind), f"{self._site}/{kind}/{paper.id}v{paper.version}"
        part, tag = path.with_name(path.name + ".part"), path.with_name(path.name + ".etag")
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in range(TRIES - 1, -1, -1):
            try:
                answer = self._get(url, part, tag, kind)
                break
            except TooMuch as error:
                _remove(part, tag)
                raise ReadError(f"{url} exceeds the size limit: {error.message}", "") from error
            except SourceError as error:
                if isinstance(error, Unfit):
                    _remove(part, tag)
                if not left or (isinstance(error, Unfit) and error.status not in _ONCE_MORE):
                    raise
        if answer.status in _GONE:
            _remove(part, tag)
            return None
        os.replace(part, path)
        _remove(tag)
        return PaperFile(path, kind, _sha256(path))

    def _get(self, url: str, part: Path, tag: Path, kind: str) -> Answer:
        """Make one attempt, following redirects; each address is checked before it is requested."""
        for _ in range(MOST_HOPS):
            self._check_host(url)
            headers = _resuming(part, tag)
            with part.open("ab") as file:
                answer = self._http.get(
                    url, headers=headers, into=file, tries=1, most_bytes=MOST_BYTES,
                    heard=lambda a: _note_tag(a, tag), check=partial(_unfit, file=file, part=part, kind=kind),
                )  # fmt: skip
            if answer.status not in _MOVED:
                return answer
            try:
                url = urljoin(url, answer.headers.get("Location", ""))
            except ValueError:
                raise Unfit(f"{url} redirects to an invalid address", "") from None
        raise Unfit(f"{url} redirects too many times", "")

    def _check_host(self, url: str) -> None:
        ours, asked = urlsplit(self._site), urlsplit(url)
        if (asked.scheme, asked.netloc) == (ours.scheme, ours.netloc):
            return
        if asked.scheme != "https" or asked.netloc not in HOSTS:
            raise Unfit(f"{url} is not at arXiv and was not requested", "")


def what_is_wrong(path: Path, kind: str) -> str:
    """Why a file is not a complete file of its kind; empty if it is."""
    with path.open("rb") as file:
        head = file.read(4096)
        file.seek(max(0, path.stat().st_size - 4096))
        tail = file.read()
    if kind == "pdf":
        if b"<html" in head.lower():
            return "a web page instead of the PDF"
        if b"%PDF-" not in head[:1024]:
            return "not a PDF"
        return "" if b"%%EOF" in tail else "a truncated PDF"
    if b"<html" not in head.lower():
        return "not a web page"
    if b"</html>" not in tail.lower():
        return "a truncated web page"
    return "" if b"ltx_" in path.read_bytes() else "a web page that is not a paper"


def _unfit(answer: Answer, file: BinaryIO, part: Path, kind: str) -> str:
    """Why a response is not the file; empty if it is, or if it reports a missing file or a redirect."""
    if answer.status in (*_GONE, *_MOVED):
        return ""
    if answer.status not in (200, 206):
        return f"HTTP {answer.status}"
    content_type = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if content_type not in ("", "application/octet-stream", _TYPES[kind]):
        return f"sent as {content_type}"
    file.flush()
    os.fsync(file.fileno())
    whole = answer.headers.get("Content-Range", "").rpartition("/")[2]
    if answer.status == 206 and whole != str(part.stat().st_size):
        return "a remainder that does not match the part already downloaded"
    return what_is_wrong(part, kind)


def _has_html(paper_id: str) -> bool:
    return paper_id[:4].isdigit() and paper_id[:4] >= FIRST_HTML


def _resuming(part: Path, tag: Path) -> dict[str, str]:
    """Headers that request the rest of the same file, or all of it if there is nothing to resume."""
    headers = {"Accept-Encoding": "identity"}
    if tag.exists() and part.exists() and part.stat().st_size:
        headers |= {"Range": f"bytes={part.stat().st_size}-", "If-Range": tag.read_text()}
    return headers


def _note_tag(answer: Answer, tag: Path) -> None:
    """Store a new download's ETag so that it can be resumed; without a strong ETag, delete the old one."""
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
