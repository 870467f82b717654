"""The graph's state between nodes: ids and primitives only."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict


def merged(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    """Add integer counts of the same name; replace anything else."""
    both = dict(left)
    for name, value in right.items():
        old = both.get(name, 0)
        both[name] = old + value if isinstance(value, int) and isinstance(old, int) else value
    return both


def union(left: list[str], right: list[str]) -> list[str]:
    """Join two lists, each entry once, in order."""
    return list(dict.fromkeys([*left, *right]))


class RunState(TypedDict, total=False):
    """The state of one run. `also` lists claims that are not due, but whose evidence lapsed.

    `revisions` are those of the claims when the run was planned: a claim edited since is retested as it was.
    """

    run_id: str
    as_of: str
    claim_ids: list[str]
    revisions: dict[str, int]
    only_claims: list[str]
    only_lines: list[str]
    also: list[str]
    problems: Annotated[list[str], union]
    notices: Annotated[list[str], union]
    counts: Annotated[dict[str, Any], merged]
    judged: Annotated[list[str], operator.add]


class BranchState(TypedDict):
    """The state of one fan-out branch: some of the run's claims, one where they are few."""

    run_id: str
    as_of: str
    claim_ids: list[str]
    revisions: dict[str, int]


def claims_in(state: BranchState) -> list[str]:
    """The claims of a branch; of a run that an earlier version began, its one claim."""
    old: Any = state
    return list(old.get("claim_ids") or [old["claim_id"]])
