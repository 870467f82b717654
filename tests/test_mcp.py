"""The ledger over the Model Context Protocol, as the official client sees it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters
from mcp_types import ElicitRequestFormParams, ElicitResult

from agent.mcp import server
from store.home.files import Home
from tests.standins.talk import chat_over, contents
from tests.test_chat import ASKED
from tests.test_chat import retested as retested
from tests.test_chat import talked as talked

pytestmark = pytest.mark.slow

NAMES = {"list_claims", "get_claim", "ask", "search_evidence", "find_newer", "retest", "export"}


def told(result: Any) -> Any:
    """A tool's result, as a document."""
    assert not result.is_error, result
    found = result.structured_content
    return found.get("result", found) if isinstance(found, dict) else found


def says(yes: bool, asked: list[str]) -> Any:
    """A client that can ask a person, who answers `yes`."""

    async def answer(_: Any, params: ElicitRequestFormParams) -> ElicitResult:
        asked.append(params.message)
        return ElicitResult(action="accept", content={"yes": yes})

    return answer


def test_claims_answers_and_evidence_are_read(talked: Home) -> None:
    async def work() -> None:
        with chat_over(talked) as (chat, _):
            async with Client(server(chat)) as client:
                assert {t.name for t in (await client.list_tools()).tools} == NAMES
                claims = told(await client.call_tool("list_claims", {"verdict": "relaxed"}))
                assert [c["id"] for c in claims] == ["tuning-hurts"]
                claim = told(await client.call_tool("get_claim", {"claim_id": "tuning-hurts"}))
                assert claim["history"][-1]["verdict"] == "relaxed"
                answer = told(await client.call_tool("ask", {"question": ASKED}))
                assert answer["found"]
                found = told(await client.call_tool("search_evidence", {"query": ASKED}))
                assert {e["stance"] for e in found["evidence"]} == {"relaxes", "supports"}
                again = await client.call_tool("ask", {"question": "And why?", "thread": answer["thread"]})
                assert told(again)["found"]
                for name, given in (
                    ("list_claims", {"verdict": "wrong"}),
                    ("list_claims", {"line": "nowhere"}),
                ):
                    assert (await client.call_tool(name, given)).is_error
                wrong = await client.call_tool("get_claim", {"claim_id": "nobody"})
                assert wrong.is_error
                assert "no claim 'nobody'" in str(wrong.content)

    anyio.run(work)


@pytest.mark.parametrize("yes", [True, False, None])
def test_what_has_an_effect_asks_the_person_at_the_client(talked: Home, yes: bool | None) -> None:
    before, asked = contents(talked.ledger), list[str]()

    async def work() -> list[str]:
        with chat_over(talked) as (chat, actions):
            able = None if yes is None else says(yes, asked)
            async with Client(server(chat), elicitation_callback=able) as client:
                for name, given in (("retest", {"claim_ids": ["tuning-hurts"]}), ("export", {}),
                                    ("find_newer", {"topic": "tuning"})):  # fmt: skip
                    result = await client.call_tool(name, given)
                    if yes is None:
                        assert result.is_error
                        assert "needs a person's yes" in str(result.content)
                    else:
                        assert told(result)["done"] is yes
            return actions.done

    done = anyio.run(work)
    assert done == (["retest tuning-hurts", "export", "newer tuning None"] if yes else [])
    assert len(asked) == (0 if yes is None else 3)
    assert contents(talked.ledger) == before


def test_the_program_serves_over_stdio(talked: Home) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("RETEST_", "OPENAI_"))}
    how = StdioServerParameters(
        command=sys.executable, args=["-m", "agent", "--home", str(talked.root), "mcp"], env=clean
    )

    async def work() -> None:
        async with Client(how) as client:
            assert [c["id"] for c in told(await client.call_tool("list_claims", {}))] == ["tuning-hurts"]

    anyio.run(work)


def test_the_program_serves_over_http_on_this_machine_only(talked: Home) -> None:
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("RETEST_", "OPENAI_"))}
    command = [sys.executable, "-m", "agent", "--home", str(talked.root), "mcp", "--http", "--port", "0"]
    with subprocess.Popen(command, env=clean, stderr=subprocess.PIPE, text=True) as served:
        address = next(line for line in served.stderr or () if line.startswith("http://127.0.0.1:")).strip()
        drain = threading.Thread(target=lambda: list(served.stderr or ()))
        drain.start()

        async def work() -> None:
            async with Client(address) as client:
                assert {t.name for t in (await client.list_tools()).tools} == NAMES

        anyio.run(work)
        served.terminate()
        drain.join()


def test_a_home_without_a_ledger_is_refused(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agent", "--home", str(tmp_path / "none"), "mcp"],
        capture_output=True, text=True, check=False, input="",
    )  # fmt: skip
    assert done.returncode == 2
    assert "no ledger at" in done.stderr
