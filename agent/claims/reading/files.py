"""The text of a document's file: plain text, HTML, or Word's .docx. HTML and Word become Markdown."""

from __future__ import annotations

import io
import zipfile

from agent.errors import UsageError

MOST_BYTES, MOST_UNPACKED = 2_000_000, 50_000_000


def text_of(body: bytes, name: str) -> str:
    """The text in a file. Raises UsageError for one that is too large, damaged or not text."""
    if len(body) > MOST_BYTES:
        raise UsageError(f"{name} is larger than {MOST_BYTES // 10**6} MB", "import it in parts")
    kind = name.lower().rpartition(".")[2]
    if kind == "docx":
        return _markdown(_html_of(body, name))
    text = _decoded(body, name)
    return _markdown(text) if kind in ("html", "htm") else text


def _html_of(body: bytes, name: str) -> str:
    import mammoth

    try:
        with zipfile.ZipFile(io.BytesIO(body)) as packed:
            if sum(f.file_size for f in packed.infolist()) > MOST_UNPACKED:
                raise UsageError(
                    f"{name} unpacks to more than {MOST_UNPACKED // 10**6} MB", "import it in parts"
                )
        return str(mammoth.convert_to_html(io.BytesIO(body)).value)
    except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise UsageError(f"{name} is not a Word document", "save it as .docx, or as text") from error


def _markdown(html: str) -> str:
    from markdownify import markdownify

    return markdownify(html, heading_style="ATX", bullets="-", escape_misc=False)


def _decoded(body: bytes, name: str) -> str:
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = body[: error.start].count(b"\n") + 1
        raise UsageError(f"{name}, line {number}: not UTF-8 text", "save it as UTF-8") from error
