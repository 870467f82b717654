"""The weekly graph; its nodes run in the order of the edges below, from plan to report.

Screening and judging fan out with `Send`, one branch per claim, up to `MOST_BRANCHES`: LangGraph waits for
all of them at once, which takes time that grows with their square. Every node can be repeated: what it
wrote before a crash is found again by its key, so a run can resume at any point.
"""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from agent.run.batching import batch
from agent.run.collecting import collect, index, plan
from agent.run.comparing import compare, propose
from agent.run.deciding import decide, report
from agent.run.judging import judge_claims, name_unjudged, screen_claims
from agent.run.parts import Parts
from agent.run.reading import read
from agent.run.rechecking import recheck
from agent.run.state import BranchState, RunState
from agent.tracing import traced

MOST_BRANCHES = 256


def build(checkpointer: Any = None, context_schema: type[Parts] = Parts) -> Any:
    """Compile the graph. Nothing is built at import."""
    graph = StateGraph(RunState, context_schema=context_schema)
    graph.add_node("plan", traced("plan", plan))
    graph.add_node("collect", traced("collect", collect))
    graph.add_node("recheck", traced("recheck", recheck))
    graph.add_node("index", traced("index", index))
    graph.add_node("screen", traced("screen", screen_claims))
    graph.add_node("read", traced("read", read))
    graph.add_node("batch", traced("batch", batch))
    graph.add_node("judge", traced("judge", judge_claims))
    graph.add_node("judged", traced("judged", name_unjudged))
    graph.add_node("decide", traced("decide", decide))
    graph.add_node("compare", traced("compare", compare))
    graph.add_node("propose", traced("propose", propose))
    graph.add_node("report", traced("report", report))
    graph.add_edge(START, "plan")
    graph.add_edge("plan", "collect")
    graph.add_edge("collect", "recheck")
    graph.add_edge("recheck", "index")
    graph.add_conditional_edges("index", _screen_each, ["screen", "read"])
    graph.add_edge("screen", "read")
    graph.add_edge("read", "batch")
    graph.add_conditional_edges("batch", _judge_each, ["judge", "judged"])
    graph.add_edge("judge", "judged")
    graph.add_edge("judged", "decide")
    graph.add_edge("decide", "compare")
    graph.add_edge("compare", "propose")
    graph.add_edge("propose", "report")
    graph.add_edge("report", END)
    return graph.compile(checkpointer=checkpointer)


def _screen_each(state: RunState) -> list[Send] | str:
    return _each("screen", state) or "read"


def _judge_each(state: RunState) -> list[Send] | str:
    return _each("judge", state) or "judged"


def _each(node: str, state: RunState) -> list[Send]:
    """The branches: one per claim, or as many as are worth having with the claims dealt out among them."""
    claims, revisions = state["claim_ids"], state.get("revisions", {})
    dealt = [claims[n::MOST_BRANCHES] for n in range(min(len(claims), MOST_BRANCHES))]
    return [
        Send(node, BranchState(
            run_id=state["run_id"], as_of=state["as_of"], claim_ids=some,
            revisions={i: revisions[i] for i in some if i in revisions},
        ))
        for some in dealt
    ]  # fmt: skip
