"""The child process that parses files: python -m agent.adapters.reading.child '<limits as JSON>'.

It reads one JSON line per file from standard input and answers with one line. Before the first file it
gives up network access, writing and starting programs; the system limits memory and CPU time, so that a
hostile file costs one child process and nothing else.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import resource
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from agent.adapters.reading.layout import Part, join_pages, parts_of
from agent.adapters.reading.reading_order import Aside, Page, running
from agent.text import without_controls

CLONE_NEWUSER, CLONE_NEWNET = 0x10000000, 0x40000000
_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system", "os.remove",
              "os.rename", "os.mkdir", "os.rmdir", "os.symlink", "os.link", "os.chmod", "os.chown",
              "os.truncate", "os.kill", "shutil.", "ftplib.", "urllib.", "webbrowser.", "http.")  # fmt: skip
_HALVES = re.compile("[\ud800-\udfff]")
MOST_TEXT = 5_000_000
AS_DRAWN = "read in drawing order: columns may be mixed"
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> None:
    """Answer requests until standard input ends."""
    limits = json.loads(sys.argv[1])
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8", errors="replace")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    parsers = _parsers(limits["pdf_reader"])
    _give_up_rights(limits["memory_mb"])
    answers.write("ready\n")
    answers.flush()
    for line in sys.stdin:
        answers.write(json.dumps(_answer(json.loads(line), limits, parsers)) + "\n")
        answers.flush()


def _parsers(pdf_reader: str) -> dict[str, Any]:
    from agent.adapters.reading import html, pypdf_reader

    if pdf_reader == "pypdf":
        return {"pdf": pypdf_reader.pages_of, "html": html.read_html}
    from agent.adapters.reading import pdfminer_reader

    return {"pdf": pdfminer_reader.pages_of, "drawn": pypdf_reader.pages_of, "html": html.read_html}


def _give_up_rights(memory_mb: int) -> None:
    with suppress(OSError, AttributeError):  # not every system lets a process leave its network
        ctypes.CDLL(None).unshare(CLONE_NEWUSER | CLONE_NEWNET)
    wanted = ((resource.RLIMIT_AS, memory_mb * 2**20), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0))
    for name, value in wanted:
        with suppress(ValueError, OSError):  # macOS has no address space limit
            resource.setrlimit(name, (value, value))
    sys.addaudithook(_refuse)


def _refuse(event: str, args: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN) or (event == "open" and isinstance(args[2], int) and args[2] & _WRITES):
        raise PermissionError(f"a file being read may not do this: {event}")


def _answer(request: dict[str, Any], limits: dict[str, Any], parsers: dict[str, Any]) -> dict[str, Any]:
    used = time.process_time()
    _allow_cpu(used + limits["cpu_s"])
    try:
        if request["kind"] == "html":
            text, parts, hidden = parsers["html"](Path(request["path"]).read_bytes())
            return _result(whole_characters(text), parts, hidden, note="")
        try:
            return _read_pdf(request["path"], limits, parsers["pdf"], used)
        except MemoryError:
            raise
        except Exception:  # what one parser cannot read, the other may
            if "drawn" not in parsers:
                raise
            result = _read_pdf(request["path"], limits, parsers["drawn"], used)
            return result | {"note": "; ".join(filter(None, (AS_DRAWN, result.get("note"))))}
    except MemoryError:
        return {"error": f"it needs more than {limits['memory_mb']} MB", "worn": True}
    except Exception as error:  # a parser may raise anything on a hostile file
        return {"error": f"{type(error).__name__}: {str(error)[:200]}"}


def whole_characters(text: str) -> str:
    """Replace control characters and lone surrogates; the length stays the same."""
    return without_controls(_HALVES.sub("\ufffd", text))


def _allow_cpu(until: float) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (int(until) + 1, hard))


def _read_pdf(path: str, limits: dict[str, Any], pages_of: Any, began: float) -> dict[str, Any]:
    number, page_at = pages_of(path)
    pages, note = list[Page](), ""
    for n in range(min(number, limits["pages"])):
        if time.process_time() - began > limits["cpu_s"] * 0.75:
            break
        pages.append(page_at(n))
    if len(pages) < number:
        note = f"only the first {len(pages)} of {number} pages were read"
    texts, asides = running(pages)
    if not any(text.strip() for text in texts):
        raise ValueError("no text was found in time" if len(pages) < number else "it holds no text")
    text, starts = join_pages([whole_characters(page) for page in texts])
    parts = parts_of(text, starts)
    for aside in asides:
        text, part = _append(text, aside)
        parts.append(part)
    return _result(text, parts, sum(page.hidden for page in pages), note=note)


def _append(text: str, aside: Aside) -> tuple[str, Part]:
    """Append an aside to the text; return the new text and the aside as a part."""
    longer = f"{text}\n{whole_characters(aside.text)}"
    return longer, Part(aside.name, aside.page, len(text) + 1, len(longer))


def _result(text: str, parts: list[Part], hidden: int, *, note: str) -> dict[str, Any]:
    if len(text) > MOST_TEXT:
        return {"error": f"it holds more than {MOST_TEXT // 10**6} million characters"}
    return {"text": text, "parts": parts, "hidden": hidden, "note": note}


if __name__ == "__main__":
    main()
