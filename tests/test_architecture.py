"""The architecture: imports go one way, pure parts stay pure, folders and modules stay small."""

from __future__ import annotations

import ast
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import prompts

ROOT = Path(__file__).parents[1]
MODULES = {
    ".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): p
    for top in ("agent", "store", "prompts")
    for p in (ROOT / top).rglob("*.py")
}
BASE = {"agent", "errors", "text", "arxiv_ids", "store"}
MODELS = BASE | {"core", "ports", "prompts"}
ARROWS: dict[str, set[str]] = {
    "store": set(),
    "prompts": set(),
    "agent": set(),
    "text": set(),
    "arxiv_ids": set(),
    "errors": {"store"},
    "core": {"errors", "store"},
    "ports": {"core", "store"},
    "settings": BASE,
    "logs": BASE,
    "tracing": BASE,
    "prices": BASE | {"core"},
    "adapters": MODELS | {"logs", "tracing"},
    "retrieval": MODELS,
    "writing": MODELS,
    "views": MODELS - {"ports"},
    "schedule": BASE,
    "run": MODELS | {"retrieval", "writing", "logs", "tracing"},
    "claims": MODELS | {"writing"},
    "chat": MODELS | {"retrieval", "writing", "views"},
    "reports": MODELS | {"views"},
    "telling": MODELS | {"views"},
    "evaluation": MODELS | {"retrieval"},
    "backtest": MODELS | {"run"},
}
INSIDE = set(ARROWS)
ARROWS |= {
    "wiring": INSIDE,
    "serving": INSIDE | {"wiring"},
    "mcp": INSIDE - {"adapters"},
    "web": INSIDE - {"adapters"} | {"wiring"},
    "cli": INSIDE - {"adapters"} | {"wiring", "mcp", "web"},
    "__main__": {"cli"},
}
"""What each package may import besides itself. Type-only imports count."""
MOST_MODULES, MOST_LINES = 16, 300
OUTSIDE = ("os", "sqlite3", "sqlalchemy", "requests", "openai", "chromadb", "torch", "onnxruntime", "pathlib",
           "time", "random", "socket", "subprocess", "langgraph", "click", "tempfile", "arxiv")  # fmt: skip


@cache
def imports(name: str) -> frozenset[str]:
    """Everything a module imports, also inside functions; our own imports as module names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            parts = {f"{node.module}.{a.name}" for a in node.names}
            inside = {p for p in parts if p in MODULES}
            found |= inside if inside and len(inside) == len(parts) else inside | {node.module}
    return frozenset(found)


def room(name: str) -> str:
    """The package of one of our modules: its folder under agent/, or its top folder."""
    first, *rest = name.split(".")
    return rest[0] if first == "agent" and rest else first


def ours(name: str) -> set[str]:
    """Our own modules that a module imports."""
    return {i for i in imports(name) if i in MODULES and i != name}


@pytest.mark.parametrize("inside", sorted(ARROWS))
def test_a_package_imports_only_what_the_table_allows(inside: str) -> None:
    mine = [m for m in MODULES if room(m) == inside]
    assert mine
    wrong = [
        f"{m} imports {i}"
        for m in mine for i in ours(m)
        if room(i) != inside and room(i) not in ARROWS[inside]
    ]  # fmt: skip
    assert wrong == []


def test_every_package_is_in_the_table_and_the_table_has_no_cycle() -> None:
    assert {room(m) for m in MODULES} == set(ARROWS)
    tuple(TopologicalSorter(ARROWS).static_order())  # raises CycleError


def test_modules_have_no_import_cycle() -> None:
    tuple(TopologicalSorter({m: ours(m) - {m.rpartition(".")[0]} for m in MODULES}).static_order())


def test_core_imports_nothing_that_does_io() -> None:
    wrong = [
        f"{m} imports {i}"
        for m in MODULES if room(m) == "core"
        for i in imports(m) if i.split(".")[0] in OUTSIDE
    ]  # fmt: skip
    assert wrong == []


def test_folders_and_modules_are_small() -> None:
    folders: dict[Path, int] = {}
    for path in MODULES.values():
        if path.name != "__init__.py" and "versions" not in path.parts:
            folders[path.parent] = folders.get(path.parent, 0) + 1
    assert {str(f): n for f, n in folders.items() if n > MOST_MODULES} == {}
    lines = {n: len(p.read_text().splitlines()) for n, p in MODULES.items() if "versions" not in p.parts}
    assert {n: c for n, c in lines.items() if c > MOST_LINES} == {}


@pytest.mark.parametrize("path", sorted((ROOT / "prompts").glob("*.md")), ids=lambda p: p.stem)
def test_every_prompt_loads_and_takes_only_its_inputs(path: Path) -> None:
    prompt = prompts.load(path.stem)
    filled = prompt.render(**{name: f"<{name}>" for name in prompt.inputs})
    assert all(f"<{name}>" in filled for name in prompt.inputs)
    with pytest.raises(prompts.PromptError):
        prompt.render(wrong="x")
