"""Claim packs: YAML files of lines and claims, checked before anything is stored."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from agent.arxiv_ids import read_id
from agent.claims import categories as arxiv
from agent.errors import PackError, UsageError
from store.records import AXES, UNKNOWN, Atom, Axis, Claim, Direction, Line, Provenance, Source

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
Month = Annotated[
    str,
    BeforeValidator(lambda v: v[: len("2024-11")] if isinstance(v, str) and _DAY.fullmatch(v) else v),
    Field(pattern=rf"^(\d{{4}}-(0[1-9]|1[0-2])|{UNKNOWN})$"),
]
ArxivId = Annotated[str, BeforeValidator(lambda v: read_id(v).id if isinstance(v, str) else v)]
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
AxisName = Literal["model", "scale", "training", "task", "scaffold", "metric"]
Words = Annotated[
    str,
    BeforeValidator(lambda v: " ".join(v.split()) if isinstance(v, str) else _not_words(v)),
    Field(min_length=3),
]


def _not_words(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("YAML reads yes, no, true and false as booleans; put the text in quotes")
    return value


class _Loader(yaml.SafeLoader):
    """A YAML loader that keeps ids and dates as text: 2401.12340 must not become 2401.1234.

    It refuses a key that is given twice, of which YAML would silently keep the last.
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Construct a mapping whose keys all differ."""
        seen = set[str]()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in seen:
                problem = f"the key {key.value!r} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key.start_mark)
            seen.add(key.value if isinstance(key, yaml.ScalarNode) else "")
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in forms if tag.rpartition(":")[2] in ("bool", "null", "merge")]
    for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _categories(found: tuple[str, ...]) -> tuple[str, ...]:
    try:
        return arxiv.read(" ".join(found))
    except UsageError as error:
        raise ValueError(str(error)) from error


def json_schema() -> dict[str, Any]:
    """The JSON schema of a pack."""
    return PackFile.model_json_schema()


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PackSource(_Strict):
    """A source paper."""

    arxiv_id: ArxivId
    month: Month | None = None
    status: Literal["cited", "likely"] = "cited"


class PackProvenance(_Strict):
    """Where a claim was read; `document` is a key of the pack's documents."""

    document: str
    place: Words
    note: str = ""


class PackAxis(_Strict):
    """A scope axis."""

    value: Words
    terms: list[str] = []
    load_bearing: bool = False


class PackAtom(_Strict):
    """A part of a compound claim."""

    id: Slug
    text: Words
    scope: dict[AxisName, PackAxis] = {}
    direction: Direction | Literal[""] = ""
    quantifier: str = ""


class PackLine(_Strict):
    """A line of inquiry."""

    id: Slug
    title: Words
    question: Words
    categories: Annotated[tuple[str, ...], AfterValidator(_categories)] = ()


class PackClaim(_Strict):
    """A claim."""

    id: Slug
    text: Words
    kind: Literal["constraint", "note", "key-result", "claim"] = "claim"
    lines: list[Slug] = Field(min_length=1)
    as_of: Month
    sources: list[PackSource] = []
    provenance: list[PackProvenance] = Field(min_length=1)
    durable_question: Words | Literal[""] = ""
    perishable_limitation: Words | Literal[""] = ""
    scope: dict[AxisName, PackAxis] = {}
    atoms: list[PackAtom] = []


class PackFile(_Strict):
    """A whole pack."""

    documents: dict[str, str]
    lines: list[PackLine]
    claims: list[PackClaim]


class Pack(NamedTuple):
    """What a pack brings into the ledger."""

    lines: list[Line]
    claims: list[Claim]
    title: str = ""


def shipped() -> list[Path]:
    """Return the packs shipped with the program."""
    found = (p for p in _library().iterdir() if p.name.endswith(".yaml"))
    return sorted(Path(str(p)) for p in found if not p.name.startswith(EXAMPLE))


EXAMPLE = "example-"
"""How the names of example packs begin."""


