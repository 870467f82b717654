"""The weekly graph; its nodes run in the order of the edges below, from plan to report.

Screening and judging fan out with `Send`, one branch per claim. Every node can be repeated: what it
wrote before a crash is found again by its key, so a run can resume at any point.
"""

from __future__ import annotations

from typing import Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

from agent.run.collecting import collect, index, plan
from agent.run.comparing import compare, propose
from agent.run.deciding import decide, report
from agent.run.gating import gate
from agent.run.judging import judge_claim, screen_claim
from agent.run.parts import Parts
from agent.run.reading import read
from agent.run.rechecking import recheck
from agent.run.state import ClaimState, RunState
from agent.tracing import traced


def build(checkpointer: Any = None, context_schema: type[Parts] = Parts) -> Any:
    """Compile the graph. Nothing is built at import."""
    graph = StateGraph(RunState, context_schema=context_schema)
    graph.add_node("plan", traced("plan", plan))
    graph.add_node("collect", traced("collect", collect))
    graph.add_node("recheck", traced("recheck", recheck))
    graph.add_node("index", traced("index", index))
    graph.add_node("screen", traced("screen", screen_claim))
    graph.add_node("read", traced("read", read))
    graph.add_node("judge", traced("judge", judge_claim))
    graph.add_node("gate", traced("gate", gate))
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
    graph.add_conditional_edges("read", _judge_each, ["judge", "gate"])
    graph.add_edge("judge", "gate")
    graph.add_edge("gate", "decide")
    graph.add_edge("decide", "compare")
    graph.add_edge("compare", "propose")
    graph.add_edge("propose", "report")
    graph.add_edge("report", END)
    return graph.compile(checkpointer=checkpointer)


def _screen_each(state: RunState) -> list[Send] | str:
    return _each("screen", state) or "read"


def _judge_each(state: RunState) -> list[Send] | str:
    return _each("judge", state) or "gate"


def _each(node: str, state: RunState) -> list[Send]:
    return [
        Send(
            node,
            ClaimState(
                run_id=state["run_id"],
                as_of=state["as_of"],
                claim_id=claim_id,
            ),
        )
        for claim_id in state["claim_ids"]
    ]
