"""Render templates. Everything is escaped; links to papers are built only from valid arXiv ids."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from agent import __version__
from agent.arxiv_ids import parse_id
from agent.text import without_controls
from agent.views.claim import SMALL_JUDGE, is_small
from agent.views.wording import adverse_leads, basis_of, leads_of

FOLDER = Path(__file__).parent
_OUTCOMES = ("failed", "passed", "not run")


def environment() -> Environment:
    """The template environment; undefined names are errors."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, finalize=_finalized,
    )  # fmt: skip
    made.filters |= {
        "arxiv": arxiv_url,
        "gates_said": gates_said,
        "day": lambda t: (t or "")[:10],
        "slug": slug,
        "query": _query,
    }
    made.globals |= {"version": __version__, "small_judge": SMALL_JUDGE, "is_small": is_small,
                     "leads_of": leads_of, "adverse_leads": adverse_leads, "basis_of": basis_of}  # fmt: skip
    return made


def arxiv_url(paper_id: str, version: int | None = None) -> str:
    """The URL of a paper on arXiv, or "" if the id is not an arXiv id."""
    return f"https://arxiv.org/abs/{paper_id}{f'v{version}' if version else ''}" if is_id(paper_id) else ""


def is_id(text: str) -> bool:
    """Whether a text is an arXiv id and nothing else."""
    read = parse_id(text)
    return read is not None and read == (text, None)


def slug(text: str) -> str:
    """A verdict as a CSS class name."""
    return re.sub(r"[^a-z]+", "-", text.lower())


def gates_said(gates: Sequence[Mapping[str, Any]]) -> str:
    """The gate results in words; a gate that was not run is not counted as passed."""
    counts = Counter(g["outcome"] for g in gates)
    if counts["passed"] == len(gates):
        return f"All {len(gates)} gates passed"
    said = [f"{counts[o]} {o}" for o in _OUTCOMES if counts[o]]
    return f"Of {len(gates)} gates: {', '.join(said)}"


def page(request: Request, name: str, code: int = 200, **values: Any) -> HTMLResponse:
    """A whole page; htmx selects the part it needs."""
    templates: Environment = request.app.state.templates
    found = templates.get_template(name).render(
        request=request, path=request.url.path, csrf=request.state.csrf, **values
    )
    return HTMLResponse(found, code)


def part(request: Request, name: str, **values: Any) -> str:
    """A fragment of a page as text."""
    templates: Environment = request.app.state.templates
    return templates.get_template(name).render(csrf=request.state.csrf, **values)


def _query(filters: dict[str, Any], **more: Any) -> str:
    return urlencode({k: v for k, v in (filters | more).items() if v not in ("", None)})


def _finalized(value: Any) -> Any:
    return without_controls(value) if type(value) is str else value