def _library() -> Traversable:
    return files("store.library")


def examples() -> dict[str, Path]:
    """The packs of other fields that ship as examples, by name."""
    found = sorted(Path(str(p)) for p in _library().iterdir() if p.name.startswith(EXAMPLE))
    return {path.stem.removeprefix(EXAMPLE): path for path in found}


def read(path: Path) -> Pack:
    """Read and check a pack. Raises PackError naming the place of the error."""
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  a SafeLoader
        pack = PackFile.model_validate(raw)
    except (OSError, UnicodeDecodeError) as error:
        raise PackError(f"cannot read {path}: {error}", "name a readable YAML file") from error
    except RecursionError as error:
        raise PackError(f"{path} is nested too deeply", "a pack has lines and claims, no more") from error
    except yaml.YAMLError as error:
        raise PackError(f"{path} is not valid YAML: {_described(error)}", _way_out(error)) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(_path_to(raw, first["loc"]))
        raise PackError(
            f"{path}: {place}: {first['msg'].removeprefix('Value error, ')}", "correct that entry"
        ) from error
    _check_references(path, pack)
    return Pack(
        [Line(x.id, x.title, x.question, x.categories) for x in pack.lines],
        [_claim(c, pack.documents) for c in pack.claims],
        path.name,
    )


def _described(error: yaml.YAMLError) -> str:
    """Return where and why parsing failed, without the excerpt."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None) or str(error)
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return place + " ".join(problem.split())


def _way_out(error: yaml.YAMLError) -> str:
    problem = str(getattr(error, "problem", ""))
    if "mapping values" in problem:
        return "put quotes around a text that contains a colon"
    if "given twice" in problem:
        return "remove one of them"
    if "\\t" in problem or "tab" in problem:
        return "indent with spaces, not tabs"
    return "correct that line"


def _path_to(raw: Any, place: Iterable[Any]) -> list[str]:
    """Return the path to an error, with ids in place of list indices if there are any."""
    names, here = [], raw
    for step in place:
        here = here[step] if isinstance(here, dict | list) and _has(here, step) else None
        names.append(str(here["id"]) if isinstance(here, dict) and "id" in here else str(step))
    return names


def _has(here: Any, step: Any) -> bool:
    return step in here if isinstance(here, dict) else isinstance(step, int) and step < len(here)


def _check_references(path: Path, pack: PackFile) -> None:
    lines, ids = {line.id for line in pack.lines}, [c.id for c in pack.claims]
    for claim in pack.claims:
        if unknown := set(claim.lines) - lines:
            raise PackError(f"{path}: {claim.id}: no line {min(unknown)}", "add it under lines")
        if unknown := {p.document for p in claim.provenance} - set(pack.documents):
            raise PackError(f"{path}: {claim.id}: no document {min(unknown)}", "add it under documents")
    if twice := {i for i in ids if ids.count(i) > 1}:
        raise PackError(f"{path}: claim {min(twice)} appears twice", "rename one")


def _claim(claim: PackClaim, documents: dict[str, str]) -> Claim:
    return Claim(
        id=claim.id,
        text=claim.text,
        kind=claim.kind,
        lines=tuple(claim.lines),
        as_of=None if claim.as_of == UNKNOWN else claim.as_of,
        sources=tuple(Source(s.arxiv_id, s.status, s.month) for s in claim.sources),
        provenance=tuple(Provenance(documents[p.document], p.place, p.note) for p in claim.provenance),
        durable_question=claim.durable_question,
        perishable_limitation=claim.perishable_limitation,
        scope=_scope(claim.scope),
        atoms=tuple(Atom(a.id, a.text, _scope(a.scope), a.direction, a.quantifier) for a in claim.atoms),
    )


def _scope(axes: Mapping[AxisName, PackAxis]) -> dict[str, Axis]:
    return {
        name: Axis(axis.value, tuple(axis.terms), axis.load_bearing)
        for name, axis in sorted(axes.items(), key=lambda item: AXES.index(item[0]))
    }
