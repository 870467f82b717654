"""The house: arrows go one way, pure parts stay pure, modules stay small, prompts and docs are whole."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import prompts
from agent.settings import Settings, load, shown

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(p.relative_to(ROOT).with_suffix("").parts): p
    for top in ("agent", "store", "prompts")
    for p in (ROOT / top).rglob("*.py")
}
PURE = (
    "gates",
    "rule",
    "window",
    "screen",
    "disagreement",
    "quotes",
    "reported",
    "scope",
    "sentences",
    "passages",
    "doubles",
)
FACES = ("agent.cli", "agent.web", "agent.mcp", "agent.wiring")
OUTSIDE = ("os", "sqlite3", "sqlalchemy", "requests", "openai", "chromadb", "torch", "onnxruntime", "pathlib",
           "time", "random", "socket", "subprocess", "langgraph", "click", "tempfile", "arxiv")  # fmt: skip


def imports(path: Path) -> set[str]:
    """Every module a file imports, at any depth."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{a.name}" for a in node.names}
    return found


def offenders(inside: str, forbidden: tuple[str, ...], but: tuple[str, ...] = ()) -> list[str]:
    """Imports of forbidden packages by modules under `inside`."""
    return [
        f"{name} imports {found}"
        for name, path in MODULES.items()
        if name.startswith(inside) and name not in but
        for found in imports(path)
        if any(found == f or found.startswith(f + ".") for f in forbidden)
    ]


def test_store_and_prompts_know_neither_the_agent_nor_each_other() -> None:
    assert offenders("store", ("agent", "prompts")) == []
    assert offenders("prompts", ("agent", "store")) == []


def test_only_wiring_and_adapters_import_adapters() -> None:
    others = [
        o for o in offenders("agent", ("agent.adapters",))
        if not o.startswith(("agent.wiring", "agent.adapters", "agent.cli.source"))
    ]  # fmt: skip
    assert others == []


def test_the_inside_does_not_know_its_faces() -> None:
    for inside in ("agent.retest", "agent.claims", "agent.reports", "agent.writing"):
        assert offenders(inside, (*FACES, "agent.chat")) == []
    assert offenders("agent.chat", FACES) == []
    assert offenders("agent.wiring", tuple(set(FACES) - {"agent.wiring"})) == []


@pytest.mark.parametrize(
    "name", [*(f"agent.retest.{p}" for p in PURE), "agent.reports.model", "agent.reports.why"]
)
def test_pure_parts_import_no_outside(name: str) -> None:
    assert offenders(name, OUTSIDE) == []


def test_modules_are_small() -> None:
    long = {
        n: c
        for n, p in MODULES.items()
        if (c := len(p.read_text().splitlines())) > 300 and "versions" not in n
    }
    assert long == {}


@pytest.mark.parametrize("path", sorted((ROOT / "prompts").glob("*.md")), ids=lambda p: p.stem)
def test_every_prompt_loads_and_takes_only_its_inputs(path: Path) -> None:
    prompt = prompts.load(path.stem)
    filled = prompt.render(**{name: f"<{name}>" for name in prompt.inputs})
    assert all(f"<{name}>" in filled for name in prompt.inputs)
    with pytest.raises(prompts.PromptError):
        prompt.render(wrong="x")


def test_the_readme_names_every_setting_and_every_command() -> None:
    readme = (ROOT / "README.md").read_text()
    for name, *_ in shown(load({}, {})):
        assert f"`{name}`" in readme, name
    assert Settings.__doc__
    from agent.cli import COMMANDS

    for command in COMMANDS:
        assert f"retest {command}" in readme, command


def test_the_readme_tree_names_what_is_there() -> None:
    readme = (ROOT / "README.md").read_text()
    tree = re.search(r"```\nretest/\n(.*?)```", readme, re.DOTALL)
    assert tree
    for folder in ("agent", "agent/retest", "agent/adapters", "agent/cli", "agent/claims",
                   "agent/chat", "agent/web", "agent/reports", "store"):  # fmt: skip
        for path in (ROOT / folder).glob("*.py"):
            if not path.name.startswith("__"):
                assert path.name in tree[1], path
