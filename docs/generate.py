"""Write the reference pages from the code: python docs/generate.py [--check].

`--check` writes nothing and exits with 1 if a page is out of date. A test does the same.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
DATA = {
    ".md": "a prompt", ".toml": "prices of models", ".json": "settings of a model: thresholds, vocabulary",
    ".onnx": "a network", ".txt": "words and how often they occur", ".yaml": "claims, or questions",
    ".yml": "a workflow", ".html": "a template", ".typ": "a template", ".css": "style", ".js": "scripts",
}  # fmt: skip
NOTE = "<!-- Written by docs/generate.py: change the code, then run it again. -->\n"
INTRO = {
    "Commands": """# Commands

Exit codes: 0 done · 1 `--fail-on` met · 2 wrong usage or bad input · 3 degraded, or a source out of
reach · 4 budget reached · 130 interrupted, resumable. `retest --help` prints the same as this page.
""",
    "Settings": """# Settings

A value comes from the first of: a flag, `RETEST_<NAME>` in the environment, `retest.toml` in the
home, the default. `OPENAI_API_KEY` and `OPENAI_BASE_URL` are honoured. `retest doctor` shows each
value and where it came from, with keys masked.
""",
    "HTTP API": """# HTTP API

`retest serve` answers these under its own address and describes them in `/api/openapi.json`. They
give the documents that the pages show. If the server has a token, send `Authorization: Bearer
TOKEN`.
""",
    "MCP": """# MCP

`retest mcp` serves these tools by the [Model Context Protocol](https://modelcontextprotocol.io).
None writes a verdict. Tools with an effect ask the person at the client first; if the client cannot
ask, nothing is done.
""",
    "The map": """# The map

Dependencies point one way: `cli`, `web` and `mcp` may use everything below them but the adapters; `run` uses
`retrieval` and `writing`, `claims` uses `writing`, `chat` those and `views`, `reports` and `telling` use
`views`; all of those use `core` and `ports`; `core` knows only the records in `store`. Only `wiring` knows
the adapters. `tests/test_architecture.py` has the whole table.
""",
}


def main() -> None:
    """Write the pages, or check them."""
    stale = [name for name, text in pages().items() if not is_current(name, text)]
    if "--check" in sys.argv[1:]:
        sys.exit(f"out of date: {', '.join(stale)}; run python docs/generate.py" if stale else 0)
    for name in stale:
        path = ROOT / "docs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(pages()[name], encoding="utf-8")
        print(f"wrote {path.relative_to(ROOT)}")


def is_current(name: str, text: str) -> bool:
    """Whether a page on disk is the one that the code gives."""
    path = ROOT / "docs" / name
    return path.exists() and path.read_text(encoding="utf-8") == text


def pages() -> dict[str, str]:
    """Every generated page, by its path under docs/."""
    written = {
        "reference/cli.md": commands(), "reference/settings.md": settings(), "reference/http.md": http(),
        "reference/mcp.md": mcp(), "map.md": code_map(),
    }  # fmt: skip
    return {name: NOTE + "\n".join(lines).rstrip() + "\n" for name, lines in written.items()}


def commands() -> Iterator[str]:
    """The commands with their help."""
    from agent.cli import COMMANDS, cli

    yield INTRO["Commands"]
    context = click.Context(cli, info_name="retest", help_option_names=["-h", "--help"])
    yield from _command(cli, context)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command
        yield from _with_subcommands(command, click.Context(command, context, name))


def _with_subcommands(command: click.Command, context: click.Context) -> Iterator[str]:
    yield from _command(command, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner
            yield from _with_subcommands(inner, click.Context(inner, context, name))


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## {context.command_path}\n"
    context.terminal_width = context.max_content_width = 100
    yield f"```text\n{command.get_help(context).strip()}\n```\n"


def settings() -> Iterator[str]:
    """The settings with their defaults."""
    from agent.settings import load, shown

    yield INTRO["Settings"]
    yield "| setting | default | meaning |\n|---|---|---|"
    for name, value, _, meaning in shown(load({}, {})):
        yield f"| `{name}` | {value or '—'} | {meaning} |"


def http() -> Iterator[str]:
    """The JSON API, from its OpenAPI document."""
    from fastapi import FastAPI

    from agent.web import api

    app = FastAPI()
    app.include_router(api.router, prefix="/api")
    yield INTRO["HTTP API"]
    yield "| request | answer | parameters |\n|---|---|---|"
    for path, methods in app.openapi()["paths"].items():
        for method, spec in methods.items():
            yield f"| `{method.upper()} {path}` | {spec['description']} | {_parameters(spec)} |"


def _parameters(spec: dict[str, Any]) -> str:
    named = [f"`{p['name']}`" for p in spec.get("parameters", [])]
    body = spec.get("requestBody", {}).get("content", {})
    return ", ".join(named) + (f"{', ' if named else ''}a body ({', '.join(body)})" if body else "")


def mcp() -> Iterator[str]:
    """The MCP tools, from their decorated functions."""
    tree = ast.parse((ROOT / "agent/mcp.py").read_text(encoding="utf-8"))
    yield INTRO["MCP"]
    yield "| tool | what it does |\n|---|---|"
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef) and "mcp.tool" in _decorators(node):
            yield f"| `{node.name}` | {' '.join((ast.get_docstring(node) or '').split())} |"


def _decorators(node: ast.AsyncFunctionDef) -> set[str]:
    return {ast.unparse(d.func if isinstance(d, ast.Call) else d) for d in node.decorator_list}


def code_map() -> Iterator[str]:
    """A line for every module, from its docstring."""
    yield INTRO["The map"]
    for top in ("agent", "prompts", "store", "bench", "tests"):
        for folder in sorted({p.parent for p in (ROOT / top).rglob("*.py") if "versions" not in p.parts}):
            yield from _folder(folder)


def _folder(folder: Path) -> Iterator[str]:
    yield f"## {folder.relative_to(ROOT)}/\n"
    init = folder / "__init__.py"
    said = _summary(init) if init.exists() else ""
    yield f"{said}\n" if said else ""
    modules = [p for p in sorted(folder.glob("*.py")) if p.name != "__init__.py"]
    held = [p for p in sorted(folder.rglob("*")) if p.suffix in DATA and _is_here(p, folder)]
    if modules or held:
        yield "| file | what it is |\n|---|---|"
        yield from (f"| `{p.name}` | {_summary(p)} |" for p in modules)
        yield from (f"| `{p.relative_to(folder)}` | {DATA[p.suffix]} |" for p in held)
        yield ""


def _is_here(path: Path, folder: Path) -> bool:
    """Whether a data file belongs to a folder, and to no package inside it."""
    return path.name != "README.md" and not any(
        (inner / "__init__.py").exists() for inner in path.parents if folder in inner.parents
    )


def _summary(path: Path) -> str:
    said = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return said.split("\n")[0].replace("|", "\\|")


if __name__ == "__main__":
    main()
