"""The files of papers, from arXiv into the home's `papers/`: its HTML where there is one, else the PDF.

They are fetched through the polite gate, from arXiv's own hosts only, and put in their place whole or
not at all. They are for reading here; nothing we export holds them (arXiv's terms of use).
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
"""arXiv makes HTML of papers submitted since December 2023."""
_TYPES = {"html": "text/html", "pdf": "application/pdf"}
_GONE = (404, 410)
_ONCE_MORE = (200, 206, 416, 429, 500, 502, 503, 504)
"""Answers that may be better another time; any other is a refusal."""
_MOVED = (301, 302, 303, 307, 308)


class ArxivFiles:
    """Fetches and keeps files by id and version. One thread at a time."""

    def __init__(self, http: ArxivHttp, folder: Path, site: str = SITE) -> None:
        self._http, self._folder, self._site = http, folder, site.rstrip("/")

    def fetch(self, paper: Paper, but: str = "") -> PaperFile | None:
        """The file of a paper version, from the folder or from arXiv; see `agent.ports.sources.Downloads`."""
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
        """One file, taken up again where it broke off; None where arXiv has none."""
        path, url = self._path(paper, kind), f"{self._site}/{kind}/{paper.id}v{paper.version}"
        part, tag = path.with_name(path.name + ".part"), path.with_name(path.name + ".etag")
        path.parent.mkdir(parents=True, exist_ok=True)
        for left in range(TRIES - 1, -1, -1):
            try:
                answer = self._get(url, part, tag, kind)
                break
            except TooMuch as error:
                _remove(part, tag)
                raise ReadError(f"{url} is larger than we take: {error.message}", "") from error
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
        """One try, with its redirects: each address is looked at before it is asked."""
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
                raise Unfit(f"{url} redirects to no address", "") from None
        raise Unfit(f"{url} redirects for ever", "")

    def _check_host(self, url: str) -> None:
        ours, asked = urlsplit(self._site), urlsplit(url)
        if (asked.scheme, asked.netloc) == (ours.scheme, ours.netloc):
            return
        if asked.scheme != "https" or asked.netloc not in HOSTS:
            raise Unfit(f"{url} is not at arXiv, and is not asked for", "")


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


def _unfit(answer: Answer, file: BinaryIO, part: Path, kind: str) -> str:
    """Why an answer is not the file; empty when it is, or when it says that there is none or where."""
    if answer.status in (*_GONE, *_MOVED):
        return ""
    if answer.status not in (200, 206):
        return f"HTTP {answer.status}"
    given = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if given not in ("", "application/octet-stream", _TYPES[kind]):
        return f"sent as {given}"
    file.flush()
    os.fsync(file.fileno())
    whole = answer.headers.get("Content-Range", "").rpartition("/")[2]
    if answer.status == 206 and whole != str(part.stat().st_size):
        return "a rest that does not fit what came before"
    return what_is_wrong(part, kind)


def _has_html(paper_id: str) -> bool:
    return paper_id[:4].isdigit() and paper_id[:4] >= FIRST_HTML


def _resuming(part: Path, tag: Path) -> dict[str, str]:
    """Ask for the rest, and only of the same file; for all of it where we cannot tell whether it is."""
    headers = {"Accept-Encoding": "identity"}
    if tag.exists() and part.exists() and part.stat().st_size:
        headers |= {"Range": f"bytes={part.stat().st_size}-", "If-Range": tag.read_text()}
    return headers


def _note_tag(answer: Answer, tag: Path) -> None:
    """Keep the name of what is coming, so that the rest of it can be asked for; a new one is begun anew."""
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
